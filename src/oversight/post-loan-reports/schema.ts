import Type, { type Static } from 'typebox'
import {
  BusinessNo, Day, Finding, Instant, InstantOut, listOf, Money, named, No, nullable, oneOf, PageQuery, ParticipantNo, ProjectCode, Text, Uscc, Version
} from '../../http/schema.ts'
import { FIVE_GRADES, FUND_USE_TESTS, RISK_LEVELS, TEST_RESULTS, TRENDS } from '../../policy/post-loan.ts'

const strict = { additionalProperties: false } as const
export const FUND_USE_RESULTS = ['COMPLIANT', 'UNCLEAR', 'DIVERTED'] as const

const FundUseCheck = Type.Object({
  result: oneOf(FUND_USE_RESULTS, 'Result of the check 资金用途核查结论'),
  diverted_amount: Type.Optional(Money('Part used for something else 挪用金额')),
  tests: Type.Optional(Type.Array(oneOf(FUND_USE_TESTS, 'Test'), { maxItems: 3, uniqueItems: true, description: 'Tests of the reporter that found something' }))
}, { ...strict, description: 'Check of the use of funds 资金用途核查' })

const Signals = Type.Object({
  output: Type.Optional(oneOf(TRENDS, 'Output 产值')),
  electricity: Type.Optional(oneOf(TRENDS, 'Use of electricity 用电')),
  tax: Type.Optional(oneOf(TRENDS, 'Tax 纳税')),
  employees: Type.Optional(oneOf(TRENDS, 'Employees 用工')),
  lawsuits: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000, description: 'Lawsuits against the enterprise 涉诉', examples: [0] })),
  relocation: Type.Optional(Type.Boolean({ description: 'Whether it is moving away 迁出' }))
}, { ...strict, description: 'Signals of the operation 经营信号' })

const stated = {
  as_of: Day('Day the report is about'),
  balance: Type.Optional(Money('Balance of the drawdown')),
  five_grade_class: Type.Optional(oneOf(FIVE_GRADES, 'Class of the loan 五级分类')),
  overdue_days: Type.Optional(Type.Integer({ minimum: 0, maximum: 20_000, description: 'Days overdue', examples: [0] })),
  fund_use_check: Type.Optional(FundUseCheck),
  project_progress_pct: Type.Optional(Type.String({ pattern: '^(100(\\.0{1,2})?|\\d{1,2}(\\.\\d{1,2})?)$', maxLength: 6,
    description: 'Progress of the project (percent)', examples: ['45'] })),
  signals: Type.Optional(Signals),
  risk_level: Type.Optional(oneOf(RISK_LEVELS, 'Risk as the reporter sees it')),
  note: Type.Optional(Text('In words', 1000, ['设备已到场 6 台']))
}

export const NewPostLoanReport = named('NewPostLoanReport', Type.Object({
  report_no: BusinessNo('Number of the report at the sender 贷后报告编号', ['DH-2026-001']),
  iou_no: Type.Optional(BusinessNo('Own drawdown; a bank names it or the enterprise', ['JJ-2026-0001'])),
  uscc: Type.Optional(Uscc('Enterprise; a park names it')),
  ...stated
}, strict))
export type NewPostLoanReport = Static<typeof NewPostLoanReport>

