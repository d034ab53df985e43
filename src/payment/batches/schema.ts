import Type from 'typebox'
import { BusinessNo, Day, InstantOut, Money, named, No, nullable, oneOf, PageQuery, ParticipantNo, Sha256, SignedMoney, Text, UpdatedSince,
  Uscc, Version } from '../../http/schema.ts'
import { LineNo, Year } from '../../subsidy/lines/schema.ts'
import { FundSourceField } from '../budgets/schema.ts'

const strict = { additionalProperties: false } as const
const statuses = ['OPEN', 'CLOSED', 'APPROVED', 'SENT', 'DONE'] as const
export const payment_statuses = ['GENERATED', 'SENT', 'PAID', 'RETURNED', 'UNKNOWN', 'REISSUED', 'CANCELLED'] as const
const result_statuses = ['PAID', 'RETURNED', 'UNKNOWN'] as const

const BatchNo = Type.String({
  minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
    description: 'Number of the batch: the bureau\'s own, or the hub\'s', examples: ['PB-2026-001']
})
export const BatchParams = Type.Object({ batch_no: BatchNo }, strict)

export const BatchBody = Type.Object({
  batch_no: Type.Optional(BatchNo),
  year: Type.Optional(Year('Budget year; the present one when left out')),
  fund_source: Type.Optional(FundSourceField('Source; MUNICIPAL when left out'))
}, strict)

export const BatchQuery = Type.Object({
  ...PageQuery,
  ...UpdatedSince,
  status: Type.Optional(oneOf(statuses, 'Only those with this status')),
  year: Type.Optional(Year('Only those of this budget year'))
}, strict)

const Person = (description: string) => nullable(Type.String({ maxLength: 60, description }))
const Count = (description: string) => Type.Integer({ minimum: 0, maximum: 10_000_000, description, examples: [1] })

const PaymentView = named('Payment', Type.Object({
  payment_no: No('pay', 'Number; EndToEndId of the instruction'),
  payee_kind: oneOf(['ENTERPRISE', 'GUARANTOR'], 'Who is paid'),
  payee_uscc: Uscc('Who is paid'),
  payee_name: Text('Name of the account', 200),
  account_number: Type.String({ maxLength: 40, description: 'Account as the hub numbers it; the account number itself stands only in the instruction' }),
  gross: Money('Sum of its lines'),
  offset: Money('Taken back by claw-backs'),
  amount: Money('Paid'),
  status: oneOf(payment_statuses, 'UNKNOWN: ask the bank, never send twice'),
  reissue_of: nullable(No('pay', 'Returned payment that this one sends again')),
  paid_date: nullable(Day('Day it was paid')),
  bank_reference: nullable(Text('Reference of the bank', 100)),
  return_reason: nullable(Text('Why it came back', 500)),
  lines: Type.Array(named('PaymentItem', Type.Object({ line_no: LineNo(), packet_no: No('pkt', 'Packet'),
    amount: Money('Recognised amount') })), { maxItems: 100_000, description: 'Lines it pays' }),
  offsets: Type.Array(named('PaymentOffset', Type.Object({ clawback_no: No('claw', 'Claw-back'), amount: Money('Taken back') })),
    { maxItems: 10_000, description: 'Claw-backs it takes back' })
}))

const batch = {
  batch_no: BatchNo,
  message_no: No('batch', 'Number the hub gave it; MsgId of the instruction'),
  participant_no: ParticipantNo('Finance bureau'),
  year: Year('Budget year'),
  fund_source: FundSourceField(),
  status: oneOf(statuses, 'State'),
  count: Count('Payments in it'),
  control_sum: Money('Sum of its payments'),
  digest: nullable(Sha256('Digest of what was closed; the approval names it')),
  created_by: Type.String({ maxLength: 60, description: 'Person that opened it' }),
  closed_by: Person('Person that closed it'),
  closed_at: nullable(InstantOut('When it was closed')),
  approved_by: Person('Another person, that approved it'),
  approved_at: nullable(InstantOut('When it was approved')),
  sent_at: nullable(InstantOut('When its instruction was first fetched')),
  done_at: nullable(InstantOut('When the last result came')),
  version: Version,
  created_at: InstantOut('When it was opened'),
  updated_at: InstantOut('When it last changed')
}
export const BatchItem = named('PaymentBatchItem', Type.Object(batch))
export const BatchView = named('PaymentBatch', Type.Object({
  ...batch,
  payments: Type.Array(PaymentView, { maxItems: 100_000, description: 'One per payee; a payee sees its own' }),
  left_out: Type.Array(named('LeftOut', Type.Object({
    line_no: LineNo(), reason: oneOf(['ON_HOLD', 'ACCOUNT_MISSING', 'BUDGET_SHORT'], 'Why it waits for a later batch')
  })), { maxItems: 100_000, description: 'Approved lines that this batch did not take' })
}))

