/** Every column of every report with its meaning and clause: the definitions that stand in each answer. */
import { CLOCK_STAGES, type ClockStage } from './clock.ts'
import { rateText } from '../../policy/exact.ts'
import { MEASURES, type RankingTerms } from './ranking.ts'
import type { Column } from './table.ts'

const column = (name: string, clause: string, definition: string, definition_zh: string, more: Pick<Column,
  'sums' | 'about'> = {}): Column =>
  ({ name, ...more, definition, definition_zh, clause })

const race = 'S2 (十六)(十八)(十九)'
const clock = 'S2 (十五)'

const institution = (clause: string): Column[] => [
  column('institution_no', clause, 'Participant number', '参与方编号'),
  column('institution', clause, 'Name of the institution', '机构名称'),
  column('kind', clause, 'BANK, GUARANTOR or LESSOR; each kind races on its own', '机构类别；各类别分别排名')
]

/** The columns of the race under the weights of a policy. */
export function rankingColumns ({ version, weights, list_size }: RankingTerms): Column[] {
  const text = MEASURES.map(measure => `${measure} ${rateText(weights[measure])}`).join(', ')
  return [
    ...institution(race),
    column('rank', race, 'Place among institutions of the kind that lent in the period; equal scores share a place; null without a loan',
      '同类机构中的名次，同分同名次；期内无放款者不排名'),
    column('score', race,
      `Weighted score 0…100, weights ${text} (version ${version}). Volume and rate count by place, shares by value; what cannot be measured takes its weight out. ` +
      'The text names the criteria and leaves the weights to the authority: they are parameters of the policy', `综合得分 0–100，权重版本 ${version}：${text}；政策列明维度、未定权重，权重为该政策版本的参数`,
    { about: ['drawn', 'pushed', 'decided', 'audited'] }),
    column('proposed_for_next_year', 'S2 (十八)',
      `Rank within the first ${list_size}: proposed for the cooperating list of the next year (3 to 5 of each kind), decided by the authority`,
      `名次在前 ${list_size} 名：建议列入下一年度合作机构名单，由主管部门决定`),
    column('volume', race, 'Drawdowns accepted by the hub with a disbursement day in the period', '期内放款金额（平台受理的借据）',
      { sums: 'MONEY', about: ['drawn'] }),
    column('drawdowns', race, 'Number of those drawdowns', '放款笔数', { sums: 'COUNT', about: ['drawn'] }),
    column('enterprises', race, 'Enterprises lent to', '放款企业数', { about: ['drawn'] }),
    column('average_rate_pct', 'S2 (十四)', 'Contract rate at signing, weighted by the drawdowns of the period', '以期内放款额加权的合同利率',
      { about: ['drawn'] }),
    column('discount_to_lpr_bp', 'S2 (十四)',
      'Loan prime rate of the disbursement day less the contract rate, weighted, in basis points; terms over five years against LPR ' +
        '5Y+, others against LPR 1Y',
      '放款日 LPR 减合同利率的加权平均（基点）；期限五年以上用 5 年期以上 LPR，其余用 1 年期', { about: ['drawn'] }),
    column('lpr_provisional', 'S2 (十四)',
      'The period reaches beyond the last announcement of the prime rate that the hub knows; the last one was used',
        '期间超出已录入的最近一次 LPR 公告，按最近一次计算'),
    column('punctuality_pct', clock,
      'Stages of the 3个1 clock done on time net of pauses ÷ stages that can be judged, leads pushed in the period',
        '“3个1”各环节净时限内完成数÷可判定环节数', { about: ['pushed'] }),
    column('approval_pct', race, 'Leads approved ÷ leads decided, leads pushed in the period', '审批通过率（通过÷已决策）', { about: ['decided'] }),
    column('audit_cut_pct', 'S2 (十三)', 'Claimed less recognised ÷ claimed, packets audited in the period; less is better',
      '审减率（审减额÷申报额），越低越好', { about: ['audited'] }),
    column('relending_pct', 'S2 (四)(十八)', 'Part of the volume under contracts carried by relending of the central bank', '再贷款支持的放款占比',
      { about: ['drawn', 'relent', 'not_relent'] })
  ]
}

const stage_names: Record<ClockStage, [string, string]> = {
  contact: ['push to contact (1 working day)', '对接（1 个工作日）'], approval: ['contact to decision (1 week)', '方案设计和报批（1 周）'],
    disbursement: ['approval to first drawdown (1 week)', '贷款发放（1 周）']
}

