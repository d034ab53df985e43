/** Examples of the quotes as the contract shows them; the tests compute them again. */
import { BUILT_IN_POLICIES, clauseOf, type PolicyVersion } from '../../policy/terms.ts'

const terms = BUILT_IN_POLICIES.find(({ policy_code }) => policy_code === 'TECH_RENO_LOAN') as PolicyVersion
const step = (rule_id: string, before: string, after: string) => ({ rule_id, ...clauseOf(terms, rule_id), before, after })

export const loan_example = {
  request: {
    kind: 'LOAN_INTEREST',
    eligible_loan_amount: '10000000.00',
    vouchers: [{ voucher_no: 'V-2026Q1', paid_date: '2026-03-21', segments: [{ from: '2025-12-21', to: '2026-03-21', balance: '10000000.00', annual_rate_pct: '3.60' }] }]
  },
  reply: {
    policy: { policy_code: 'TECH_RENO_LOAN', version: '2024-06-09.1' },
    lines: [{
      voucher_no: 'V-2026Q1',
      eligible_interest: '90000.00',
      formula_amount: '45000.00',
      amount: '45000.00',
      trace: [
        step('A-12', '90000.00', '90000.00'),
        step('L-02', '90000.00', '90000.00'),
        step('L-01', '90000.00', '45000.00'),
        step('L-03', '45000.00', '45000.00'),
        step('L-06a', '45000.00', '45000.00'),
        step('L-04', '45000.00', '45000.00'),
        step('L-05', '45000.00', '45000.00'),
        step('L-06', '45000.00', '45000.00')
      ]
    }],
    total: '45000.00'
  }
}

export const risk_example = {
  request: { default_principal: '5000000.00', vintage_liability: '400000000.00', vintage_compensated: '15000000.00' },
  reply: {
    guarantor: '500000.00', fiscal: '375000.00', bank: '4000000.00', re_guarantor: '125000.00', bank_excess: '3000000.00', covered_by_system: '1000000.00',
    headroom_before: '1000000.00', rate_after_pct: '4.0000', state: 'TRIPPED'
  }
}

export const deadline_example = {
  request: { pushed_at: '2026-03-18T09:30:00+08:00' },
  reply: {
    contact_due_date: '2026-03-19', approval_due_date: '2026-03-26', disbursement_due_date: '2026-04-02', contact_due_at: '2026-03-19T16:00:00.000Z',
    approval_due_at: '2026-03-26T16:00:00.000Z', disbursement_due_at: '2026-04-02T16:00:00.000Z', calendar_version: '2026.1', calendar_provisional: false
  }
}
