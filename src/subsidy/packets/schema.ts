import Type from 'typebox'
import {
  BusinessNo, Finding, InstantOut, Money, named, No, nullable, oneOf, PageQuery, ParticipantNo, ProjectCode, Sha256, Text, UpdatedSince,
    Uscc
} from '../../http/schema.ts'
import { Kind, LineNo, Period } from '../lines/schema.ts'

const statuses = ['DRAFT', 'SUBMITTED', 'IN_AUDIT', 'RETURNED', 'AUDITED', 'APPROVED', 'REJECTED'] as const
const results = ['PASS', 'REDUCE', 'REJECT', 'RETURN_FOR_SUPPLEMENT'] as const
const strict = { additionalProperties: false } as const

const PacketNo = (description = 'Packet 贴息资料包') => No('pkt', description)
export const PacketParams = Type.Object({ packet_no: PacketNo() }, strict)
export const ConclusionParams = Type.Object({ packet_no: PacketNo(), conclusion_no: No('concl', 'Conclusion 审核结论') }, strict)

const Count = (description: string) => Type.Integer({ minimum: 0, maximum: 1_000_000, description, examples: [1] })
const Counter = (description: string) => Type.Integer({ minimum: 1, maximum: 1_000_000, description, examples: [1] })
/** What audits of such subsidies find in practice. Source: domain notes §9.3. */
const AUDIT_FINDINGS = [
  'AUTH_MISSING', 'AUTH_EXPIRED_OR_WITHDRAWN', 'AUTH_SCOPE_INSUFFICIENT', 'USCC_INVALID', 'NAME_MISMATCH', 'NOT_MANUFACTURING',
  'NOT_IN_CHONGQING', 'DISHONESTY_LISTED', 'NOT_SME', 'PROJECT_NOT_FILED', 'PROJECT_NOT_LISTED', 'PROJECT_BELOW_THRESHOLD',
  'PROJECT_CODE_INVALID', 'OWNER_NOT_BORROWER', 'NOT_TECH_RENOVATION', 'CONTRACT_MISSING', 'CONTRACT_IOU_MISMATCH',
  'PURPOSE_NOT_PROJECT', 'LAND_NOT_SEPARATED', 'REFINANCING_OLD_LOAN', 'FUNDS_DIVERTED', 'PAYEE_RELATED_PARTY', 'LENDER_NOT_COOPERATING',
  'VOUCHER_ILLEGIBLE', 'VOUCHER_NO_SEAL', 'VOUCHER_DUPLICATE', 'VOUCHER_REUSED', 'VOUCHER_PERIOD_OVERLAP', 'VOUCHER_PERIOD_GAP',
  'INTEREST_NOT_PAID', 'PENALTY_INCLUDED', 'OVERDUE_INTEREST_INCLUDED', 'INTEREST_RECALC_MISMATCH', 'OUTSIDE_POLICY_PERIOD',
  'ACCOUNT_NAME_MISMATCH', 'ACCOUNT_NOT_CORPORATE', 'ACCOUNT_CLOSED', 'CNAPS_INVALID', 'LOAN_YEAR_CAP', 'PROJECT_YEAR_CAP',
  'LIFETIME_CAP', 'STACKING_OVER_INTEREST', 'BUDGET_EXHAUSTED', 'LEASE_NOT_DIRECT', 'SALE_AND_LEASEBACK', 'EQUIPMENT_DOUBLE_FINANCED',
  'FEE_RATE_OVER_1PCT', 'FEE_NOT_RECEIVED', 'HIDDEN_FEES', 'GUARANTOR_NOT_QUALIFIED', 'PRODUCT_NOT_IN_CATALOGUE', 'PREMIUM_NOT_PAID',
  'PREMIUM_RATE_OVER_3PCT'
] as const
const FindingCode = Type.String({ pattern: '^[A-Z][A-Z0-9_]{1,59}$', maxLength: 60, description: 'Finding code 核减原因; the usual ones are the examples',
  examples: [...AUDIT_FINDINGS] })
const Line = named('PacketLine', Type.Object({
  line_no: LineNo(),
  voucher_no: BusinessNo('Voucher of the institution'),
  paid_date: Type.String({ maxLength: 10, description: 'Day it was paid', examples: ['2026-03-21'] }),
  status: oneOf(['BLOCKED', 'OPEN', 'FROZEN', 'SUPERSEDED'], 'State of the line'),
  claimed_amount: Money('Amount of the line'),
  recognised_amount: nullable(Money('What the audit recognised')),
  finding_code: nullable(FindingCode),
  note: nullable(Text('Note of the auditor', 1000)),
  supplement_of: nullable(LineNo('Line of an earlier packet that this one adds to')),
  blocked_by: Type.Array(Finding, { maxItems: 10, description: 'What is missing before the line can be submitted' }),
  review: Type.Array(Finding, {
    maxItems: 20, description: 'For auditor and MEIC: why its evidence was under review, as RECEIPT_REUSED, VOUCHER_REUSED or EQUIPMENT_DOUBLE_FINANCED, and why it was RELEASED'
  })
}))

