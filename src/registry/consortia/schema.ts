import Type from 'typebox'
import { Day, InstantOut, listOf, named, nullable, oneOf, PageQuery, ParticipantNo, Text, UpdatedSince, Version } from '../../http/schema.ts'
import { CONSORTIUM_STATUSES, REVIEW_OUTCOMES } from './statuses.ts'

const strict = { additionalProperties: false } as const
const ConsortiumNo = Type.String({ minLength: 1, maxLength: 60, pattern: '^[A-Za-z0-9_-]+$', description: 'Number of the consortium', examples: ['consortium-1'] })
const Names = (description: string) => Type.Array(ParticipantNo(), { maxItems: 20, uniqueItems: true, description })
const Reason = (description: string) => Text(description, 1000, ['Two banks do not cover the industry of the park'])

const application = {
  targets: Type.Optional(Text('Targets 工作目标', 4000)),
  measures: Type.Optional(Text('What will be done 工作举措', 4000)),
  service_targets: Type.Optional(Text('Who is served 服务对象', 4000)),
  supported_industries: Type.Optional(Type.Array(Text('Industry', 100), { maxItems: 60, description: 'Industries to be supported 支持行业' })),
  product_terms: Type.Optional(Text('Terms of the product 产品要素', 4000)),
  evaluation: Type.Optional(Text('How enterprises are evaluated 评价模式', 4000)),
  risk_sharing: Type.Optional(Text('How defaults are shared 风险代偿', 4000))
}
const Application = named('ConsortiumApplication', Type.Object(application, strict))
const ApplicationOut = Type.Object(Object.fromEntries(Object.entries(application)) as typeof application)

export const ConsortiumParams = Type.Object({ consortium_no: ConsortiumNo })
export const NewConsortium = named('NewConsortium', Type.Object({
  park: Type.Optional(ParticipantNo('The park 园区; left out when banks and guarantors apply to become cooperating institutions, S1 四(一)')),
  banks: Names('Banks 银行, in principle at most two'),
  guarantors: Names('Government financing guarantors 政府性融资担保机构'),
  agreement_date: Type.Optional(Day('Day the framework agreement was signed 合作框架协议')),
  valid_from: Type.Optional(Day('First day; today when left out')),
  valid_to: Type.Optional(Day('Day after the last; three years later when left out')),
  application: Type.Optional(Application),
  override_reason: Type.Optional(Reason('Why more than two banks are allowed: a person of MEIC only'))
}, strict))
export const ConsortiumChange = named('ConsortiumChange', Type.Object({
  banks: Type.Optional(Names('All banks after the change')),
  guarantors: Type.Optional(Names('All guarantors after the change')),
  agreement_date: Type.Optional(Day('Day the framework agreement was signed')),
  valid_to: Type.Optional(Day('Day after the last')),
  override_reason: Type.Optional(Reason('Why more than two banks are allowed: a person of MEIC only'))
}, { ...strict, minProperties: 1 }))
export const ConsortiumReview = named('ConsortiumReview', Type.Object({
  outcome: oneOf(REVIEW_OUTCOMES, 'REVIEWED: decided later; SELECTED: on the list 入选名单 once another person activates it; REJECTED: ends it'),
  reason: Text('Reason of the outcome', 2000, ['Clear targets, sound guarantor'])
}, strict))
export const ConsortiumActivation = named('ConsortiumActivation', Type.Object({
  agreement_date: Type.Optional(Day('Day the framework agreement was signed')),
  override_reason: Type.Optional(Reason('Why more than two banks are allowed')),
  reason: Type.Optional(Text('Reason of the second person', 2000, ['Agreement signed, conditions met'])),
  version: Type.Optional(Type.Integer({ minimum: 1, description: 'The version that was looked at: what was changed since is not put into force (409 changed_since)', examples: [3] }))
}, strict))
export const ConsortiumTermination = named('ConsortiumTermination', Type.Object({ reason: Text('Why it ends', 2000, ['The park withdrew']) }, strict))

export const ConsortiumListQuery = Type.Object({
  park: Type.Optional(ParticipantNo('Only of this park')),
  participant: Type.Optional(ParticipantNo('Only where this participant takes part')),
  status: Type.Optional(oneOf(CONSORTIUM_STATUSES, 'Only in this state')),
  ...UpdatedSince,
  ...PageQuery
}, strict)