export const ApproveBody = Type.Object({ digest: Sha256('Digest that close answered') }, strict)
export const InstructionQuery = Type.Object({ format: Type.Optional(oneOf(['xml', 'xlsx'], 'xml: pain.001.001.09; xlsx for people')) },
  strict)

export const ResultsBody = Type.Object({
  results: Type.Array(Type.Object({
    payment_no: No('pay', 'Payment'),
    status: oneOf(result_statuses, 'What the bank says'),
    date: Day('Day of the result'),
    bank_reference: BusinessNo('Reference of the bank', ['TX20260407000123']),
    reason: Type.Optional(Text('Why it came back', 500, ['账号户名不符'])),
    amount: Type.Optional(Money('What the bank moved; has to be what was instructed'))
  }, strict), { minItems: 1, maxItems: 10_000, description: 'All of them or none' })
}, strict)

export const ReconciliationQuery = Type.Object({ date: Type.Optional(Day('Day on which instructions went out; today when left out')) },
  strict)
const Sum = named('CountedSum', Type.Object({ count: Count('How many'), amount: Money('Sum') }))
export const ReconciliationView = named('Reconciliation', Type.Object({
  date: Day('Day on which instructions went out'),
  batches: Type.Array(BatchNo, { maxItems: 10_000, description: 'Batches of that day' }),
  instructed: Sum,
  results: Type.Object({ paid: Sum, returned: Sum, unknown: Sum, missing: Sum },
    { description: 'By what the bank answered; missing: nothing yet' }),
  lines: Money('Sum of the lines paid'),
  offsets: Money('Taken back'),
  difference_results: Money('Instructed without a final result'),
  difference_lines: SignedMoney('Lines less offsets less instructed; anything but 0.00 is a fault'),
  balanced: Type.Boolean({ description: 'Instruction, results and lines agree to the fen' }),
  open: Type.Array(named('OpenPayment', Type.Object({
    payment_no: No('pay', 'Payment'), batch_no: BatchNo, amount: Money('Amount'), status: oneOf(payment_statuses, 'State')
  })), { maxItems: 100_000, description: 'Payments without a final result' })
}))

const no = '01JB2Q8Z6V7K3M5N9P4R1S0T2W'
export const example_digest = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
export const batch_item_example = {
  batch_no: 'PB-2026-001', message_no: `batch_${no}`, participant_no: 'finance-bureau', year: 2026, fund_source: 'MUNICIPAL',
    status: 'CLOSED', count: 1, control_sum: '45000.00',
  digest: example_digest, created_by: 'finance-bureau-user-1', closed_by: 'finance-bureau-user-1', closed_at: '2026-04-06T02:00:00.000Z',
    approved_by: null, approved_at: null, sent_at: null,
  done_at: null, version: 2, created_at: '2026-04-06T01:00:00.000Z', updated_at: '2026-04-06T02:00:00.000Z'
}
export const batch_example = {
  ...batch_item_example, left_out: [],
  payments: [{
    payment_no: `pay_${no}`, payee_kind: 'ENTERPRISE', payee_uscc: '91500112MAXX00015Q', payee_name: '重庆云岭精密机械有限公司（虚构）',
      account_number: `acct_${no}`, gross: '45000.00',
    offset: '0.00', amount: '45000.00', status: 'GENERATED', reissue_of: null, paid_date: null, bank_reference: null, return_reason: null,
    lines: [{ line_no: `line_${no}`, packet_no: `pkt_${no}`, amount: '45000.00' }], offsets: []
  }]
}
export const reconciliation_example = {
  date: '2026-04-07', batches: ['PB-2026-001'], instructed: { count: 1, amount: '45000.00' },
  results: { paid: { count: 1, amount: '45000.00' }, returned: { count: 0, amount: '0.00' }, unknown: { count: 0, amount: '0.00' },
    missing: { count: 0, amount: '0.00' } },
  lines: '45000.00', offsets: '0.00', difference_results: '0.00', difference_lines: '0.00', balanced: true, open: []
}
