import Type, { type Static } from 'typebox'
import { BusinessNo, Day, InstantOut, named, No, nullable, oneOf, Text, Uscc } from '../../http/schema.ts'
import { POLICY_CODES } from '../../policy/terms.ts'

export const REPORT_NAMES = ['institution-ranking', 'three-one-clock', 'subsidy-progress', 'park-performance', 'guarantee-breaker',
  'average-guarantee-fee', 'supply-chain-reward',
  'fund-performance', 'district-ledger'] as const
export const REPORT_FORMATS = ['json', 'csv', 'xlsx'] as const

const Count = (description: string, examples: number[] = [0]) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description,
  examples })

export const ReportParams = Type.Object({ report: oneOf(REPORT_NAMES, 'Which report 报表', { examples: ['three-one-clock'] }) })
export type ReportParams = Static<typeof ReportParams>

export const ReportQuery = Type.Object({
  period: Type.Optional(Type.String({ pattern: '^20\\d{2}(Q[1-4])?$', maxLength: 6, description: 'Quarter or year, instead of from and to',
    examples: ['2026Q1'] })),
  from: Type.Optional(Day('First day')),
  to: Type.Optional(Day('First day that no longer counts')),
  region_code: Type.Optional(Type.String({ pattern: '^50\\d{4}$', maxLength: 6, description: 'Only enterprises of this district',
    examples: ['500157'] })),
  format: Type.Optional(oneOf(REPORT_FORMATS, 'json when left out', { examples: ['json'] })),
  case_no: Type.Optional(BusinessNo('Single case: number of the case of the regulator', ['JG-2026-0001'])),
  reason: Type.Optional(Text('Single case: why this enterprise is looked at', 500, ['专项核查'])),
  uscc: Type.Optional(Uscc('Single case: the enterprise')),
  published: Type.Optional(Type.Boolean({ description: 'The published table of three-one-clock: rows of all institutions, small groups hidden' }))
}, { additionalProperties: false })
export type ReportQuery = Static<typeof ReportQuery>

const Cell = Type.Unsafe<string | number | boolean | null>({ type: ['string', 'number', 'boolean', 'null'],
  description: 'Figure of a column; its meaning stands under definitions' })

/** Kinds of things that rows count. */
export const SOURCE_NAMES = ['NEED', 'LEAD', 'DRAWDOWN', 'LEASE_CONTRACT', 'GUARANTEE_CONTRACT', 'COMPENSATION_CLAIM', 'SUBSIDY_PACKET', 'SUBSIDY_LINE', 'PAYMENT', 'PROJECT'] as const

const Basis = named('ReportBasis', Type.Object({
  row: Text('Key of the row: MEIC lists everything behind it at /v1/reports/{report}/basis?row=', 200, ['guarantor-1']),
  objects: Count('How many things were counted', [12]),
  subjects: Type.Array(Text('Number of one of them', 80), { maxItems: 10, description: 'Numbers of some of them' }),
  events: Type.Array(Text('Number of an event about one of them', 40), { maxItems: 10, description: 'Events about those' })
}))

export const ReportSchema = named('Report', Type.Object({
  report: oneOf(REPORT_NAMES, 'Which report'),
  title: Text('Title', 100),
  title_zh: Text('标题', 100),
  period: Type.Object({
    from: Day('First day'), to: Day('First day that no longer counts'),
      as_of: Day('What was due before this day and not done is late: `to`, or today while the period runs')
  }),
  region_code: nullable(Text('District asked for', 6)),
  policy: Type.Object({ policy_code: oneOf(POLICY_CODES, 'Policy'), version: Text('Version in force at the end of the period', 40) }),
  definitions: Type.Array(Type.Object({
    column: Text('Column', 60), definition: Text('What it means', 1000), definition_zh: Text('口径', 1000),
      clause: Text('Clause that asks for it', 200)
  }), { maxItems: 60, description: 'Columns in their order' }),
  rows: Type.Array(named('ReportRow', Type.Object({
    suppressed: Type.Boolean({ description: 'Figures about fewer enterprises than suppression_min_group of the policy are null: three at first' }),
    suppressed_columns: Type.Array(Text('Column', 60), { maxItems: 60,
      description: 'Which ones; one more group is hidden with a single small one' }),
    basis: nullable(Basis)
  }, { additionalProperties: Cell })), { maxItems: 100_000, description: 'One object per row, a member per column' }),
  totals: Type.Array(Type.Object({ group: Text('Rows it is about', 40) }, { additionalProperties: Cell }),
    { maxItems: 100, description: 'Sums of the columns that can be summed; not for own rows' }),
  suppressed_groups: Count('Rows with hidden figures'),
  case_no: nullable(Text('Case of the regulator', 64))
}))

export const ResultParams = Type.Object({ ...ReportParams.properties, result_no: No('result', 'Number of the result') })

export const ReportResultSchema = named('ReportResult', Type.Object({
  result_no: No('result', 'Number of the result'),
  report: oneOf(REPORT_NAMES, 'Which report'),
  status: oneOf(['WAITING'], 'WAITING until it is made; then the report itself is the answer'),
  created_at: InstantOut('When it was asked for')
}))

export const report_result_example = { result_no: 'result_01JB2Q8Z6V7K3M5N9P4R1S0T2W', report: 'three-one-clock', status: 'WAITING', created_at: '2026-04-02T02:00:00.000Z' }

export const report_example = {
  report: 'average-guarantee-fee', title: 'Average guarantee fee', title_zh: '平均担保费率',
    period: { from: '2026-01-01', to: '2026-04-01', as_of: '2026-04-01' }, region_code: null,
  policy: { policy_code: 'FISCAL_FINANCE_LINKAGE', version: '2025-12-06.1' },
  definitions: [
    { column: 'guarantor_no', definition: 'Participant number of the guarantor', definition_zh: '担保机构编号', clause: 'S5 (十); S3 (十五)' },
    { column: 'average_fee_rate_pct', definition: 'Annual fee rate, weighted by the principal guaranteed', definition_zh: '以担保本金加权的年化担保费率',
      clause: 'S5 (十); S3 (十五)' }
  ],
  rows: [{
    guarantor_no: 'guarantor-1', average_fee_rate_pct: '0.8000', suppressed: false, suppressed_columns: [],
    basis: { row: 'guarantor-1', objects: 12, subjects: ['guar_01JB2Q8Z6V7K3M5N9P4R1S0T2W'], events: ['evt_01JB2Q8Z6V7K3M5N9P4R1S0T2W'] }
  }],
  totals: [{ group: 'GUARANTOR' }], suppressed_groups: 0, case_no: null
}
