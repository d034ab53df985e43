import Type, { type Static } from 'typebox'
import { BusinessNo, Day, Finding, Instant, InstantOut, listOf, Money, named, No, nullable, oneOf, PageQuery, ParticipantNo, SignedMoney, Text, Uscc,
  Version } from '../../http/schema.ts'
import { LEDGER_PARTIES, POSTINGS } from '../../policy/claims.ts'
import { BREAKER_STATES } from '../../policy/risk-share.ts'

const strict = { additionalProperties: false } as const
export const CLAIM_STATUSES = ['FILED', 'RETURNED', 'PREPAID_PENDING_REVIEW', 'ACCEPTED', 'PAID', 'RECOVERING', 'DECLINED', 'SETTLED'] as const
const DECISIONS = ['ACCEPT', 'REJECT', 'PREPAY'] as const

const DocumentNo = (description: string) => No('doc', description)
const VintageYear = Type.Integer({ minimum: 2000, maximum: 9999, description: 'Vintage: year of the guarantee 担保年度', examples: [2026] })

const Acceleration = Type.Object({
  declared: Type.Boolean({ description: 'Whether the bank declared the whole loan due 宣布提前到期' }),
  date: Type.Optional(Day('When'))
}, strict)

export const NewClaim = named('NewCompensationClaim', Type.Object({
  claim_no: BusinessNo('Number of the claim at the bank 代偿申请编号', ['DC-2026-001']),
  guarantee_contract_no: BusinessNo('Guarantee contract: its number here, or the guarantor’s own 保证合同编号', ['DB-2026-0001']),
  guarantor_no: Type.Optional(ParticipantNo('Guarantor, where two use the same contract number')),
  iou_no: BusinessNo('Drawdown in default 借据号', ['JJ-2026-0001']),
  default_date: Day('Day of the default 违约日'),
  default_principal: Money('Principal in default 违约本金; interest and penalty are not guaranteed (A-12)'),
  overdue_days: Type.Optional(Type.Integer({ minimum: 0, maximum: 20_000, description: 'Days overdue 逾期天数', examples: [61] })),
  bank_notice_no: Type.Optional(BusinessNo('Number of the demand notice 代偿通知书编号', ['TZ-2026-017'])),
  bank_notice_date: Type.Optional(Day('Day of the demand notice')),
  acceleration: Type.Optional(Acceleration),
  interest_not_covered: Type.Optional(Money('Interest in default, for information: the bank keeps it')),
  collateral_recovered_before: Type.Optional(Money('What collateral brought before the claim; lowers the principal that is shared')),
  document_nos: Type.Optional(Type.Array(DocumentNo('Uploaded document of the bank'), { maxItems: 100, uniqueItems: true,
    description: 'Loan files: contracts, notice, payment proof' })),
  bank_due_diligence_statement: Type.Optional(DocumentNo('Uploaded statement of the bank on its due diligence 尽职说明'))
}, strict))
export type NewClaim = Static<typeof NewClaim>

export const ClaimDecision = named('CompensationDecision', Type.Object({
  decision: oneOf(DECISIONS, 'ACCEPT, REJECT, or PREPAY with the review to follow'),
  reason: Type.Optional(Text('Why; a refusal needs it', 500, ['保证期间已届满'])),
  paid_date: Type.Optional(Day('Day the guarantor paid the bank; left out with ACCEPT: paid later, with PREPAY: today')),
  paid_amount: Type.Optional(Money('What it paid: the part the system covers, of which it collects the fiscal and the re-guarantor’s part itself'))
}, strict))
export type ClaimDecision = Static<typeof ClaimDecision>

export const NewRecovery = named('NewRecovery', Type.Object({
  recovery_no: BusinessNo('Number of the recovery at the sender 追偿编号', ['ZC-2026-001']),
  date: Day('Day of the recovery'),
  gross: Money('What came in'),
  cost: Type.Optional(Money('Cost of getting it; 0.00 when left out'))
}, strict))
export type NewRecovery = Static<typeof NewRecovery>

const Shares = (description: string) => Type.Object({
  guarantor: Money('担保机构'), fiscal: Money('市级以上财政'), bank: Money('银行'), re_guarantor: Money('再担保机构')
}, { description })

export const RecoverySchema = named('Recovery', Type.Object({
  number: No('rec', 'Number of the hub'),
  recovery_no: BusinessNo('Number at the sender'),
  participant_no: ParticipantNo('Who reported it'),
  date: Day('Day of the recovery'),
  gross: Money('What came in'),
  cost: Money('Cost'),
  net: Money('Gross less cost'),
  split: Shares('Net, by what each still bears'),
  settled_in: nullable(Type.Integer({ minimum: 2000, maximum: 9999, description: 'Year-end settlement that lowered the breaker’s numerator by it',
    examples: [2026] })),
  created_at: InstantOut('Recorded')
}))