export const PostLoanReport = named('PostLoanReport', Type.Object({
  number: No('plr', 'Number of the hub'),
  report_no: BusinessNo('Number at the sender'),
  participant_no: ParticipantNo('Sender'),
  reporter_role: oneOf(['BANK', 'PARK'], 'What the sender is'),
  iou_no: nullable(BusinessNo('Drawdown')),
  uscc: Uscc('Enterprise'),
  project_code: nullable(ProjectCode('Project of the drawdown')),
  as_of: stated.as_of,
  balance: nullable(Money('Balance')),
  five_grade_class: nullable(oneOf(FIVE_GRADES, 'Class of the loan')),
  overdue_days: nullable(Type.Integer({ minimum: 0, maximum: 20_000, description: 'Days overdue' })),
  fund_use_check: nullable(Type.Object({
    result: oneOf(FUND_USE_RESULTS, 'Result'),
    diverted_amount: nullable(Money('Part used for something else')),
    tests: Type.Array(oneOf(FUND_USE_TESTS, 'Test'), { maxItems: 3, description: 'Tests of the reporter that found something' })
  }, { description: 'Check of the reporter' })),
  fund_use_tests: Type.Array(Type.Object({ test: oneOf(FUND_USE_TESTS, 'Test'), result: oneOf(TEST_RESULTS, 'Result; UNKNOWN where nothing was reported') }), {
    maxItems: 3, description: 'Tests of the hub over payees and balance of the drawdown'
  }),
  project_progress_pct: nullable(Type.String({ maxLength: 6, description: 'Progress (percent)' })),
  signals: nullable(Type.Object({
    output: nullable(oneOf(TRENDS, 'Output')),
    electricity: nullable(oneOf(TRENDS, 'Electricity')),
    tax: nullable(oneOf(TRENDS, 'Tax')),
    employees: nullable(oneOf(TRENDS, 'Employees')),
    lawsuits: nullable(Type.Integer({ minimum: 0, maximum: 10_000, description: 'Lawsuits' })),
    relocation: nullable(Type.Boolean({ description: 'Moving away' }))
  }, { description: 'Signals of the operation' })),
  risk_level: nullable(oneOf(RISK_LEVELS, 'Risk')),
  note: nullable(Text('In words', 1000)),
  warnings: Type.Array(Finding, { maxItems: 20, description: 'Signals that somebody should act on' }),
  hold_no: nullable(Type.String({ maxLength: 40, description: 'Hold on payments to the enterprise, placed because of diversion',
    examples: ['hold_01JB2Q8Z6V7K3M5N9P4R1S0T2W'] })),
  authorization_no: No('auth', 'Authorization it was taken in under'),
  version: Version,
  created_at: InstantOut('Received'),
  updated_at: InstantOut('Last change')
}))

export const ReportPage = listOf(PostLoanReport)
export const ReportQuery = Type.Object({
  ...PageQuery,
  updated_since: Type.Optional(Instant('Only what changed at or after this instant')),
  uscc: Type.Optional(Uscc('Only of this enterprise')),
  iou_no: Type.Optional(BusinessNo('Only of this drawdown')),
  warned: Type.Optional(Type.Boolean({ description: 'Only with, or only without warnings' }))
}, strict)
export type ReportQuery = Static<typeof ReportQuery>

export const new_report_example = {
  report_no: 'DH-2026-001', iou_no: 'JJ-2026-0001', as_of: '2026-03-18', balance: '8000000.00', five_grade_class: 'NORMAL', overdue_days: 0,
  fund_use_check: { result: 'COMPLIANT' }, project_progress_pct: '45', risk_level: 'LOW'
}

export const report_example = {
  number: 'plr_01JB2Q8Z6V7K3M5N9P4R1S0T2W', participant_no: 'bank-1', reporter_role: 'BANK', uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001',
  ...new_report_example,
  fund_use_check: { result: 'COMPLIANT', diverted_amount: null, tests: [] },
  fund_use_tests: [{ test: 'SAME_DAY_IN_OUT', result: 'PASS' }, { test: 'PREPAID_WITHIN_DAYS', result: 'PASS' }, { test: 'PAYEE_RELATED', result: 'UNKNOWN' }],
  signals: null, note: null, warnings: [], hold_no: null, authorization_no: 'auth_01JB2Q8Z6V7K3M5N9P4R1S0T2W', version: 1,
  created_at: '2026-03-18T02:00:00.000Z', updated_at: '2026-03-18T02:00:00.000Z'
}