export const clock_columns: readonly Column[] = [
  ...institution(clock),
  column('enterprises', clock, 'Enterprises of the leads', '线索涉及企业数', { about: ['pushed'] }),
  column('leads', clock, 'Leads pushed in the period', '期内推送线索数', { sums: 'COUNT', about: ['pushed'] }),
  column('decided', clock, 'Of them approved or rejected', '已审批（通过或拒绝）', { sums: 'COUNT', about: ['pushed'] }),
  column('approved', clock, 'Of them approved', '审批通过', { sums: 'COUNT', about: ['pushed'] }),
  column('disbursed', clock, 'Of them with a drawdown', '已放款', { sums: 'COUNT', about: ['pushed'] }),
  ...CLOCK_STAGES.flatMap(stage => {
    const [name, name_zh] = stage_names[stage]
    const about = [stage]
    return [
      column(`${stage}_judged`, clock, `${name}: done, or due by the end of the period (today while it runs) net of pauses and not done`,
        `${name_zh}：已完成，或截至期末（期内为今日）扣除暂停后已到期未完成`, { sums: 'COUNT', about }),
      column(`${stage}_on_time`, clock, `${name}: done before its due instant`, `${name_zh}：时限内完成`, { sums: 'COUNT', about }),
      column(`${stage}_on_time_net`, clock, `${name}: done before its due instant when pauses do not count`, `${name_zh}：扣除暂停后时限内完成`,
        { sums: 'COUNT', about }),
      column(`${stage}_median_hours`, clock, `${name}: median duration of those done, in hours`, `${name_zh}：完成用时中位数（小时）`, { about }),
      column(`${stage}_median_hours_net`, clock, `${name}: the same without pauses`, `${name_zh}：扣除暂停后的用时中位数（小时）`, { about })
    ]
  })
]

const progress = 'S2 (十三)(十九); S5 (十一)'
export const progress_columns: readonly Column[] = [
  column('row_kind', progress,
    'BUDGET: a budget of a year of the period; LINES: subsidy lines whose payment by the enterprise lies in the period',
      'BUDGET：期间所涉年度的预算；LINES：付息（费）日在期内的补贴明细'),
  column('year', progress, 'Budget year, or year of the ceiling', '预算年度或限额年度'),
  column('fund_source', progress, 'Source of the money', '资金来源'),
  column('budget', progress, 'Budget', '预算金额', { sums: 'MONEY' }),
  column('used', progress, 'Bound by closed batches', '已占用（已封批）', { sums: 'MONEY', about: ['bound', 'waiting'] }),
  column('budget_paid', progress, 'Payments that came through', '已拨付到账', { sums: 'MONEY', about: ['payees'] }),
  column('kind', progress, 'Kind of subsidy', '补贴种类'),
  column('lines', progress, 'Lines', '明细数', { sums: 'COUNT', about: ['listed'] }),
  column('enterprises', progress, 'Enterprises', '企业数', { about: ['listed'] }),
  column('blocked', progress, 'Derived but not payable yet: a fact is missing', '已测算、因缺少要件暂不可付', { sums: 'MONEY', about: ['listed', 'blocked'] }),
  column('open', progress, 'Derived, not yet in a submitted packet', '已测算、尚未报送', { sums: 'MONEY', about: ['listed', 'open'] }),
  column('frozen', progress, 'In a submitted packet, not yet approved', '已报送、尚未核定', { sums: 'MONEY', about: ['listed', 'frozen'] }),
  column('approved', progress, 'Recognised by audit and approved, paid or not', '已核定（含已付）', { sums: 'MONEY', about: ['listed', 'approved', 'unpaid'] }),
  column('paid', progress, 'Of it paid: came through', '其中已到账', { sums: 'MONEY', about: ['listed', 'paid'] })
]