export const ConsortiumSchema = named('Consortium', Type.Object({
  consortium_no: ConsortiumNo,
  status: oneOf(CONSORTIUM_STATUSES, 'APPLIED → REVIEWED → SELECTED → ACTIVE (ADJUSTED while a change waits) → EXPIRED | TERMINATED'),
  park: nullable(ParticipantNo('The park; null for institutions alone')),
  park_name: nullable(Text('Name of the park')),
  agreed: Names('Who has sent the application in its own name 共同申报方'),
  banks: Names('Banks that are members now'),
  guarantors: Names('Guarantors that are members now'),
  members: Type.Array(named('ConsortiumMember', Type.Object({
    participant_no: ParticipantNo(),
    name: Text('Name'),
    kind: oneOf(['BANK', 'GUARANTOR'], 'Kind of member'),
    joined_on: Day('First day of membership'),
    left_on: nullable(Day('First day without it; null while it is one'))
  })), { maxItems: 200, description: 'Everybody who is or was a member' }),
  agreement_date: nullable(Day('Day the framework agreement was signed')),
  valid_from: Day('First day'),
  valid_to: Day('Day after the last; nothing is pushed from it on'),
  application: nullable(ApplicationOut),
  proposed: nullable(named('ConsortiumProposal', Type.Object({
    banks: Names('Banks after the change'),
    guarantors: Names('Guarantors after the change'),
    valid_to: Day('Day after the last'),
    agreement_date: nullable(Day('Day the framework agreement was signed')),
    proposed_by: Text('The person who proposed it', 80),
    also_by: Type.Array(Text('Person', 80), { maxItems: 100, description: 'Whose earlier proposals it goes on from without naming banks, guarantors and term itself; they do not confirm it either' }),
    proposed_at: InstantOut('When')
  }))),
  override_reason: nullable(Text('Why more than two banks are allowed', 1000)),
  override_by: nullable(Text('Who allowed it', 80)),
  review: nullable(named('ConsortiumReviewed', Type.Object({
    outcome: oneOf(REVIEW_OUTCOMES, 'What it came to'),
    reason: Text('Why', 2000),
    reviewed_by: Text('The person', 80),
    reviewed_at: InstantOut('When')
  }))),
  termination_reason: nullable(Text('Why it ended', 2000)),
  activated_at: nullable(InstantOut('When it came into force')),
  activation_reason: nullable(Text('Reason of the person who put it into force', 2000)),
  version: Version,
  created_at: InstantOut('When it was applied for'),
  updated_at: InstantOut('When it last changed')
}))
export const ConsortiumList = listOf(ConsortiumSchema)

const reply = {
  consortium_no: 'consortium_01JB2Q8Z6V7K3M5N9P4R1S0T2W', status: 'APPLIED', park: 'park-1', park_name: '渝北示范产业园（虚构）', agreed: ['park-1'], banks: ['bank-1', 'bank-2'], guarantors: ['guarantor-1'],
  members: [
    { participant_no: 'bank-1', name: '巴渝示范银行（虚构）', kind: 'BANK', joined_on: '2026-04-01', left_on: null },
    { participant_no: 'bank-2', name: '江畔示范银行（虚构）', kind: 'BANK', joined_on: '2026-04-01', left_on: null },
    { participant_no: 'guarantor-1', name: '示范融资担保甲（虚构）', kind: 'GUARANTOR', joined_on: '2026-04-01', left_on: null }
  ],
  agreement_date: null, valid_from: '2026-04-01', valid_to: '2029-04-01', application: { targets: 'One hundred renovation loans a year', supported_industries: ['C36'] }, proposed: null,
  override_reason: null, override_by: null, review: null, termination_reason: null, activated_at: null, activation_reason: null, version: 1, created_at: '2026-03-18T02:00:00.000Z', updated_at: '2026-03-18T02:00:00.000Z'
}
const reviewed = { outcome: 'SELECTED', reason: 'Clear targets, sound guarantor', reviewed_by: 'meic-user-1', reviewed_at: '2026-03-19T02:00:00.000Z' }

export const consortium_examples = {
  request: { park: 'park-1', banks: ['bank-1', 'bank-2'], guarantors: ['guarantor-1'], valid_from: '2026-04-01', application: { targets: 'One hundred renovation loans a year', supported_industries: ['C36'] } },
  reply,
  reviewed: { ...reply, status: 'SELECTED', review: reviewed, version: 2 },
  active: { ...reply, status: 'ACTIVE', review: reviewed, agreement_date: '2026-03-20', activated_at: '2026-03-20T02:00:00.000Z', version: 3 },
  terminated: { ...reply, status: 'TERMINATED', termination_reason: 'The park withdrew', version: 4 }
}
