/**
 * The closed list of refusals: code → status and title in both languages.
 * What a refused request learns is here; broken rules of a row or voucher are findings (policy/findings.ts).
 */
const PROBLEMS = {
  invalid_request: [400, 'The request does not have the agreed form', '请求不符合约定的格式'],
  idempotency_key_missing: [400, 'The header Idempotency-Key is missing or malformed', '缺少或错误的 Idempotency-Key 请求头'],
  unauthenticated: [401, 'The caller is not known', '无法确认调用方身份'],
  signature_required: [401, 'This decision has to be signed', '此操作须附请求签名'],
  signature_invalid: [401, 'The request signature is not valid', '请求签名无效'],
  role_not_allowed: [403, 'This role may never do that', '该角色无权执行此操作'],
  person_required: [403, 'A person has to decide this, not a machine', '此操作须由自然人用户作出，机器账号不可'],
  own_work: [403, 'Nobody may decide on their own work', '不得审核本人经办的事项'],
  authorization_missing: [403, 'The enterprise has not given an authorization for this', '企业尚未就此授权'],
  authorization_not_active: [403, 'The authorization of the enterprise is not active', '企业授权未生效、已过期或已撤回'],
  not_found: [404, 'Nothing is there for this caller', '对该调用方不存在'],
  request_timeout: [408, 'The request did not arrive in time; please send it again', '请求未能及时传完，请重新发送'],
  duplicate_key: [409, 'The same business number was used with other content', '同一业务编号已用于其他内容'],
  state_conflict: [409, 'The present state does not allow this step', '当前状态不允许此操作'],
  period_overlap: [409, 'The period overlaps one that is already there', '期间与已有期间重叠'],
  changed_since: [409, 'What is to be approved has changed since', '待审批内容已发生变化'],
  stale_version: [412, 'The object was changed by somebody else', '对象已被他人修改'],
  payload_too_large: [413, 'The body is too large', '请求体过大'],
  unsupported_media_type: [415, 'This media type is not accepted here', '不支持的媒体类型'],
  idempotency_mismatch: [422, 'The idempotency key was used for another request', '该幂等键已用于其他请求'],
  version_required: [428, 'The header If-Match with the version is needed', '需要携带版本的 If-Match 请求头'],
  headers_too_large: [431, 'The headers are too large', '请求头过大'],
  rate_limited: [429, 'Too many requests from this client', '该客户端请求过于频繁'],
  storage_unavailable: [503, 'The hub cannot use its storage now; please send the same request again, under the same Idempotency-Key', '系统存储暂不可用，请稍后以相同的 Idempotency-Key 重发同一请求'],
  overloaded: [503, 'The hub is busy; please try again shortly', '系统繁忙，请稍后重试'],
  report_failed: [500, 'The report could not be made; this has been recorded, please ask for it again', '报表未能生成，问题已记录，请重新申请'],
  internal_error: [500, 'The hub made a mistake; it has been recorded', '系统内部错误，已记录'],
  // Rules: well-formed requests that break one.
  rule_broken: [422, 'The request breaks a rule', '请求违反规则'],
  uscc_check_digit: [422, 'The unified social credit code is not valid', '统一社会信用代码校验不通过'],
  project_code_invalid: [422, 'The project code is not valid', '项目代码不符合规则'],
  cnaps_invalid: [422, 'The CNAPS code is not valid', '联行号校验不通过'],
  account_not_corporate: [422, 'The account number does not look like a corporate account', '账号疑似非对公账户'],
  account_name_mismatch: [422, 'The account name is not the registered name', '账户名称与登记名称不一致'],
  segments_reversed: [422, 'A segment ends before it begins', '计息分段起止颠倒'],
  segments_overlap: [422, 'Segments overlap or are not in date order', '计息分段重叠或未按日期排列'],
  balance_over_loan: [422, 'A balance exceeds the loan', '余额超过贷款金额'],
  rate_too_high: [422, 'A rate is outside 0…100 percent', '利率超出 0–100% 范围'],
  rate_too_low: [422, 'A rate is below zero', '利率低于零'],
  amount_too_large: [422, 'An amount is too large', '金额过大'],
  amount_not_positive: [422, 'An amount has to be above zero', '金额须大于零'],
  interest_recalc_mismatch: [422, 'The stated interest is not what the segments give', '申报利息与分段复算不符'],
  paid_date_in_future: [422, 'The payment date is after today', '付款日期晚于今日'],
  contract_unknown: [422, 'No such contract of this institution', '本机构名下无此合同'],
  document_unknown: [422, 'No such document of this participant', '本参与方名下无此文件'],
  voucher_unknown: [422, 'No such voucher of this institution that could be corrected', '本机构名下无可更正的该凭证'],
  lead_unknown: [422, 'No such lead of this institution', '本机构名下无此线索'],
  consortium_bank_limit: [422, 'A consortium has at most two active banks', '每个联合体原则上不超过两家银行'],
  consortium_incomplete: [422, 'A consortium needs a park, a bank and a government guarantor', '联合体须含园区、银行和政府性融资担保机构'],
  participant_unknown: [422, 'No such active participant of that role', '无该角色的有效参与方'],
  key_unfit: [422, 'The public key cannot be used', '公钥不可用'],
  applicant_not_member: [422, 'The applicant takes no part in what it applies for', '申报方不是该联合体成员'],
  budget_missing: [422, 'There is no budget for this year and source', '该年度及资金来源尚无预算'],
  budget_exhausted: [422, 'The budget does not cover this', '预算余额不足'],
  partner_status_unknown: [422, 'This word of a partner platform is not in the table', '合作平台状态用语未登记'],
  stage_order: [422, 'The stages are not in order', '阶段次序错误'],
  occurred_out_of_range: [422, 'The moment lies in the future or before the push', '发生时间晚于当前或早于推送'],
  period_reversed: [422, 'The period ends before it begins', '期间起止颠倒'],
  segment_outside_period: [422, 'A segment reaches beyond the period', '计息分段超出计息期间'],
  land_over_amount: [422, 'The land part exceeds the amount', '土地部分超过总额'],
  amount_over_contract: [422, 'The amounts exceed the contract', '金额合计超过合同约定'],
  share_over_loan: [422, 'The shares exceed the syndicated loan', '份额超过银团贷款总额'],
  paid_over_due: [422, 'More was paid than was due', '实付超过应付'],
  nothing_to_pay: [422, 'There is nothing to pay', '没有可支付的款项'],
  account_missing: [422, 'There is no confirmed subsidy account', '尚无有效的贴息账户'],
  reconciliation_open: [422, 'A difference of an earlier day is not settled', '此前对账差异尚未处理'],
  conflict_of_interest: [422, 'A conflict of interest was not ruled out', '未声明不存在利益冲突'],
  packet_empty: [422, 'The packet has no line that could be submitted', '资料包中没有可报送的明细'],
  auditor_unknown: [422, 'No such auditor', '无此第三方审核机构'],
  sample_seed_wrong: [422, 'The seed is not the one that was committed to', '抽样种子与承诺不符'],
  conclusion_inconsistent: [422, 'The result and the recognised amounts contradict each other', '审核结论与认定金额不一致'],
  payment_unknown: [422, 'No such payment in this batch', '该批次中无此拨付'],
  result_amount_differs: [422, 'The bank names another amount than was instructed', '银行回报金额与拨付指令不符'],
  clawback_over_line: [422, 'More would be taken back than was recognised', '追回金额超过认定金额'],
  line_unknown: [422, 'No such line in this packet', '资料包中无此明细'],
  amount_over_line: [422, 'The recognised amount exceeds the line', '认定金额超过明细金额'],
  policy_version_overlap: [422, 'The version overlaps another one of this policy', '政策版本有效期与其他版本重叠'],
  policy_unknown: [422, 'No such policy or version', '无此政策或版本'],
  policy_invalid: [422, 'The policy version is incomplete or contradicts itself', '政策版本不完整或自相矛盾'],
  fee_unknown: [422, 'No such guarantee contract', '无此保证合同'],
  guarantor_not_government: [422, 'The guarantor is not a government financing guarantor', '担保机构非政府性融资担保机构'],
  amount_over_guarantee: [422, 'The principal exceeds what the guarantee still covers', '本金超过保证合同剩余担保金额'],
  claims_filed: [422, 'Compensation claims stand against this correction', '已有代偿申请，不能如此更正'],
  amount_over_claim: [422, 'The recoveries exceed the loss of the claim', '追偿所得超过该笔代偿损失'],
  endpoint_address_refused: [422, 'The hub may not call this address', '该回调地址不被允许'],
  network_refused: [422, 'This network cannot be opened to webhooks', '该网段不可开放'],
  decision_not_possible: [422, 'This cannot be decided that way', '不能以该方式处理'],
  leaseback_refused: [422, 'An ordinary sale-and-leaseback is not supported', '普通售后回租不予支持'],
  calendar_invalid: [422, 'The calendar table contradicts itself', '日历数据自相矛盾']
} as const satisfies Record<string, readonly [number, string, string]>