const kpi = 'S1 三(三)4'
export const park_columns: readonly Column[] = [
  column('park_no', kpi, 'Participant number of the park', '园区编号'),
  column('park', kpi, 'Name of the park', '园区名称'),
  column('region_code', kpi, 'District of the park', '园区所在区县'),
  column('new_loan_amount', kpi, 'Drawdowns of the period on contracts that came from needs of the park: new manufacturing loans',
    '园区新增制造业贷款额度：期内由园区推送需求形成的放款', { sums: 'MONEY', about: ['drawn', 'fresh'] }),
  column('borrowers', kpi, 'Enterprises that received them', '获贷企业数', { about: ['drawn', 'fresh'] }),
  column('new_borrowers', kpi, 'Of them without any drawdown before the period: newly financed enterprises', '园区新增制造业贷款企业数量：此前无放款的企业',
    { about: ['drawn', 'fresh'] }),
  column('leading_industry_renovated_pct', kpi,
    'Of the enterprises the park described with a revenue of at least 20 million yuan (规上) in the industries its consortium supports: ' +
      'share that began a renovation project before the end of the period, by its start or a drawdown; null where there is none',
    '主导产业累计实施技术改造的规上工业企业占比：园区报送的、属联合体支持行业且营业收入 2000 万元以上的企业中，截至期末已开工或已放款的占比', { about: ['leading'] }),
  column('needs', 'S1 四(三)2', 'Needs received in the period', '期内融资需求数', { sums: 'COUNT', about: ['needing'] }),
  column('needed_amount', 'S1 四(三)2', 'Their amount', '融资需求金额', { sums: 'MONEY', about: ['needing'] }),
  column('leads', 'S1 四(三)3', 'Leads pushed in the period', '期内推送线索数', { sums: 'COUNT', about: ['pushed'] }),
  column('contacted_on_time_pct', clock, 'Contacts on time net of pauses ÷ those that can be judged', '按时对接率（扣除暂停）', { about: ['pushed'] }),
  column('approved', 'S1 四(三)4', 'Of the leads approved', '审批通过线索数', { sums: 'COUNT', about: ['pushed'] }),
  column('disbursed', 'S1 四(三)4', 'Of the leads with a drawdown', '已放款线索数', { sums: 'COUNT', about: ['pushed'] }),
  column('listed_projects', 'S1 四(三)6', 'Projects in the library now whose need the park brought', '现已入库且由园区推送需求的项目数',
    { sums: 'COUNT', about: ['owners'] })
]

const ledger = 'S2 (十九)'
export const district_columns: readonly Column[] = [
  column('region_code', ledger, 'District of the enterprise (GB/T 2260); null when it is not known', '企业所在区县代码；未知为空'),
  column('district', ledger, 'Name of the district', '区县名称'),
  column('listed_projects', ledger, 'Projects in the library now (重点技改项目储备库)', '现已入库项目数', { sums: 'COUNT', about: ['owners'] }),
  column('needs', ledger, 'Needs received in the period', '期内融资需求数', { sums: 'COUNT', about: ['needing'] }),
  column('needed_amount', ledger, 'Their amount', '融资需求金额', { sums: 'MONEY', about: ['needing'] }),
  column('leads', ledger, 'Leads pushed in the period', '期内推送线索数', { sums: 'COUNT', about: ['pushed'] }),
  column('approvals', ledger, 'Approvals of banks and lessors in the period', '期内银行、租赁审批通过数', { sums: 'COUNT', about: ['approved'] }),
  column('approved_amount', ledger, 'Amount of those approvals', '审批通过金额', { sums: 'MONEY', about: ['approved'] }),
  column('disbursed_amount', ledger, 'Drawdowns of the period', '期内放款金额', { sums: 'MONEY', about: ['drawn'] }),
  column('enterprises_needing', ledger, 'Enterprises with a need of the period', '有融资需求企业数', { about: ['needing'] }),
  column('enterprises_lent_to', ledger, 'Enterprises with a drawdown of the period', '获得放款企业数', { about: ['drawn'] })
]

const fund = 'S5 (十一) and last chapter: performance of linked funds'
export const fund_columns: readonly Column[] = [
  column('kind', fund, 'Kind of subsidy', '补贴种类'),
  column('subsidy_paid', fund, 'Subsidies that came through in the period', '期内到账补贴', { sums: 'MONEY', about: ['paid'] }),
  column('lines_paid', fund, 'Lines paid', '已付明细数', { sums: 'COUNT', about: ['paid'] }),
  column('enterprises', fund, 'Enterprises they are about', '涉及企业数', { about: ['paid'] }),
  column('loans_disbursed', fund, 'Drawdowns of the period; loan interest only', '期内放款（仅贷款贴息）', { about: ['drawn'] }),
  column('subsidy_per_loan_yuan', fund, 'Subsidy paid ÷ loans disbursed: how much money of the budget moves how much credit', '每元放款对应补贴',
    { about: ['paid', 'drawn'] }),
  column('average_days_to_payment', 'S2 (十三)', 'Days from the payment by the enterprise to the payment of the subsidy, average over lines',
    '企业付息（费）至补贴到账平均天数', { about: ['paid'] }),
  column('payments_answered', fund, 'Payments the treasury answered in the period', '期内有回执的拨付笔数', { about: ['answered'] }),
  column('payments_returned', fund, 'Of them returned', '其中退回笔数', { about: ['answered'] }),
  column('returned_pct', fund, 'Their share', '退回占比', { about: ['answered'] })
]

