import Type from 'typebox'
import { InstantOut, listOf, named, nullable, oneOf, PageQuery, Text, Uscc, Version } from '../../http/schema.ts'
import { OVERRIDE_STATUSES } from './statuses.ts'

const strict = { additionalProperties: false } as const
const Code = Uscc('Credit code whose check character does not fit 校验位不符但真实存在的代码')
const Reason = Text('How it was made sure that the code exists 核实依据', 300, ['营业执照原件核对一致，市场监管部门查询存在'])
const Person = (description: string) => Text(description, 80)

export const NewUsccOverride = named('NewUsccOverride', Type.Object({ uscc: Code, reason: Reason }, strict))
export const UsccOverrideEnd = named('UsccOverrideEnd', Type.Object({ reason: Text('Why it ends 终止原因', 300) }, strict))
export const UsccOverrideParams = Type.Object({ uscc: Code })

export const UsccOverrideSchema = named('UsccOverride', Type.Object({
  uscc: Code,
  status: oneOf(OVERRIDE_STATUSES, 'Only ACTIVE counts'),
  reason: Reason,
  end_reason: nullable(Text('Why it ended', 300)),
  proposed_by: Person('Who recorded it'),
  confirmed_by: nullable(Person('The second person')),
  ended_by: nullable(Person('Who ended it')),
  version: Version,
  created_at: InstantOut('Recorded'),
  updated_at: InstantOut('Last change')
}))

export const UsccOverrideList = listOf(UsccOverrideSchema)
export const UsccOverrideQuery = Type.Object({ status: Type.Optional(oneOf(OVERRIDE_STATUSES, 'Only in this state')), ...PageQuery }, strict)

const reply = {
  uscc: '91500112MAXX00016Q', status: 'PENDING_SECOND_PERSON', reason: '营业执照原件核对一致，市场监管部门查询存在', end_reason: null,
  proposed_by: 'platform-operator-user-1', confirmed_by: null, ended_by: null, version: 1,
  created_at: '2026-03-18T02:00:00.000Z', updated_at: '2026-03-18T02:00:00.000Z'
}
export const override_examples = {
  record: { request: { uscc: reply.uscc, reason: reply.reason }, reply },
  end: {
    request: { reason: '企业已换发新代码' },
    reply: {
      ...reply, status: 'ENDED', end_reason: '企业已换发新代码', confirmed_by: 'platform-operator-user-2', ended_by: 'platform-operator-user-1', version: 3,
      updated_at: '2026-06-18T02:00:00.000Z'
    }
  }
}