export const ConclusionView = named('AuditConclusion', Type.Object({
  conclusion_no: No('concl', 'Conclusion'),
  packet_no: PacketNo(),
  version: Counter('Version of the packet that was reviewed'),
  packet_digest: Sha256('Digest of what was reviewed'),
  auditor_no: ParticipantNo('Third-party auditor'),
  result: oneOf(results, 'Result 审核结论'),
  status: oneOf(['PREPARED', 'CONFIRMED', 'REPLACED'], 'PREPARED until another person of the auditor confirms it'),
  recognised_amount: Money('Sum recognised'),
  lines: Type.Array(named('ConcludedLine', Type.Object({
    line_no: LineNo(), recognised_amount: Money('Recognised'), finding_code: nullable(FindingCode), note: nullable(Text('Note', 1000))
  })), { maxItems: 10_000, description: 'Line by line' }),
  conflict_of_interest_declared: Type.Boolean({ description: 'The auditor has no conflict of interest in this packet' }),
  sample_seed: nullable(Text('Seed that the assignment committed to', 128)),
  sample_order: nullable(Type.Array(LineNo(), { maxItems: 10_000, description: 'Lines in the order in which they are drawn' })),
  prepared_by: Type.String({ maxLength: 60, description: 'Person that prepared it' }),
  prepared_at: InstantOut('When it was prepared'),
  confirmed_by: nullable(Type.String({ maxLength: 60, description: 'Person that confirmed it' })),
  confirmed_at: nullable(InstantOut('When it was confirmed'))
}))

const packet = {
  packet_no: PacketNo('Number of the packet'),
  version: Counter('Version of its content: a returned packet comes back as the next one'),
  status: oneOf(statuses, 'State'),
  participant_no: ParticipantNo('Institution that submits it'),
  uscc: Uscc('Enterprise'),
  project_code: nullable(ProjectCode()),
  period: Period('Quarter of the payments'),
  kind: Kind(),
  sequence: Counter('1; later ones hold what arrived after the one before was submitted'),
  line_count: Count('Lines in it'),
  claimed_amount: Money('Sum of its lines'),
  recognised_amount: nullable(Money('Sum the audit recognised')),
  digest: nullable(Sha256('Digest of the sealed content; conclusions and approval name it')),
  submitted_at: nullable(InstantOut('When it was submitted')),
  auditor_no: nullable(ParticipantNo('Auditor it is assigned to')),
  assigned_at: nullable(InstantOut('When it was assigned')),
  sample_seed_commitment: nullable(Text('SHA-256 of the seed by which samples are drawn, hex', 128)),
  audited_at: nullable(InstantOut('When the conclusion was confirmed')),
  approved_at: nullable(InstantOut('When MEIC decided')),
  return_reason: nullable(Text('Why it was last returned', 2000)),
  created_at: InstantOut('When the hub opened it'),
  updated_at: InstantOut('When it last changed')
}

export const PacketItem = named('SubsidyPacketItem', Type.Object(packet))
export const PacketView = named('SubsidyPacket', Type.Object({
  ...packet,
  lines: Type.Array(Line, { maxItems: 10_000, description: 'Its lines' }),
  difference: nullable(named('PacketDifference', Type.Object({
    added: Type.Array(LineNo(), { maxItems: 10_000, description: 'Lines that the version before did not hold' }),
    removed: Type.Array(LineNo(), { maxItems: 10_000, description: 'Lines that it held and this one does not' }),
    claimed_before: Money('Sum before'),
    claimed_after: Money('Sum now')
  }))),
  conclusions: Type.Array(ConclusionView, { maxItems: 1000, description: 'Conclusions; the institution sees confirmed ones' })
}))

export const PacketQuery = Type.Object({
  ...PageQuery,
  ...UpdatedSince,
  status: Type.Optional(oneOf(statuses, 'Only those with this status')),
  kind: Type.Optional(Kind('Only this kind')),
  period: Type.Optional(Period('Only those of this quarter')),
  uscc: Type.Optional(Uscc('Only those of this enterprise')),
  project_code: Type.Optional(ProjectCode('Only those of this project'))
}, strict)

export const ArchiveQuery = Type.Object({
  version: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'A sealed version; the newest when left out' }))
}, strict)

export const OpenBody = Type.Object({
  uscc: Uscc('Enterprise'),
  project_code: Type.Optional(ProjectCode('Project; left out for a premium without one')),
  period: Period('Quarter of the payments'),
  kind: Kind()
}, strict)

