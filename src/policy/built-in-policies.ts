import type { Clause, PolicyVersion } from './terms.ts'

const of = (clause: string, clause_zh: string): Clause => ({ clause, clause_zh })

const LOAN_RATE = '渝经信规范〔2024〕11号（一）：按照企业实际项目贷款利率的50%，最高不超过贷款金额的2%给予贴息'
const PAY_FIRST = '渝经信规范〔2024〕11号（十三）：免申即享、先付后贴'
const PREMIUM = '渝经信规范〔2024〕11号（六）：按照实际投保年度保费的80%进行补贴'
const FEE = '渝经信规范〔2024〕11号（五）：年化担保费率不超过1%的融资担保机构，按不超过实际担保费率的50%给予奖补'
const SHARES = '渝经信规范〔2025〕10号五（一）：担保机构(40%)、市级以上财政(30%)、银行(20%)、再担保机构(10%)'

/** S2 and S3, printed 2024-05-10, in force thirty days later, until the end of the plan. */
const TECH_RENO_LOAN: PolicyVersion = {
  policy_code: 'TECH_RENO_LOAN',
  version: '2024-06-09.1',
  title: 'Technical renovation loan: twenty measures (2024–2027) and fifteen measures of financial support for manufacturing',
  title_zh: '“技改专项贷”二十条政策措施（2024—2027年）、金融支持制造业高质量发展十五条政策措施',
  effective_from: '2024-06-09',
  effective_to: '2027-12-31',
  parameters: {
    subsidy_share_of_rate_pct: '50',
    subsidy_rate_max_pct: '2',
    loan_year_ceiling_pct: '2',
    loan_amount_basis: 'DISBURSED',
    project_year_ceiling: '10000000.00',
    project_ceiling_owner: 'PROJECT',
    syndicate_ceiling: 'PROJECT',
    interest_counts_from: '2024-06-09',
    earlier_contracts: 'ACCEPTED',
    subsidy_basis: 'BALANCE_DAYS',
    rate_basis: 'EXECUTED',
    year_basis: 'PAID_DATE',
    extended_period_interest: 'EXCLUDED',
    manufacturing_basis: 'ENTERPRISE',
    minimum_investment: '1000000.00',
    lease_rate_pct: '2',
    lease_project_year_ceiling: '5000000.00',
    lease_ceiling: 'SEPARATE',
    lease_partial_payment: 'PROPORTIONAL',
    leaseback_months_max: 6,
    guarantee_fee_share_pct: '50',
    guarantee_fee_rate_max_pct: '1',
    guarantee_fee_ceiling: '1000000.00',
    guarantee_fee_ceiling_span: 'LIFETIME',
    guarantee_fee_payee: 'GUARANTOR',
    premium_share_pct: '80',
    premium_rate_max_pct: '3',
    premium_rate_rule: 'RECOGNISE_UP_TO',
    first_set_ceiling: '5000000.00',
    first_set_ceiling_owner: 'PRODUCT',
    first_version_ceiling: '1000000.00',
    renovation_loss_ceiling: '1000000.00',
    premium_ceiling_span: 'POLICY_YEAR',
    reward_share_pct: '0.5',
    reward_ceiling: '1000000.00',
    ranking_volume_pct: '25',
    ranking_rate_preference_pct: '20',
    ranking_punctuality_pct: '20',
    ranking_approval_pct: '15',
    ranking_audit_pct: '10',
    ranking_relending_pct: '10',
    ranking_list_size: 5,
    score_preview_working_days: 5,
    suppression_min_group: 3,
    older_evidence: 'HOLD',
    budget_priority: 'COOPERATING_FIRST',
    contact_work_days: 1,
    plan_and_approval_days: 7,
    disbursement_days: 7,
    need_clock: 'FIRST_BANK',
    week_reading: 'CALENDAR_DAYS',
    recalculation_pass_amount: '1.00',
    recalculation_pass_pct: '0.01',
    recalculation_warn_pct: '0.5',
    plausible_rate_min_pct: '1',
    plausible_rate_max_pct: '12',
    gap_days_max: 1,
    credit_check_days: 30
  },
  clauses: {
    'OUTSIDE_POLICY_PERIOD': of('S2, title and last paragraph: in force from 2024-06-09 to 2027-12-31', '渝经信规范〔2024〕11号：2024—2027年……本政策措施自印发之日起三十日后施行'),
    'A-12': of('S2 (1), reading A-12: normal interest only; penalty and compound interest are left out', '渝经信规范〔2024〕11号（一）：实际项目贷款利率。执行口径：仅计正常利息，不含罚息、复利'),
    'A-24': of('S2, last paragraph, strict reading A-24: interest on contracts signed before the policy does not count', '渝经信规范〔2024〕11号：自印发之日起三十日后施行。执行口径：从严理解，施行前签订的合同不计'),
    'L-01': of('S2 (1): half of the actual project loan rate', LOAN_RATE),
    'L-02': of('S2 (1), S3 (2): the whole project loan without land', '渝经信规范〔2024〕11号（一）：整个技改项目贷款（不含土地）'),
    'L-03': of('S2 (1): at most 2 % a year on the balance, day by day', LOAN_RATE),
    'L-04': of('S2 (1), reading A-02: at most 2 % of the loan per loan and calendar year', '渝经信规范〔2024〕11号（一）：最高不超过贷款金额的2%。执行口径：按单笔贷款、自然年度'),
    'L-05': of('S2 (1): at most 10 million yuan per enterprise project and year', '渝经信规范〔2024〕11号（一）：单个企业项目每年贴息上限为1000万元'),
    'L-06a': of('S2 (13), reading: pay first; what was paid in part counts in part', `${PAY_FIRST}。执行口径：部分付息按实付比例计算`),
    'L-06': of('S2 (13), S1 5 (2), reading: never more than the interest paid net of other subsidies', `${PAY_FIRST}。执行口径：叠加国家等其他贴息后不超过实付利息`),
    'L-07': of('S2 (19): loans of cooperating institutions first', '渝经信规范〔2024〕11号（十九）：优先兑现合作银行业金融机构和融资租赁机构发放的“技改专项贷”贷款贴息'),
    'Z-01': of('S2 (3), S3 (12): 2 % on direct leases', '渝经信规范〔2024〕11号（三）：将符合条件的融资租赁直租业务（含“直转回”……给予2%的贴息'),
    'Z-01-CEILING': of('S2 (3): at most 5 million yuan per enterprise project and year', '渝经信规范〔2024〕11号（三）：单个企业项目每年贴息上限为500万元'),
    'G-01': of('S2 (5): half of the guarantee fee charged', FEE),
    'G-02': of('S2 (5): only where the annualised fee rate is at most 1 %', FEE),
    'G-01-CEILING': of('S2 (5), reading A-16: at most 1 million yuan per enterprise project, for ever', '渝经信规范〔2024〕11号（五）：单个企业项目担保奖补上限为100万元。执行口径：终身累计'),
    'A-14': of('S2 (6), S3 (13), reading A-14: premium recognised up to 3 % of the insured amount', '渝经信规范〔2024〕11号（六）：实际保险费率不超过3%的上限。执行口径：超过部分的保费不予认定'),
    'I-01': of('S2 (6), S3 (13): 80 % of the annual premium, first set of equipment', '渝经信规范〔2024〕11号（六）：对首台（套）重大技术装备，按照不超过实际投保年度保费的80%'),
    'I-02': of('S2 (6), S3 (13): 80 % of the annual premium, first version of software', PREMIUM),
    'I-03': of('S2 (6), S3 (13): 80 % of the annual premium, renovation cost loss', PREMIUM),
    'I-01-CEILING': of('S2 (6), S3 (13), reading A-15: at most 5 million yuan per product and policy year', '渝经信规范〔2024〕11号（六）：给予单个产品最高500万元保费补贴。执行口径：按保单年度'),
    'I-02-CEILING': of('S2 (6), S3 (13), reading A-15: at most 1 million yuan per policy year', '渝经信规范〔2024〕11号（六）：最高不超过100万元。执行口径：按企业、险种、保单年度'),
    'I-03-CEILING': of('S2 (6), S3 (13), reading A-15: at most 1 million yuan per policy year', '渝经信规范〔2024〕11号（六）：最高不超过100万元。执行口径：按企业、险种、保单年度'),
    'X-01': of('S3 (4): 0.5 % of the loans promoted', '渝经信规范〔2024〕12号（四）：按其实际促进贷款额的5‰……给予奖励'),
    'X-01-CEILING': of('S3 (4): at most 1 million yuan per household', '渝经信规范〔2024〕12号（四）：单户最高不超过100万元')
  }
}

