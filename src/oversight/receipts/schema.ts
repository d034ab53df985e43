import Type, { type Static } from 'typebox'
import { Day, Finding, InstantOut, Money, named, nullable, oneOf, ParticipantNo, Text, TraceStep, Uscc } from '../../http/schema.ts'
import { POLICY_CODES } from '../../policy/terms.ts'

const at = (description: string) => nullable(InstantOut(description))
const list_max = 20_000

export const ReceiptParams = Type.Object({ uscc: Uscc() })
export const ReceiptQuery = Type.Object({
  format: Type.Optional(oneOf(['json', 'html'], 'json when left out; html: a page to print', { examples: ['json'] }))
}, { additionalProperties: false })
export type ReceiptQuery = Static<typeof ReceiptQuery>

export const ReceiptSchema = named('Receipt', Type.Object({
  uscc: Uscc(),
  name: nullable(Text('Name of the enterprise')),
  needs: Type.Array(named('ReceiptNeed', Type.Object({
    need_no: Text('Number of the need', 40),
    source: Text('By which door it came', 40),
    sender_no: ParticipantNo('Who sent it'),
    sender: nullable(Text('Its name')),
    project_code: nullable(Text('Project', 40)),
    project_name: nullable(Text('Name of the project')),
    amount: Money('Amount'),
    term_months: Type.Integer({ minimum: 1, maximum: 600, description: 'Term in months' }),
    purpose: Text('What for', 500),
    status: Text('State', 40),
    created_at: InstantOut('When it came'),
    answers: Type.Array(named('ReceiptAnswer', Type.Object({
      lead_no: Text('Lead', 40),
      institution_no: ParticipantNo('Institution'),
      institution: nullable(Text('Its name')),
      kind: Text('Bank, guarantor, lessor or platform', 40),
      status: Text('Stage reached', 40),
      pushed_at: InstantOut('Pushed'), contacted_at: at('Contacted'), decided_at: at('Approved or rejected'), approved_at: at('Approved'),
        disbursed_at: at('First drawdown'),
      ended_at: at('Ended without one')
    })), { maxItems: list_max, description: 'Who answered, and how far it got' })
  })), { maxItems: list_max, description: 'Needs of the enterprise' }),
  disclosures: Type.Array(named('ReceiptDisclosure', Type.Object({
    basis: oneOf(['MATCHING', 'SETTLEMENT', 'REGULATOR'],
      'MATCHING: a lead was pushed; SETTLEMENT: a sealed packet was read; REGULATOR: a single case was read'),
    recipient_no: ParticipantNo('Who saw it'),
    recipient: nullable(Text('Its name')),
    disclosed_at: InstantOut('When'),
    authorization_no: nullable(Text('Authorization', 40)),
    lead_no: nullable(Text('Lead', 40)),
    packet_no: nullable(Text('Packet', 40)),
    report: nullable(Text('Report of the single case', 40)),
    fields_released: Type.Array(Text('Field', 60), { maxItems: 100, description: 'Which fields, or which part of a packet' }),
    digest: nullable(Text('Digest of the exact text', 64)),
    case_no: nullable(Text('Case of the regulator', 64)),
    reason: nullable(Text('Its reason', 500))
  })), { maxItems: list_max, description: 'Who saw which field when, the oldest first' }),
  vouchers: Type.Array(named('ReceiptVoucher', Type.Object({
    kind: Text('Kind of subsidy', 40),
    number: Text('Number of the hub', 64),
    voucher_no: Text('Number of the institution', 64),
    institution_no: ParticipantNo('Who sent it'),
    institution: nullable(Text('Its name')),
    project_code: nullable(Text('Project', 40)),
    paid_date: Day('Day of the payment'),
    paid_amount: Money('Interest, fee or premium paid'),
    status: Text('State', 40),
    findings: Type.Array(Finding, { maxItems: 100, description: 'What was found' })
  })), { maxItems: list_max, description: 'Proofs of payments' }),
  subsidies: Type.Array(named('ReceiptSubsidy', Type.Object({
    line_no: Text('Line', 40),
    kind: Text('Kind of subsidy', 40),
    status: Text('State', 40),
    payee_kind: Text('Who is paid', 40),
    voucher_no: Text('Voucher it is derived from', 64),
    institution_no: ParticipantNo('Institution'),
    period: Text('Quarter', 6),
    amount: Money('Subsidy'),
    recognised_amount: nullable(Money('What the audit recognised')),
    finding_code: nullable(Text('Why the audit recognised less', 60)),
    note: nullable(Text('The auditor’s note to it', 1000)),
    payment_status: Text('Where the money is', 40),
    blocked_by: Type.Array(Finding, { maxItems: 50, description: 'What is missing before it can be paid' }),
    policy: Type.Object({ policy_code: oneOf(POLICY_CODES, 'Policy'), version: Text('Version', 40) }),
    trace: Type.Array(TraceStep, { maxItems: 100, description: 'Each step of the amount with its clause' }),
    payments: Type.Array(named('ReceiptPayment', Type.Object({
      payment_no: Text('Payment', 40),
      status: Text('State', 40),
      amount: Money('Amount of this line in it'),
      paid_date: nullable(Day('Day it came through')),
      account_no_masked: nullable(Text('Own account, last four digits', 20, ['****0123'])),
      return_reason: nullable(Text('Why it came back', 500))
    })), { maxItems: 100, description: 'Payments it stood in, also those that came back' }),
    clawbacks: Type.Array(named('ReceiptClawback', Type.Object({
      clawback_no: Text('Claw-back', 40),
      status: Text('State', 40),
      reason: Text('Why', 500),
      amount: Money('What is taken back of this line'),
      taken_back: Money('What of it was kept from later payments')
    })), { maxItems: 100, description: 'What of it is taken back' })
  })), { maxItems: list_max, description: 'Subsidies step by step' }),
  totals: Type.Object({ subsidy: Money('All lines'), recognised: Money('Recognised'), paid: Money('Came through, before what was kept from it'), taken_back: Money('Kept from payments for claw-backs') })
}))

