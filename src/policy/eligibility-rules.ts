import { fail, PASS, unknown, type EligibilityFacts, type EligibilityRule, type Judgement, type Product } from './eligibility-facts.ts'
import { finding } from './findings.ts'
import { isManufacturing, usccRegion } from './identifiers.ts'
import { sumFen, yuanOf } from './money.ts'
import { MANUFACTURING_BASES } from './parameters.ts'
import { addDays, addMonths } from './period.ts'
import { sizeClassOf, type SizeClass } from './size-class.ts'
import { hasLimitTag } from './tags.ts'
import { countOf, fenParameter, readingOf } from './terms.ts'

const BOTH: readonly Product[] = ['TECH_RENO_LOAN', 'PARK_TECH_GUARANTEE']
const PARK_ONLY: readonly Product[] = ['PARK_TECH_GUARANTEE']
const LOAN_ONLY: readonly Product[] = ['TECH_RENO_LOAN']

/** A yes-or-no fact: missing is unknown, the wanted answer passes. */
function wanted (fact: boolean | undefined, missing: () => Judgement, otherwise: () => Judgement): Judgement {
  if (fact === undefined) return missing()
  return fact ? PASS : otherwise()
}

function sizeOf (facts: EligibilityFacts): SizeClass | undefined {
  if (facts.employees !== undefined && facts.revenue_fen !== undefined) return sizeClassOf(facts.employees, facts.revenue_fen)
  return facts.size_class_declared
}