const fee = 'S5 (十); S3 (十五)'
export const fee_columns: readonly Column[] = [
  column('guarantor_no', fee, 'Participant number of the guarantor', '担保机构编号'),
  column('guarantor', fee, 'Name of the guarantor', '担保机构名称'),
  column('guarantees', fee, 'Guarantees that began in the period', '期内新增担保笔数', { sums: 'COUNT', about: ['guaranteed'] }),
  column('enterprises', fee, 'Enterprises guaranteed', '被担保企业数', { about: ['guaranteed'] }),
  column('guaranteed_amount', fee, 'Principal guaranteed', '担保本金', { sums: 'MONEY', about: ['guaranteed'] }),
  column('average_fee_rate_pct', fee, 'Annual fee rate, weighted by the principal guaranteed', '以担保本金加权的年化担保费率', { about: ['guaranteed'] }),
  column('ceiling_pct', 'S5 (十)', 'Highest average the policy wants', '政策要求的平均费率上限'),
  column('within_ceiling', 'S5 (十)', 'Whether the average is within it; null without a guarantee', '是否在上限以内', { about: ['guaranteed'] }),
  column('focus_amount_max', 'S5 (十)', 'Guaranteed principal per household that the policy puts first', '政策重点支持的单户担保金额上限'),
  column('focus_pct', 'S5 (十)', 'Part of the principal for enterprises within it, by what the guarantor guarantees them in the period', '单户金额在重点范围内的担保本金占比',
    { about: ['guaranteed', 'focused', 'beyond_focus'] })
]

const breaker = 'S1 五(一)'
export const breaker_columns: readonly Column[] = [
  column('guarantor_no', breaker, 'Guarantor', '担保机构'),
  column('bank_no', breaker, 'Bank', '银行'),
  column('vintage_year', breaker, 'Year of the guarantees', '担保年度'),
  column('state', breaker, 'NORMAL, WARNING from 75 % of the cap, TRIPPED when it is reached; null for one district, since the cap is of the whole', '熔断状态；按区县查询时为空', { about: ['guaranteed'] }),
  column('enterprises', breaker, 'Enterprises guaranteed', '被担保企业数', { about: ['guaranteed'] }),
  column('liability', breaker, 'Guaranteed liability of the vintage (80 % of the principal): denominator', '当年新增担保责任额（本金的 80%）',
    { sums: 'MONEY', about: ['guaranteed'] }),
  column('cap', breaker, '4 % of it; null for one district', '熔断上限；按区县查询时为空', { sums: 'MONEY', about: ['guaranteed'] }),
  column('compensated', breaker, 'Covered by the system less settled recoveries: numerator', '代偿额（扣除已清算追偿）',
    { sums: 'MONEY', about: ['guaranteed', 'claimed'] }),
  column('vintage_rate_pct', `${breaker}; reading A-08 (a)`, 'Rate the breaker goes by: compensated ÷ guaranteed liability of the vintage',
    '熔断口径：代偿额÷当年新增担保责任额', { about: ['guaranteed', 'claimed'] }),
  column('compensation_rate_pct', 'reading A-08 (b)',
    'Supervisory rate: cumulative compensation ÷ cumulative released guarantees; null while nothing is released', '监管口径代偿率：累计代偿÷累计解除担保',
      { about: ['guaranteed', 'claimed', 'released'] })
]

const reward = 'S3 (四), rule X-01'
export const reward_columns: readonly Column[] = [
  column('row_kind', reward, 'ALL: all core enterprises together; CORE_ENTERPRISE: one of them', 'ALL：全部核心企业合计；CORE_ENTERPRISE：单户'),
  column('core_enterprise_uscc', reward, 'Core enterprise that loan contracts name; who takes part in the pilot is for the authority to decide',
    '借款合同载明的核心企业；是否属试点由主管部门认定', { about: ['core'] }),
  column('core_enterprises', reward, 'Core enterprises', '核心企业户数', { about: ['core'] }),
  column('borrowers', reward, 'Enterprises lent to', '获贷链上企业户数', { about: ['core', 'promoted'] }),
  column('promoted_amount', reward,
    'Loans really promoted: drawdowns of the period, within the days of the policy, on contracts that name the core enterprise (渝链贷)',
    '实际促进贷款额：载明该核心企业的借款合同（“渝链贷”等）在政策期内、报告期内的放款', { sums: 'MONEY', about: ['core', 'promoted'] }),
  column('reward', reward,
    '0.5 % of all promoted since the policy began, at most 1 million yuan per household, less the same for what was promoted before the period',
    '政策施行以来促进贷款额的 5‰（单户最高 100 万元）减去期前同口径金额', { sums: 'MONEY', about: ['core', 'promoted'] })
]