/** Nothing has to be said; an empty object, or no body at all. */
export const NothingBody = nullable(Type.Object({}, strict))

const NoConflict = Type.Optional(Type.Boolean({ description: 'No conflict of interest; sending the decision declares it, `false` is refused', examples: [true] }))

export const AssignBody = Type.Object({
  auditor_no: ParticipantNo('Third-party auditor 第三方审核机构'),
  conflict_of_interest_declared: NoConflict,
  sample_seed_commitment: Type.Optional(Text('SHA-256 of the seed by which samples will be drawn, hex', 128))
}, strict)

export const QuestionBody = Type.Object({
  text: Text('Question, or answer', 4000, ['请补充 4 月 21 日重定价通知。']),
  in_reply_to: Type.Optional(No('qst', 'Question that this answers')),
  line_no: Type.Optional(LineNo('Line that it is about'))
}, strict)

export const QuestionView = named('PacketQuestion', Type.Object({
  question_no: No('qst', 'Number'),
  packet_no: PacketNo(),
  version: Counter('Version of the packet it is about'),
  in_reply_to: nullable(No('qst', 'Question that this answers')),
  line_no: nullable(LineNo('Line that it is about')),
  text: Text('Question, or answer', 4000),
  participant_no: ParticipantNo('Who wrote it'),
  user_no: nullable(Type.String({ maxLength: 60, description: 'Person that wrote it' })),
  created_at: InstantOut('When')
}))

export const ConclusionBody = Type.Object({
  packet_digest: Sha256('Digest of what was reviewed'),
  result: Type.Optional(oneOf(results, 'Result; follows from the amounts when left out')),
  conflict_of_interest_declared: NoConflict,
  sample_seed: Type.Optional(Text('Seed that the assignment committed to', 128, ['d5f2a7'])),
  lines: Type.Optional(Type.Array(Type.Object({
    line_no: LineNo(),
    recognised_amount: Money('Recognised, at most the amount of the line'),
    finding_code: Type.Optional(FindingCode),
    note: Type.Optional(Text('Why', 1000))
  }, strict), { maxItems: 10_000, description: 'Lines left out are recognised whole, or not at all with REJECT' }))
}, strict)

export const DigestBody = Type.Object({ digest: Sha256('Digest of what is approved') }, strict)
export const ReasonBody = Type.Object({ reason: Text('Why', 2000, ['缺少 3 月付息凭证']) }, strict)

const example_no = '01JB2Q8Z6V7K3M5N9P4R1S0T2W'
export const example_digest = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
export const packet_item_example = {
  packet_no: `pkt_${example_no}`, version: 1, status: 'IN_AUDIT', participant_no: 'bank-1', uscc: '91500112MAXX00015Q',
    project_code: '2606-500112-07-02-100001', period: '2026Q1',
  kind: 'LOAN_INTEREST', sequence: 1, line_count: 1, claimed_amount: '45000.00', recognised_amount: null, digest: example_digest,
    submitted_at: '2026-04-01T02:00:00.000Z',
  auditor_no: 'auditor-1', assigned_at: '2026-04-02T02:00:00.000Z', sample_seed_commitment: null, audited_at: null, approved_at: null,
    return_reason: null,
  created_at: '2026-03-21T02:00:00.000Z', updated_at: '2026-04-02T02:00:00.000Z'
}
export const packet_example = {
  ...packet_item_example, difference: null, conclusions: [],
  lines: [{
    line_no: `line_${example_no}`, voucher_no: 'V2026Q1-001', paid_date: '2026-03-21', status: 'FROZEN', claimed_amount: '45000.00',
      recognised_amount: null, finding_code: null,
    note: null, supplement_of: null, blocked_by: [], review: []
  }]
}
export const conclusion_example = {
  conclusion_no: `concl_${example_no}`, packet_no: `pkt_${example_no}`, version: 1, packet_digest: example_digest, auditor_no: 'auditor-1',
    result: 'PASS', status: 'PREPARED',
  recognised_amount: '45000.00', lines: [{ line_no: `line_${example_no}`, recognised_amount: '45000.00', finding_code: null, note: null }],
    conflict_of_interest_declared: true, sample_seed: null, sample_order: null,
  prepared_by: 'auditor-1-user-1', prepared_at: '2026-04-03T02:00:00.000Z', confirmed_by: null, confirmed_at: null
}
export const question_example = {
  question_no: `qst_${example_no}`, packet_no: `pkt_${example_no}`, version: 1, in_reply_to: null, line_no: `line_${example_no}`,
    text: '请补充 4 月 21 日重定价通知。',
  participant_no: 'auditor-1', user_no: 'auditor-1-user-1', created_at: '2026-04-03T02:00:00.000Z'
}
