import Type, { type Static } from 'typebox'
import { BusinessNo, Day, Money, named, oneOf, ProjectCode, Rate, Text, Uscc } from '../../http/schema.ts'
import { CorrectionFields, evidenceFrame, exampleFrame, shownOf, SupersededBy } from '../evidence/schema.ts'
import { DocumentNo } from '../loan-contracts/schema.ts'

export const PAYMENT_MODES = ['ENTRUSTED_PAYMENT', 'SELF_PAYMENT'] as const
export const BALANCE_EVENTS = ['DISBURSE', 'REPAY', 'PREPAY', 'EXTEND', 'TRANSFER_OVERDUE', 'WRITE_OFF'] as const

const RateSegment = Type.Object({
  from: Day('First day'),
  to: Day('First day that no longer counts'),
  annual_rate_pct: Rate('Annual rate')
}, { additionalProperties: false })

const Payee = Type.Object({
  name: Text('Payee', 200),
  account_tail: Type.Optional(Type.String({ pattern: '^\\d{4}$', maxLength: 4, description: 'Last four digits of the account',
    examples: ['4321'] })),
  amount: Money('Amount paid'),
  purpose: Type.Optional(Text('What for', 200)),
  invoice_no: Type.Optional(BusinessNo('Number of the invoice', ['25502000000012345678'])),
  invoice_code: Type.Optional(BusinessNo('Code of the invoice', ['5000214130']))
}, { additionalProperties: false })

const BalanceEvent = Type.Object({
  date: Day('Day'),
  kind: oneOf(BALANCE_EVENTS, 'What happened'),
  amount: Money('Amount')
}, { additionalProperties: false })

export const NewDrawdown = named('NewDrawdown', Type.Object({
  iou_no: BusinessNo('Number of the drawdown at the bank 借据号', ['JJ-2026-0001']),
  loan_contract_no: BusinessNo('Own loan contract', ['HT-2026-0001']),
  amount: Money('Amount paid out'),
  land_amount: Money('Part of it for land, 0.00 if none'),
  disbursed_date: Day('Day of paying out'),
  maturity_date: Day('Day of maturity'),
  rate_segments: Type.Optional(Type.Array(RateSegment, { minItems: 1, maxItems: 200,
    description: 'Rates of this drawdown where they differ from the contract, in date order' })),
  payment_mode: Type.Optional(oneOf(PAYMENT_MODES, 'Paid on trust to suppliers, or to the borrower')),
  payees: Type.Optional(Type.Array(Payee, { maxItems: 200,
    description: 'Who was paid; an invoice counts once over loans and leases (A-07)' })),
  balance_events: Type.Optional(Type.Array(BalanceEvent, { maxItems: 500, description: 'How the balance moved' })),
  document_no: Type.Optional(DocumentNo),
  ...CorrectionFields
}, { additionalProperties: false }))
export type NewDrawdown = Static<typeof NewDrawdown>

export const Drawdown = shownOf('Drawdown', NewDrawdown, { borrower_uscc: Uscc('Borrower'), project_code: ProjectCode(),
  superseded_by: SupersededBy('draw'), ...evidenceFrame('draw') })

export const drawdown_example = {
  iou_no: 'JJ-2026-0001', loan_contract_no: 'HT-2026-0001', amount: '8000000.00', land_amount: '0.00', disbursed_date: '2026-03-30',
    maturity_date: '2029-03-30'
}

export const drawdown_shown = {
  ...Object.fromEntries(Object.keys(NewDrawdown.properties).map(name => [name, null])),
  ...drawdown_example, borrower_uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001', superseded_by: null, ...exampleFrame('draw', 'bank-1')
}