/** S1, printed 2025-12-13, in force thirty days later, open end. */
const PARK_TECH_GUARANTEE: PolicyVersion = {
  policy_code: 'PARK_TECH_GUARANTEE',
  version: '2026-01-12.1',
  title: 'Park renovation guarantee: implementation plan',
  title_zh: '重庆市推动“园区技改担”实施方案',
  effective_from: '2026-01-12',
  effective_to: null,
  parameters: {
    household_limit: '10000000.00',
    household_basis: 'CONTRACT',
    household_limit_tagged: '30000000.00',
    consortium_banks_max: 2,
    cooperation_years: 3,
    guaranteed_share_pct: '80',
    share_guarantor_pct: '40',
    share_fiscal_pct: '30',
    fiscal_municipal_pct: '100',
    fiscal_state_fund_pct: '0',
    share_bank_pct: '20',
    share_re_guarantor_pct: '10',
    breaker_cap_pct: '4',
    breaker_warning_share_pct: '75',
    breaker_scope: 'GUARANTOR_BANK',
    breaker_denominator: 'VINTAGE_LIABILITY',
    breaker_crossing_claim: 'PARTIAL',
    breaker_recoveries: 'YEAR_END',
    claim_filing_days_max: 90,
    claim_decision_days: 30,
    list_amount_min: '10000.00',
    list_amount_max: '1000000000.00',
    park_evidence: 'DECLARATION',
    authorization_months_after_term: 24
  },
  clauses: {
    'E-09': of('S1 2 (2): 10 million yuan per household in principle, 30 million with a title', '渝经信规范〔2025〕10号二（二）：单户贷款额度原则上不超过1000万元……可放宽至3000万元'),
    'E-10': of('S1 4 (2): in principle at most two banks per park', '渝经信规范〔2025〕10号四（二）：原则上每个园区联合的银行不超过2家'),
    'E-11': of('S1 4 (2): cooperation for three years', '渝经信规范〔2025〕10号四（二）：合作期暂定3年'),
    'R-01': of('S1 5 (1): guarantor 40 %, fiscal 30 %, bank 20 %, re-guarantor 10 %', SHARES),
    'R-02': of('S1 5 (1): compensation rate at most 4 %, the excess is borne by the bank', '渝经信规范〔2025〕10号五（一）：代偿熔断上限设置为4%……超出担保代偿上限的业务风险由合作银行承担')
  }
}

/** S5, in force from the day it was printed. */
const FISCAL_FINANCE_LINKAGE: PolicyVersion = {
  policy_code: 'FISCAL_FINANCE_LINKAGE',
  version: '2025-12-06.1',
  title: 'Fiscal and financial linkage in support of the economy: implementation plan',
  title_zh: '重庆市加强财政金融联动支持经济高质量发展实施方案',
  effective_from: '2025-12-06',
  effective_to: null,
  parameters: {
    average_guarantee_fee_max_pct: '1',
    focus_guaranteed_amount_max: '10000000.00'
  },
  clauses: {
    'F-01': of('S5 (10): average guarantee fee rate within 1 %', '渝府办发〔2025〕59号（十）：平均担保费率保持在1%以内'),
    'F-02': of('S5 (10): focus on guarantees up to 10 million yuan per household', '渝府办发〔2025〕59号（十）：重点为单户担保金额在1000万元及以下的小微企业和“三农”主体')
  }
}

export const BUILT_IN_POLICIES: readonly PolicyVersion[] = [TECH_RENO_LOAN, PARK_TECH_GUARANTEE, FISCAL_FINANCE_LINKAGE]