export const ELIGIBILITY_RULES: readonly EligibilityRule[] = [
  {
    id: 'E-01',
    sentence: 'The enterprise is a manufacturer: its main industry is in divisions 13 to 43.',
    sentence_zh: '企业属于制造业（国民经济行业分类 C13—C43）。',
    clause: 'S1 二(一)1; S2 (三)',
    hard: true,
    products: BOTH,
    check: ({ industry_code, project_industry_code }, { loan }) => {
      const by_project = readingOf(loan, 'manufacturing_basis', MANUFACTURING_BASES) === 'PROJECT'
      const code = by_project ? project_industry_code : industry_code
      const manufacturing = code === undefined ? null : isManufacturing(code)
      if (manufacturing === null) return by_project ? unknown('E-01', 'the industry code of the project', '项目行业代码') : unknown('E-01', 'the industry code', '行业代码')
      if (!manufacturing) return fail('E-01', 'NOT_MANUFACTURING',
        `Industry ${code} is no manufacturing (C13–C43); correct the ${by_project ? 'industry of the project' : 'main industry'} if it is wrong.`,
        `行业代码 ${code} 不属于制造业（C13—C43）；如有误请更正${by_project ? '项目所属行业' : '主营行业'}。`)
      if (project_industry_code === undefined || isManufacturing(project_industry_code) !== false) return PASS
      return { result: 'PASS', finding: finding('PROJECT_NOT_MANUFACTURING', 'E-01',
        `The project is filed under ${project_industry_code}, outside manufacturing; make sure that it renovates production.`,
        `项目备案行业 ${project_industry_code} 不在制造业范围；请核实是否为生产线技术改造。`) }
    }
  },
  {
    id: 'E-02',
    sentence: 'The enterprise has a technical renovation project, extensions included.',
    sentence_zh: '企业有技术改造（含改扩建）项目。',
    clause: 'S1 二(一)1; S2 preamble',
    hard: true,
    products: BOTH,
    check: ({ has_project, is_tech_renovation }) => {
      if (has_project === false) return fail('E-02', 'NOT_TECH_RENOVATION', 'No renovation project is known; send its code or name.',
        '未提供技改项目；请补充项目代码或名称。')
      if (has_project === undefined || is_tech_renovation === undefined) return unknown('E-02', 'the renovation project', '技改项目信息')
      return is_tech_renovation ? PASS : fail('E-02', 'NOT_TECH_RENOVATION', 'The project is no technical renovation; name one that is.',
        '该项目不属于技术改造（含改扩建）；请提供技改项目。')
    }
  },
  {
    id: 'E-03',
    sentence: 'The investment of the project without land is at least 1 million yuan.',
    sentence_zh: '技改项目投资额（不含土地）100 万元（含）以上。',
    clause: 'S2 (二); S3 (二)',
    hard: true,
    products: LOAN_ONLY,
    check: ({ total_investment_fen, land_cost_fen }, { loan }) => {
      if (total_investment_fen === undefined || land_cost_fen === undefined) return unknown('E-03', 'total investment and land cost', '总投资和土地费用')
      const without_land = total_investment_fen - land_cost_fen
      const threshold = fenParameter(loan, 'minimum_investment')
      return without_land >= threshold ? PASS : fail('E-03', 'PROJECT_BELOW_THRESHOLD',
        `Investment without land is ${yuanOf(without_land)}, the threshold ${yuanOf(threshold)}; check both figures.`,
        `扣除土地后投资额为 ${yuanOf(without_land)} 元，低于 ${yuanOf(threshold)} 元；请核对总投资和土地费用。`)
    }
  },
  {
    id: 'E-04',
    sentence: 'The project is filed and in the library; nothing more may be asked of the enterprise.',
    sentence_zh: '完成技改备案和项目入库，企业无需再提供其他贴息资料。',
    clause: 'S2 (十三)',
    hard: true,
    products: LOAN_ONLY,
    check: ({ filing_no, is_listed_in_library }) => {
      if (filing_no === '') return fail('E-04', 'PROJECT_NOT_FILED', 'The project is not filed; file it with the district.', '项目尚未备案；请先办理技改备案。')
      if (is_listed_in_library === false) return fail('E-04', 'PROJECT_NOT_LISTED',
        'The project is not in the library; ask the district to list it.',
        '项目尚未入库；请向区县经信部门申请入库。')
      return filing_no === undefined || is_listed_in_library === undefined ? unknown('E-04', 'filing number or library entry', '备案号或入库状态') : PASS
    }
  },
  {
    id: 'E-05',
    sentence: 'The enterprise is medium, small or micro.',
    sentence_zh: '企业符合中小微企业划型标准。',
    clause: 'S1 二(一)2',
    hard: true,
    products: PARK_ONLY,
    check: (facts) => {
      const size = sizeOf(facts)
      if (size === undefined) return unknown('E-05', 'employees and revenue', '从业人员和营业收入')
      return size === 'LARGE' ? fail('E-05', 'NOT_SME', 'The enterprise is large; the park guarantee is for medium, small and micro ones. The renovation loan itself stays open to it.',
        '企业为大型企业，不适用“园区技改担”；仍可申请“技改专项贷”。') : PASS
    }
  },
  {
    id: 'E-06',
    sentence: 'The enterprise is young or technology-based and operates normally.',
    sentence_zh: '具有初创型、科技型特征，生产经营正常。',
    clause: 'S1 二(一)2-3',
    hard: false,
    products: PARK_ONLY,
    check: ({ declares_innovative_features, is_operating, tags }) => {
      if (is_operating === false) return fail('E-06', 'NOT_OPERATING', 'The enterprise does not operate normally; the bank decides.',
        '企业生产经营不正常；由银行审慎判断。')
      const innovative = declares_innovative_features === true || (tags ?? []).length > 0
      return is_operating === undefined || !innovative ? unknown('E-06', 'operation and technology features', '经营状况或科技型特征') : PASS
    }
  },
  {
    id: 'E-07',
    sentence: 'No dishonesty listing or other grave bad record, checked lately.',
    sentence_zh: '无失信被执行等重大不良信用记录（近期已查询）。',
    clause: 'S1 二(一)3',
    hard: true,
    products: BOTH,
    check: ({ is_dishonesty_listed, credit_checked_on, on }, { loan }) => {
      if (is_dishonesty_listed === true) return fail('E-07', 'DISHONESTY_LISTED',
        'The enterprise is on the dishonesty list; it can come back when it is off.',
        '企业被列入失信名单；移出后可再次申请。')
      if (is_dishonesty_listed === undefined || credit_checked_on === undefined) return unknown('E-07', 'a credit check', '信用查询结果')
      return addDays(credit_checked_on, countOf(loan, 'credit_check_days')) < on ? unknown('E-07', `a credit check newer than ${credit_checked_on}`,
        `${credit_checked_on} 之后的信用查询结果`) : PASS
    }
  },
  {
    id: 'E-08',
    sentence: 'A loan to be shared with the national fund meets the rules of the fund.',
    sentence_zh: '申请国担基金分险的，满足国担基金相关要求。',
    clause: 'S1 二(一)4',
    hard: false,
    products: PARK_ONLY,
    check: ({ national_fund_filing_wanted, meets_national_fund_rules }) => {
      if (national_fund_filing_wanted === false) return PASS
      if (national_fund_filing_wanted === undefined) return unknown('E-08', 'whether the national fund shall share', '是否申请国担基金分险')
      return wanted(meets_national_fund_rules, () => unknown('E-08', 'the check against the fund’s rules', '国担基金要求核对结果'),
        () => fail('E-08', 'NOT_FILED_WITH_RE_GUARANTOR', 'The loan does not meet the rules of the national fund; file it without the fund or change it.',
          '不满足国担基金要求；请调整或不申请国担基金分险。'))
    }
  },
  {
    id: 'E-09',
    sentence: 'All limits in force and open needs of an enterprise are at most 10 million yuan, 30 million with a title.',
    sentence_zh: '单户贷款额度原则上不超过 1000 万元，五类资质企业可放宽至 3000 万元。',
    clause: 'S1 二(二)',
    hard: false,
    products: PARK_ONLY,
    check: ({ contract_limits_fen, open_needs_fen, tags, on }, { park }) => {
      if (contract_limits_fen === undefined || open_needs_fen === undefined) return unknown('E-09', 'the sum of limits and open needs',
        '已有额度和未签约需求合计')
      const sum = sumFen([contract_limits_fen, open_needs_fen])
      const tagged = hasLimitTag(tags ?? [], on)
      const limit = fenParameter(park, tagged ? 'household_limit_tagged' : 'household_limit')
      if (sum <= limit) return PASS
      return fail('E-09', 'HOUSEHOLD_LIMIT',
        `Limits and needs sum to ${yuanOf(sum)}, over ${yuanOf(limit)}${tagged ? '' : ' (no title in force)'}; lower the need, or give the reason at the guarantee contract.`,
        `额度与需求合计 ${yuanOf(sum)} 元，超过 ${yuanOf(limit)} 元${tagged ? '' : '（无有效资质）'}；请调减，或在签订保证合同时说明理由。`)
    }
  },
  {
    id: 'E-10',
    sentence: 'A park has in principle at most two active banks.',
    sentence_zh: '原则上每个园区联合的银行不超过 2 家。',
    clause: 'S1 四(二)',
    hard: false,
    products: PARK_ONLY,
    check: ({ active_banks }, { park }) => {
      if (active_banks === undefined) return unknown('E-10', 'the number of active banks', '联合体银行数量')
      const most = countOf(park, 'consortium_banks_max')
      return active_banks <= most ? PASS : fail('E-10', 'CONSORTIUM_BANK_LIMIT',
        `${active_banks} active banks are more than ${most}; MEIC may allow it with a reason.`,
        `联合银行 ${active_banks} 家，超过 ${most} 家；确有需要的由市经济信息委说明理由后放宽。`)
    }
  },
  {
    id: 'E-11',
    sentence: 'The cooperation agreement is in force; its term is three years by default.',
    sentence_zh: '合作协议在有效期内，合作期暂定 3 年。',
    clause: 'S1 四(二)',
    hard: true,
    products: PARK_ONLY,
    check: ({ agreement_from, agreement_to, on }, { park }) => {
      if (agreement_from === undefined) return unknown('E-11', 'the cooperation agreement', '合作协议')
      const to = agreement_to ?? addMonths(agreement_from, 12 * countOf(park, 'cooperation_years'))
      return agreement_from <= on && on < to ? PASS : fail('E-11', 'AGREEMENT_NOT_IN_FORCE',
        `The agreement holds from ${agreement_from} until before ${to}; renew it before new pushes.`,
        `合作协议有效期为 ${agreement_from} 至 ${to}；续签后方可新推送。`)
    }
  },
  {
    id: 'E-12',
    sentence: 'The park is approved by the state or by the municipal government.',
    sentence_zh: '园区为国家级或市人民政府批准的开发区。',
    clause: 'S1 三(三)1',
    hard: true,
    products: PARK_ONLY,
    check: ({ park_level }) => wanted(park_level === undefined ? undefined : park_level !== 'OTHER', () => unknown('E-12', 'the level of the park',
      '园区级别'),
      () => fail('E-12', 'PARK_LEVEL', 'The park is neither national nor municipal; apply through the nearest one that is.',
        '园区非国家级或市级；可就近向符合条件的园区申请。'))
  },
  {
    id: 'E-13',
    sentence: 'A bank applies together with a guarantor.',
    sentence_zh: '银行需联合政府性融资担保机构共同申报。',
    clause: 'S1 三(一)1',
    hard: true,
    products: PARK_ONLY,
    check: ({ guarantors }) => wanted(guarantors === undefined ? undefined : guarantors > 0, () => unknown('E-13',
      'the guarantors of the consortium',
      '联合体担保机构'),
      () => fail('E-13', 'GUARANTOR_MISSING', 'The consortium has no guarantor; add one.', '联合体缺少政府性融资担保机构；请补充。'))
  },
  {
    id: 'E-14',
    sentence: 'The guarantor is a government financing guarantor.',
    sentence_zh: '担保机构为政府性融资担保机构。',
    clause: 'S1 三(二)1',
    hard: true,
    products: PARK_ONLY,
    check: ({ is_government_guarantor }) => wanted(is_government_guarantor, () => unknown('E-14', 'the kind of guarantor', '担保机构性质'),
      () => fail('E-14', 'GUARANTOR_NOT_QUALIFIED', 'The guarantor is no government financing guarantor; choose one that is.',
        '担保机构不属于政府性融资担保机构；请另行选择。'))
  },
  {
    id: 'E-15',
    sentence: 'An enterprise outside the parks may use the nearest park or apply itself, with the same benefits.',
    sentence_zh: '园区外企业可就近向园区或自行登录平台申请，享受同等政策。',
    clause: 'S1 last paragraph',
    hard: false,
    products: PARK_ONLY,
    check: () => PASS
  },
  {
    id: 'E-16',
    sentence: 'The enterprise is registered or really produces in Chongqing.',
    sentence_zh: '企业在重庆注册或实际生产。',
    clause: 'S1 二(一); S2 preamble',
    hard: false,
    products: BOTH,
    check: ({ uscc, site_region_code }) => {
      if (uscc !== undefined && usccRegion(uscc)?.is_chongqing === true) return PASS
      if (site_region_code?.startsWith('50') === true) return PASS
      if (uscc === undefined || site_region_code === undefined) return unknown('E-16', 'where the enterprise produces', '实际生产地')
      return fail('E-16', 'NOT_IN_CHONGQING', 'Neither registration nor site is in Chongqing; send the site of production if there is one.',
        '注册地和生产地均不在重庆；如在渝有生产场所请补充。')
    }
  },
  {
    id: 'E-17',
    sentence: 'A project that got a municipal investment grant may get the subsidy as well.',
    sentence_zh: '获得市工业和信息化专项资金投资补助奖励的项目，可同时申报贴息。',
    clause: 'S2 (十三); S3 (二)',
    hard: false,
    products: LOAN_ONLY,
    check: () => PASS
  }
]
