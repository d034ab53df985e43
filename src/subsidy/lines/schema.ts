import Type from 'typebox'
import { Day, Finding, InstantOut, Money, named, No, nullable, oneOf, PageQuery, ParticipantNo, ProjectCode, Text, TraceStep, UpdatedSince,
  Uscc, Version } from '../../http/schema.ts'
import { POLICY_CODES } from '../../policy/terms.ts'

export const KINDS = ['LOAN_INTEREST', 'LEASE', 'GUARANTEE_FEE', 'PREMIUM'] as const
const statuses = ['BLOCKED', 'OPEN', 'FROZEN', 'SUPERSEDED'] as const
const payees = ['ENTERPRISE', 'GUARANTOR'] as const
const payment_statuses = ['NOT_DUE', 'WAITING', 'GENERATED', 'SENT', 'PAID', 'RETURNED', 'UNKNOWN', 'REISSUED', 'CANCELLED'] as const

export const Period = (description: string) => Type.String({ pattern: '^\\d{4}Q[1-4]$', maxLength: 6, description, examples: ['2026Q1'] })
export const Year = (description: string) => Type.Integer({ minimum: 2000, maximum: 2999, description, examples: [2026] })
export const Kind = (description = 'Kind of subsidy') => oneOf(KINDS, description)
const AnyPolicyRef = named('PolicyRef', Type.Object({ policy_code: oneOf(POLICY_CODES, 'Policy'),
  version: Text('Version of the policy', 40) }))

export const LineNo = (description = 'Line 贴息明细') => No('line', description)
export const LineParams = Type.Object({ line_no: LineNo() }, { additionalProperties: false })

const line = {
  line_no: LineNo('Number of the line'),
  kind: Kind(),
  status: oneOf(statuses, 'BLOCKED: a fact is missing; OPEN: may be submitted; FROZEN: in a submitted packet; SUPERSEDED: computed anew'),
  participant_no: ParticipantNo('Institution whose voucher it is'),
  payee_kind: oneOf(payees, 'Who is paid: the enterprise, or for fees the guarantor (A-27)'),
  payee_uscc: Uscc('Who is paid'),
  uscc: Uscc('Enterprise'),
  project_code: nullable(ProjectCode()),
  year: Year('Calendar year of the payment; its ceilings are used up'),
  period: Period('Quarter of the payment'),
  voucher_number: Type.String({ maxLength: 64, description: 'Number the hub gave the voucher' }),
  voucher_no: Type.String({ maxLength: 64, description: 'Number the institution gave the voucher' }),
  paid_date: Day('Day it was paid'),
  eligible_interest: nullable(Money('Eligible interest 合格利息; null for fees and premiums')),
  formula_amount: Money('By the formula, before ceilings'),
  amount: Money('Subsidy of this line'),
  recognised_amount: nullable(Money('What the audit recognised; null until the packet is approved')),
  payment_status: oneOf(payment_statuses, 'NOT_DUE until its packet is approved; WAITING for a batch; then the state of its payment'),
  supplement_of: nullable(LineNo('Frozen line of the same voucher that this one adds to')),
  packet_no: nullable(No('pkt', 'Packet 贴息资料包 it stands in')),
  authorization_no: nullable(Type.String({ maxLength: 40, description: 'Authorization under which its voucher was taken in' })),
  blocked_by: Type.Array(Finding, { maxItems: 10, description: 'What is missing or fails before the line is payable: E-01, E-03, E-04' }),
  version: Version,
  created_at: InstantOut('When it was derived'),
  updated_at: InstantOut('When it last changed')
}

export const SubsidyLineItem = named('SubsidyLineItem', Type.Object(line))
export const SubsidyLine = named('SubsidyLine', Type.Object({
  ...line,
  policy: AnyPolicyRef,
  trace: Type.Array(TraceStep, { maxItems: 30, description: 'Every step with its clause, before and after' })
}))

export const LineQuery = Type.Object({
  ...PageQuery,
  ...UpdatedSince,
  kind: Type.Optional(Kind('Only this kind')),
  status: Type.Optional(oneOf(statuses, 'Only those with this status')),
  uscc: Type.Optional(Uscc('Only those of this enterprise')),
  project_code: Type.Optional(ProjectCode('Only those of this project')),
  year: Type.Optional(Year('Only those of this year')),
  period: Type.Optional(Period('Only those of this quarter')),
  packet_no: Type.Optional(No('pkt', 'Only those of this packet')),
  voucher_no: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Only those of this voucher' }))
}, { additionalProperties: false })

export const CeilingQuery = Type.Object({
  uscc: Uscc('Enterprise'),
  project_code: ProjectCode('Project'),
  year: Type.Optional(Year('Calendar year; the present one when left out'))
}, { additionalProperties: false })

export const CeilingView = named('Ceilings', Type.Object({
  uscc: Uscc('Enterprise'),
  project_code: ProjectCode('Project'),
  year: Year('Calendar year'),
  ceilings: Type.Array(named('Ceiling', Type.Object({
    kind: Kind(),
    rule_id: Type.String({ maxLength: 40, description: 'Rule of the policy' }),
    span: Type.String({ maxLength: 10, description: 'Year, or LIFETIME', examples: ['2026'] }),
    scope: nullable(Type.String({ maxLength: 200, description: 'Product or kind of a premium, the contract of a loan under its own ceiling (L-04), or the bank whose share of a syndicated loan has a ceiling of its own; null for the project' })),
    cap: Money('Ceiling'),
    granted: Money('Used up, over all institutions'),
    left: Money('Still free')
  })), { maxItems: 200, description: 'Sums only' }),
  lines: Type.Array(SubsidyLineItem, { maxItems: 200, description: 'Lines the caller may see, the first 200 by number; superseded ones and all others: GET /v1/subsidy-lines' })
}))

const example_no = '01JB2Q8Z6V7K3M5N9P4R1S0T2W'
export const line_example = {
  line_no: `line_${example_no}`, kind: 'LOAN_INTEREST', status: 'OPEN', participant_no: 'bank-1', payee_kind: 'ENTERPRISE',
    payee_uscc: '91500112MAXX00015Q',
  uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001', year: 2026, period: '2026Q1', voucher_number: `vch_${example_no}`,
    voucher_no: 'V2026Q1-001',
  paid_date: '2026-03-21', eligible_interest: '90000.00', formula_amount: '45000.00', amount: '45000.00', recognised_amount: null,
    payment_status: 'NOT_DUE',
  supplement_of: null, packet_no: `pkt_${example_no}`, authorization_no: `auth_${example_no}`, blocked_by: [], version: 1,
    created_at: '2026-03-21T02:00:00.000Z',
  updated_at: '2026-03-21T02:00:00.000Z'
}
export const full_line_example = {
  ...line_example, policy: { policy_code: 'TECH_RENO_LOAN', version: '2024-06-09.1' },
  trace: [{ rule_id: 'L-05', clause: 'S2 (1): at most 10 million yuan per enterprise project and year',
    clause_zh: '渝经信规范〔2024〕11号（一）：单个企业项目每年贴息上限为1000万元', before: '45000.00', after: '45000.00' }]
}