export type ProblemCode = keyof typeof PROBLEMS

/** One mistake of a request; `pointer` leads to it (RFC 6901, into the body, or /query/…, /headers/…). */
export interface ProblemItem { pointer: string, code: string, message: string, message_zh: string }

export function isProblemCode (code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code)
}

export function problemOf (code: ProblemCode): { status: number, title: string, title_zh: string } {
  const [status, title, title_zh] = PROBLEMS[code]
  return { status, title, title_zh }
}

/** A refused request. Nothing it began is kept. */
export class Problem extends Error {
  override name = 'Problem'
  readonly code: ProblemCode
  readonly detail: string | null
  readonly detail_zh: string | null
  readonly errors: readonly ProblemItem[]
  readonly extra: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor (code: ProblemCode, about: {
    detail?: string, detail_zh?: string, errors?: readonly ProblemItem[], extra?: Record<string, unknown>, headers?: Record<string, string>
  } = {}) {
    super(about.detail ?? code)
    this.code = code
    this.detail = about.detail ?? null
    this.detail_zh = about.detail_zh ?? about.detail ?? null
    this.errors = about.errors ?? []
    this.extra = about.extra ?? {}
    this.headers = about.headers ?? {}
  }
}

/** The same 404 for what is missing and for what belongs to somebody else. */
export function notFound (): Problem {
  return new Problem('not_found')
}

/** A step that the state does not allow, with the steps it does. */
export function stateConflict (state: string, allowed: readonly string[]): Problem {
  return new Problem('state_conflict', {
    detail: `The state is ${state}; allowed now: ${allowed.length > 0 ? allowed.join(', ') : 'nothing'}`,
    detail_zh: `当前状态为 ${state}，可执行：${allowed.length > 0 ? allowed.join('、') : '无'}`,
    extra: { state, allowed }
  })
}