const Computed = Type.Object({
  eligible_principal: Money('Principal that is shared'),
  headroom_before: Money('Headroom under the cap before it'),
  covered_principal: Money('What guarantor, fiscal and re-guarantor cover together'),
  shares: Shares('Who bears what; the four sum to the eligible principal'),
  fiscal_parts: Type.Object({ municipal: Money('市级财政'), state_fund: Money('国家级基金') }, { description: 'Who bears the fiscal share, by the version (A-20)' }),
  bank_excess: Money('What the bank bears beyond its 20 % because of the breaker'),
  rate_after_pct: Type.String({ pattern: '^\\d{1,19}\\.\\d{4}$', maxLength: 24, description: 'Vintage rate after it (percent)', examples: ['0.2000'] }),
  breaker_state: oneOf(BREAKER_STATES, 'State of the breaker after it'),
  policy_version: Text('Version of PARK_TECH_GUARANTEE it was computed with', 40)
})

const LedgerEntrySchema = Type.Object({
  posting: oneOf(POSTINGS, 'Kind of posting; the entries of each sum to zero'),
  party: oneOf(LEDGER_PARTIES, 'Who carries more (above zero) or less of the loss'),
  amount: SignedMoney('Amount'),
  recovery_number: nullable(No('rec', 'Recovery it comes from')),
  at: InstantOut('When')
})

const Decided = (description: string) => nullable(Type.Object({
  decision: oneOf(DECISIONS, 'Decision'),
  reason: nullable(Text('Why', 500)),
  decided_by: Text('Person', 80),
  decided_at: InstantOut('When')
}, { description }))

export const CompensationClaim = named('CompensationClaim', Type.Object({
  number: No('clm', 'Number of the hub'),
  claim_no: BusinessNo('Number at the bank'),
  participant_no: ParticipantNo('Bank'),
  guarantor_no: ParticipantNo('Guarantor'),
  guarantee_contract_no: BusinessNo('Guarantee contract at the guarantor'),
  guarantee_number: Type.String({ maxLength: 40, description: 'Guarantee contract here', examples: ['guar_01JB2Q8Z6V7K3M5N9P4R1S0T2W'] }),
  loan_contract_no: BusinessNo('Loan contract'),
  iou_no: BusinessNo('Drawdown'),
  uscc: Uscc('Borrower'),
  vintage_year: VintageYear,
  default_date: Day('Day of the default'),
  default_principal: Money('Principal in default'),
  overdue_days: nullable(Type.Integer({ minimum: 0, maximum: 20_000, description: 'Days overdue' })),
  bank_notice_no: nullable(BusinessNo('Demand notice')),
  bank_notice_date: nullable(Day('Day of the demand notice')),
  acceleration: nullable(Type.Object({ declared: Type.Boolean({ description: 'Declared due' }), date: nullable(Day('When')) })),
  interest_not_covered: Money('Interest the bank keeps'),
  collateral_recovered_before: Money('What collateral brought before'),
  document_nos: Type.Array(DocumentNo('Document of the bank'), { maxItems: 100, description: 'Loan files' }),
  bank_due_diligence_statement: nullable(DocumentNo('Statement on due diligence')),
  status: oneOf(CLAIM_STATUSES, 'State'),
  findings: Type.Array(Finding, { maxItems: 20, description: 'What the guarantor should know' }),
  decision_due_date: Day('Day until which the guarantor decides, or reviews its prepayment; an event tells all parties when it has passed'),
  computed: nullable(named('CompensationShares', Computed)),
  guarantor_decision: Decided('Decision of the guarantor'),
  review: Decided('Review of a prepayment'),
  paid_date: nullable(Day('Day the guarantor paid')),
  paid_amount: nullable(Money('What it paid')),
  fiscal_claim_no: nullable(No('fiscal', 'Claim of the guarantor on the fiscal part')),
  re_guarantee_claim_no: nullable(No('reguar', 'Claim of the guarantor on the re-guarantor')),
  fiscal_pool: nullable(oneOf(['DRAWN', 'WAITING'], 'Whether the fiscal part is drawn from the pool of its year (budget RISK_POOL) or waits until it carries it')),
  recovered: Money('Net recoveries so far'),
  recoveries: Type.Array(RecoverySchema, { maxItems: 1000, description: 'Recoveries' }),
  ledger: Type.Array(LedgerEntrySchema, { maxItems: 10_000, description: 'The way of the loss; sums to zero' }),
  version: Version,
  created_at: InstantOut('Filed'),
  updated_at: InstantOut('Last change')
}))