export const receipt_example = {
  uscc: '91500112MAXX00015Q', name: '重庆云岭精密机械有限公司（虚构）',
  needs: [{
    need_no: 'need_01JB2Q8Z6V7K3M5N9P4R1S0T2W', source: 'PARK_BATCH', sender_no: 'park-1', sender: '渝北示范产业园（虚构）',
      project_code: '2606-500112-07-02-100001',
    project_name: '精密加工线数字化改造', amount: '5000000.00', term_months: 36, purpose: '购置数控设备', status: 'PUSHED',
      created_at: '2026-03-18T02:00:00.000Z',
    answers: [{
      lead_no: 'lead_01JB2Q8Z6V7K3M5N9P4R1S0T2W', institution_no: 'bank-1', institution: '巴渝示范银行（虚构）', kind: 'BANK', status: 'CONTACTED',
        pushed_at: '2026-03-18T02:00:01.000Z',
      contacted_at: '2026-03-18T08:00:00.000Z', decided_at: null, approved_at: null, disbursed_at: null, ended_at: null
    }]
  }],
  disclosures: [{
    basis: 'REGULATOR', recipient_no: 'regulator-viewer', recipient: '示范金融监管（虚构）', disclosed_at: '2026-04-02T02:00:00.000Z',
      authorization_no: null, lead_no: null,
    packet_no: null, report: 'subsidy-progress', fields_released: ['subsidy-progress'],
      digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', case_no: 'JG-2026-0001', reason: '专项核查'
  }],
  vouchers: [],
  subsidies: [],
  totals: { subsidy: '0.00', recognised: '0.00', paid: '0.00', taken_back: '0.00' }
}
