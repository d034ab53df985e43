/** The nine reports: who may read them, what they are made of, which policy they are about. */
import type { Db } from '../../db/db.ts'
import type { Role } from '../../http/access.ts'
import type { PolicyCode, PolicyVersion } from '../../policy/terms.ts'
import { breaker_columns, clock_columns, district_columns, fee_columns, fund_columns, park_columns, progress_columns, rankingColumns,
  reward_columns } from './columns.ts'
import { averageGuaranteeFee, guaranteeBreaker } from './guarantees.ts'
import { institutionRanking, threeOneClock } from './institutions.ts'
import type { Making } from './making.ts'
import { fundPerformance, subsidyProgress } from './moneys.ts'
import { districtLedger, parkPerformance } from './places.ts'
import { rankingTerms } from './ranking.ts'
import { supplyChainReward } from './rewards.ts'
import { REPORT_NAMES } from './schema.ts'
import type { Source } from './sizes.ts'
import type { Column, Row } from './table.ts'

export const REPORTS = REPORT_NAMES
export type ReportName = typeof REPORTS[number]

export interface ReportSpec {
  title: string
  title_zh: string
  policy_code: PolicyCode
  /** rooms whose events say that something it counts has changed */
  rooms: readonly string[]
  /** what it has to read, by which it is answered at once or later */
  reads: readonly Source[]
  /** columns that tell its rows apart */
  keys: readonly string[]
  /** who sees its own rows only */
  own: readonly Role[]
  /** who reads the rows of all, small groups hidden, once those they are about have seen theirs; nobody: it is not published */
  published_to: readonly Role[]
  /** regulators may ask for one enterprise with a case number */
  single_case: boolean
  /** under the version of its policy that is in force at the end of the period */
  columns (policy: PolicyVersion): readonly Column[]
  make (db: Db, making: Making): Promise<Row[]>
}

const matching = ['financing_need', 'lead'] as const
const lending = ['loan_contract', 'drawdown', 'lease_contract', 'guarantee_contract'] as const
const settling = ['subsidy_line', 'subsidy_packet', 'payment', 'payment_batch', 'budget'] as const
const known = ['participant', 'enterprise', 'project'] as const
const institutions = ['BANK', 'LESSOR', 'GUARANTOR'] as const

export const CATALOGUE: Readonly<Record<ReportName, ReportSpec>> = {
  'institution-ranking': {
    keys: ['institution_no'],
    title: 'Race of institutions', title_zh: '金融机构赛马评价', policy_code: 'TECH_RENO_LOAN',
      rooms: [...matching, ...lending, ...settling, ...known], own: institutions,
      reads: ['leads', 'drawdowns'], published_to: [], single_case: false,
    columns: policy => rankingColumns(rankingTerms(policy)), make: (db, making) => institutionRanking(db.read, making)
  },
  'three-one-clock': {
    keys: ['institution_no'],
    title: 'Clock of one day, one week, one week', title_zh: '“3个1”限时办结监测', policy_code: 'TECH_RENO_LOAN', rooms: [...matching, ...known],
      own: institutions, reads: ['leads'], published_to: [...institutions, 'PARK', 'DISTRICT_MEIC'], single_case: false,
    columns: () => clock_columns, make: (db, making) => threeOneClock(db.read, making)
  },
  'subsidy-progress': {
    keys: ['row_kind', 'year', 'kind', 'fund_source'],
    title: 'Progress of subsidies', title_zh: '贴息补贴兑付进度', policy_code: 'TECH_RENO_LOAN', rooms: [...settling, ...known], own: [],
      reads: ['lines'], published_to: [], single_case: true,
    columns: () => progress_columns, make: (db, making) => subsidyProgress(db.read, making)
  },
  'park-performance': {
    keys: ['park_no'],
    title: 'Performance of parks', title_zh: '园区成效', policy_code: 'PARK_TECH_GUARANTEE', rooms: [...matching, ...lending, ...known],
      own: ['PARK'], reads: ['needs', 'leads', 'drawdowns'], published_to: [], single_case: false,
    columns: () => park_columns, make: (db, making) => parkPerformance(db.read, making)
  },
  'guarantee-breaker': {
    keys: ['guarantor_no', 'bank_no', 'vintage_year'],
    title: 'Breakers of guarantees', title_zh: '担保代偿熔断', policy_code: 'PARK_TECH_GUARANTEE',
      rooms: ['guarantee_contract', 'compensation_claim', 'breaker', 'breaker_settlement'], own: [],
    reads: ['guarantees'], published_to: [], single_case: false, columns: () => breaker_columns, make: (db, making) => guaranteeBreaker(db, making)
  },
  'average-guarantee-fee': {
    keys: ['guarantor_no'],
    title: 'Average guarantee fee', title_zh: '平均担保费率', policy_code: 'FISCAL_FINANCE_LINKAGE', rooms: ['guarantee_contract', ...known],
      own: [], reads: ['guarantees'], published_to: [], single_case: false,
    columns: () => fee_columns, make: (db, making) => averageGuaranteeFee(db.read, making)
  },
  'supply-chain-reward': {
    keys: ['row_kind', 'core_enterprise_uscc'],
    title: 'Reward of core enterprises', title_zh: '供应链核心企业奖励', policy_code: 'TECH_RENO_LOAN',
      rooms: ['loan_contract', 'drawdown', ...known], own: [], reads: ['drawdowns_so_far'], published_to: [], single_case: false,
    columns: () => reward_columns, make: (db, making) => supplyChainReward(db.read, making)
  },
  'fund-performance': {
    keys: ['kind'],
    title: 'Performance of linked funds', title_zh: '财政金融联动资金绩效', policy_code: 'FISCAL_FINANCE_LINKAGE',
      rooms: [...lending, ...settling, ...known], own: [], reads: ['drawdowns', 'lines'], published_to: [], single_case: false,
    columns: () => fund_columns, make: (db, making) => fundPerformance(db.read, making)
  },
  'district-ledger': {
    keys: ['region_code'],
    title: 'Ledger of districts', title_zh: '区县储备库及融资对接台账', policy_code: 'TECH_RENO_LOAN', rooms: [...matching, ...lending, ...known],
      own: ['DISTRICT_MEIC'], reads: ['needs', 'leads', 'drawdowns'], published_to: [], single_case: true,
    columns: () => district_columns, make: (db, making) => districtLedger(db.read, making)
  }
}