export const ClaimPage = listOf(CompensationClaim)
export const ClaimParams = Type.Object({
  claim_no: Type.String({ minLength: 1, maxLength: 64, pattern: '^[^\\u0000-\\u001f\\u007f]+$',
    description: 'Number of the hub, or the bank’s own where only one is in sight', examples: ['DC-2026-001'] })
}, strict)
export const ClaimQuery = Type.Object({
  ...PageQuery,
  updated_since: Type.Optional(Instant('Only what changed at or after this instant')),
  status: Type.Optional(oneOf(CLAIM_STATUSES, 'Only in this state')),
  vintage_year: Type.Optional(VintageYear)
}, strict)

export const new_claim_example = {
  claim_no: 'DC-2026-001', guarantee_contract_no: 'DB-2026-0001', iou_no: 'JJ-2026-0001', default_date: '2026-03-02', default_principal: '1000000.00', overdue_days: 16,
  bank_due_diligence_statement: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W'
}

export const recovery_example = {
  number: 'rec_01JB2Q8Z6V7K3M5N9P4R1S0T2W', recovery_no: 'ZC-2026-001', participant_no: 'guarantor-1', date: '2026-03-18', gross: '620000.00', cost: '20000.00', net: '600000.00',
  split: { guarantor: '240000.00', fiscal: '180000.00', bank: '120000.00', re_guarantor: '60000.00' }, settled_in: null, created_at: '2026-03-18T02:00:00.000Z'
}

const at = '2026-03-18T02:00:00.000Z'
const entry = (posting: string, party: string, amount: string) => ({ posting, party, amount, recovery_number: null, at })

export const filed_example = {
  number: 'clm_01JB2Q8Z6V7K3M5N9P4R1S0T2W', participant_no: 'bank-1', guarantor_no: 'guarantor-1', guarantee_number: 'guar_01JB2Q8Z6V7K3M5N9P4R1S0T2W',
  loan_contract_no: 'HT-2026-0001', uscc: '91500112MAXX00015Q', vintage_year: 2026, ...new_claim_example, bank_notice_no: null, bank_notice_date: null, acceleration: null,
  interest_not_covered: '0.00', collateral_recovered_before: '0.00', document_nos: [], status: 'FILED', findings: [], decision_due_date: '2026-04-17', computed: null,
  guarantor_decision: null, review: null, paid_date: null, paid_amount: null, fiscal_claim_no: null, re_guarantee_claim_no: null, fiscal_pool: null, recovered: '0.00', recoveries: [], ledger: [],
  version: 1, created_at: at, updated_at: at
}

export const paid_example = {
  ...filed_example,
  status: 'PAID',
  computed: {
    eligible_principal: '1000000.00', headroom_before: '16000000.00', covered_principal: '800000.00',
    shares: { guarantor: '400000.00', fiscal: '300000.00', bank: '200000.00', re_guarantor: '100000.00' },
    fiscal_parts: { municipal: '300000.00', state_fund: '0.00' }, bank_excess: '0.00', rate_after_pct: '0.2000', breaker_state: 'NORMAL', policy_version: '2026-01-12.1'
  },
  guarantor_decision: { decision: 'ACCEPT', reason: null, decided_by: 'guarantor-1-user-1', decided_at: at },
  paid_date: '2026-03-18',
  paid_amount: '800000.00',
  fiscal_claim_no: 'fiscal_01JB2Q8Z6V7K3M5N9P4R1S0T2W',
  re_guarantee_claim_no: 'reguar_01JB2Q8Z6V7K3M5N9P4R1S0T2W',
  fiscal_pool: 'DRAWN',
  ledger: [
    entry('DEFAULT', 'BORROWER', '-1000000.00'), entry('DEFAULT', 'BANK', '1000000.00'), entry('COMPENSATION', 'BANK', '-800000.00'), entry('COMPENSATION',
      'GUARANTOR', '800000.00'),
    entry('FISCAL_SHARE', 'GUARANTOR', '-300000.00'), entry('FISCAL_SHARE', 'FISCAL', '300000.00'),
    entry('RE_GUARANTEE_SHARE', 'GUARANTOR', '-100000.00'), entry('RE_GUARANTEE_SHARE', 'RE_GUARANTOR', '100000.00')
  ],
  version: 2
}
