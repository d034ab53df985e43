/** The receipt as a plain page to read and print: no script, nothing loaded, every text escaped. Pure. */
import { xmlEscaped } from '../../intake/enterprise-lists/writing.ts'
import { beijingDate } from '../../policy/calendar.ts'
import type { Receipt, ReceiptNeed, ReceiptSubsidy } from './service.ts'

export const page_policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const style = 'body{font:14px/1.6 serif;margin:2em ' +
  'auto;max-width:60em;color:#111}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid #111}' +
  'h3{font-size:1em;margin:1.2em 0 .3em}table{border-collapse:collapse;width:100%;margin:.3em 0 1em}th,td{border:1px solid ' +
    '#999;padding:.2em .5em;text-align:left;vertical-align:top}' +
  'th{background:#eee}td.n{text-align:right;white-space:nowrap}@media print{body{margin:0;max-width:none}h3,table{break-inside:avoid}}'

const text = (value: string | null): string => value === null ? '—' : xmlEscaped(value)
const day = (instant: string | null): string => instant === null ? '—' : beijingDate(instant)
const number = (value: string | null): string => `<td class="n">${text(value)}</td>`
const cell = (value: string | null): string => `<td>${text(value)}</td>`

function tableHtml (heads: readonly string[], rows: readonly string[]): string {
  if (rows.length === 0) return '<p>无 · none</p>'
  return `<table><thead><tr>${heads.map(head => `<th>${text(head)}</th>`).join('')}</tr></thead><tbody>${rows
    .map(row => `<tr>${row}</tr>`).join('')}</tbody></table>`
}

function needHtml (need: ReceiptNeed): string {
  const about = `${need.project_name ?? need.project_code ?? ''} · ${need.amount} 元 · ${need.term_months} 个月 · ${need.purpose}`
  const answers = need.answers.map(answer => cell(answer.institution ?? answer.institution_no) + cell(answer.status) +
    [answer.pushed_at, answer.contacted_at, answer.decided_at, answer.approved_at, answer.disbursed_at].map(at => cell(day(at))).join(''))
  return `<h3>${text(need.need_no)}（${text(need.status)}，${text(day(need.created_at))}，${text(need.sender ?? need.sender_no)}）</h3><p>${text(about)}</p>` +
    tableHtml(['机构 institution', '状态 status', '推送 pushed', '对接 contacted', '决策 decided', '通过 approved', '放款 disbursed'], answers)
}

function subsidyHtml (line: ReceiptSubsidy): string {
  const steps = line.trace.map(step => cell(step.rule_id) + cell(step.clause_zh) + number(step.before) + number(step.after))
  const blocks = line.blocked_by.map(block => `<li>${text(block.rule_id)} ${text(block.message_zh)}</li>`)
  const payments = line.payments
    .map(payment => cell(payment.payment_no) + cell(payment.status) + number(payment.amount) + cell(payment.paid_date) + cell(payment.account_no_masked) + cell(payment.return_reason))
  const clawbacks = line.clawbacks.map(each => cell(each.clawback_no) + cell(each.status) + number(each.amount) + number(each.taken_back) + cell(each.reason))
  return `<h3>${text(line.kind)} · ${text(line.voucher_no)} · ${text(line.period)}</h3>` +
    `<p>补贴 ${text(line.amount)} 元；核定 ${text(line.recognised_amount)}${line.finding_code === null ? '' : `（核减 ${text(line.finding_code)} ${text(line.note ?? '')}）`}；状态 ${text(line.status)}；拨付 ${text(line.payment_status)}；政策 ${text(line.policy.policy_code)} ${text(line.policy.version)}</p>` +
    (blocks.length === 0 ? '' : `<ul>${blocks.join('')}</ul>`) +
    tableHtml(['规则 rule', '条款 clause', '此前 before', '此后 after'], steps) +
    (payments.length === 0 ? '' : tableHtml(['拨付 payment', '状态 status', '金额 amount', '到账日 paid', '账户 account', '退回原因 reason'], payments)) +
    (clawbacks.length === 0 ? '' : tableHtml(['追回 claw-back', '状态 status', '金额 amount', '已抵扣 kept', '原因 reason'], clawbacks))
}

/** The page. The same receipt gives the same bytes. */
export function receiptPage (receipt: Receipt): string {
  const disclosures = receipt.disclosures
    .map(each => cell(day(each.disclosed_at)) + cell(each.recipient ?? each.recipient_no) + cell(each.basis) +
    cell([...each.fields_released, ...each.case_no === null ? [] : [`案号 ${each.case_no}`,
      each.reason ?? '']].join('、')) + cell(each.authorization_no))
  const vouchers = receipt.vouchers
    .map(each => cell(each.kind) + cell(each.voucher_no) + cell(each.institution ?? each.institution_no) + cell(each.paid_date) + number(each.paid_amount) +
    cell(each.status) + cell(each.findings.map(({ message_zh }) => message_zh).join('；')))
  const { totals } = receipt
  return '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="robots" content="noindex"><meta name="viewport" ' +
    'content="width=device-width">' +
    `<title>企业回执 ${text(receipt.uscc)}</title><style>${style}</style></head><body><h1>企业回执 · Receipt</h1><p>${text(receipt.name)}（${text(receipt.uscc)}）</p>` +
    `<p>补贴合计 ${text(totals.subsidy)} 元；已核定 ${text(totals.recognised)} 元；已到账 ${text(totals.paid)} 元，其中抵扣追回 ${text(totals.taken_back)} 元</p>` +
    `<h2>融资需求与机构响应 · Needs and answers</h2>${receipt.needs.length === 0 ? '<p>无 · none</p>' : receipt.needs.map(needHtml).join('')}` +
    `<h2>谁在何时看到了哪些数据 · Disclosures</h2>${tableHtml(['日期 day', '接收方 recipient', '依据 basis', '内容 fields', '授权 authorization'],
      disclosures)}` +
    `<h2>凭证 · Vouchers</h2>${tableHtml(['种类 kind', '凭证号 number', '机构 institution', '付款日 paid', '金额 amount', '状态 status', '说明 findings'],
      vouchers)}` +
    `<h2>补贴逐步计算与拨付 · Subsidies step by step</h2>${receipt.subsidies.length === 0 ? '<p>无 · none</p>' : receipt.subsidies
      .map(subsidyHtml).join('')}</body></html>\n`
}
