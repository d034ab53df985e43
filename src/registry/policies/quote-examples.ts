/** Examples of the quotes as the contract shows them; the tests compute them again. */
const step = (rule_id: string, clause: string, clause_zh: string, before: string, after: string) => ({ rule_id, clause, clause_zh, before, after })

const half = '渝经信规范〔2024〕11号（一）：按照企业实际项目贷款利率的50%，最高不超过贷款金额的2%给予贴息'

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
        step('A-12', 'S2 (1): interest of the project loan; penalty and compound interest are left out', '渝经信规范〔2024〕11号（一）：项目贷款正常利息，不含罚息、复利', '90000.00', '90000.00'),
        step('L-02', 'S2 (1), S3 (2): the whole project loan without land', '渝经信规范〔2024〕11号（一）：整个技改项目贷款（不含土地）', '90000.00', '90000.00'),
        step('L-01', 'S2 (1): half of the actual project loan rate', half, '90000.00', '45000.00'),
        step('L-03', 'S2 (1): at most 2 % a year on the balance, day by day', half, '45000.00', '45000.00'),
        step('L-06a', 'S2 (13): pay first; what was paid in part counts in part', '渝经信规范〔2024〕11号（十三）：免申即享、先付后贴', '45000.00', '45000.00'),
        step('L-04', 'S2 (1): at most 2 % of the loan per loan and calendar year', '渝经信规范〔2024〕11号（一）：最高不超过贷款金额的2%', '45000.00', '45000.00'),
        step('L-05', 'S2 (1): at most 10 million yuan per enterprise project and year', '渝经信规范〔2024〕11号（一）：单个企业项目每年贴息上限为1000万元', '45000.00', '45000.00'),
        step('L-06', 'S2 (13), S1 5 (2): never more than the interest paid net of other subsidies', '渝经信规范〔2024〕11号（十三）：免申即享、先付后贴；叠加享受国家贴息不超过实付利息', '45000.00', '45000.00')
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
