/** What each kind of lead event carries. Pure; every mistake is listed. Source: contract §5; domain notes §5.5. */
import { ConfigError, type PartnerStatuses } from '../../config.ts'
import { beijingDate, isInstant } from '../../policy/calendar.ts'
import { LEAD_EVENTS, type LeadEvent } from '../../policy/lifecycle.ts'
import { isDate } from '../../policy/period.ts'
import { Problem, type ProblemItem } from '../../problem.ts'
import { PAUSE_REASONS } from './stages.ts'

export const CHANNELS = ['PHONE', 'VISIT', 'ONLINE'] as const
export const REJECT_REASONS = ['CREDIT_HISTORY', 'CASHFLOW', 'LEVERAGE', 'COLLATERAL', 'POLICY_INDUSTRY', 'NO_REAL_PROJECT', 'MATERIALS_INCOMPLETE',
  'RELATED_PARTY_RISK', 'QUOTA', 'DUPLICATE_LEAD', 'UNREACHABLE', 'OTHER'] as const
export const REASON_CODES = [...REJECT_REASONS, ...PAUSE_REASONS] as const

export interface LeadAnswer {
  type: LeadEvent
  occurred_at: string
  channel?: typeof CHANNELS[number]
  person?: string
  result?: string
  amount?: string
  annual_rate_pct?: string
  term_months?: number
  conditions?: string
  reason_code?: typeof REASON_CODES[number]
  reason_text?: string
  loan_contract_no?: string
  iou_no?: string
  date?: string
  document_no?: string
  note?: string
  /** the partner platform's own word, from which the type was told */
  partner_status?: string
}

type Field = Exclude<keyof LeadAnswer, 'type' | 'occurred_at' | 'note' | 'partner_status'>

/** Needed and further fields of each kind; `note` goes with all. */
export const ANSWER_FIELDS: Readonly<Record<LeadEvent, { readonly needs: readonly Field[], readonly may: readonly Field[] }>> = {
  ACKNOWLEDGED: { needs: [], may: [] },
  CONTACTED: { needs: ['channel', 'person', 'result'], may: [] },
  DUE_DILIGENCE: { needs: [], may: [] },
  PLAN_SUBMITTED: { needs: [], may: [] },
  APPROVED: { needs: ['amount', 'annual_rate_pct', 'term_months'], may: ['conditions'] },
  REJECTED: { needs: ['reason_code'], may: ['reason_text'] },
  CONTRACT_SIGNED: { needs: ['loan_contract_no'], may: [] },
  DISBURSED: { needs: ['iou_no', 'amount', 'date'], may: [] },
  PAUSED: { needs: ['reason_code'], may: ['document_no', 'reason_text'] },
  RESUMED: { needs: [], may: ['document_no'] },
  ABANDONED_BY_ENTERPRISE: { needs: [], may: ['reason_text'] }
}

const rate_max_pct = 100

/** The agreed words of each partner platform. Errors: ConfigError for a word that stands for no event. */
export function partnerWords (statuses: PartnerStatuses): Readonly<Record<string, Readonly<Record<string, LeadEvent>>>> {
  const mistakes = Object.entries(statuses).flatMap(([participant_no, words]) => Object.entries(words).filter(([, event]) => !(LEAD_EVENTS as readonly string[]).includes(event))
    .map(([word, event]) => `PARTNER_STATUS_FILE: ${participant_no} says "${word}" for "${event}", needs one of ${LEAD_EVENTS.join(', ')}`))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return statuses as Readonly<Record<string, Readonly<Record<string, LeadEvent>>>>
}

/**
 * What was sent, with the type that a partner platform's own word stands for.
 *
 * @param words the sender's words; a participant without any sends types
 * Errors: invalid_request, partner_status_unknown.
 */
export function answerOf (sent: Omit<LeadAnswer, 'type'> & { type?: LeadEvent }, words: Readonly<Record<string, LeadEvent>> = {}): LeadAnswer {
  const { type, partner_status } = sent
  if ((type === undefined) === (partner_status === undefined)) {
    const item: ProblemItem = type === undefined
      ? { pointer: '/type', code: 'MISSING_FIELD', message: 'Say what happened', message_zh: '请填写事件类型' }
      : { pointer: '/partner_status', code: 'EXACTLY_ONE', message: 'Send either type or partner_status', message_zh: 'type 与 partner_status 请择一填写' }
    throw new Problem('invalid_request', { errors: [item] })
  }
  if (type !== undefined) return { ...sent, type }
  const meant = Object.hasOwn(words, partner_status ?? '') ? words[partner_status ?? ''] : undefined
  if (meant !== undefined) return { ...sent, type: meant }
  const known = Object.keys(words)
  throw new Problem('partner_status_unknown', {
    errors: [{
      pointer: '/partner_status', code: 'PARTNER_STATUS_UNKNOWN', message: known.length === 0 ? 'No words are agreed with this participant: send type' : `Known: ${known.join(', ')}; ask the operator to add a word`,
      message_zh: known.length === 0 ? '未与该参与方约定状态用语，请填写 type' : `已约定：${known.join('、')}；如需新增请联系平台运营方`
    }]
  })
}

/** Errors: invalid_request for fields that do not go with the kind; rate_too_high, occurred_out_of_range, rule_broken. */
export function checkEvent (sent: LeadAnswer, now: string): void {
  const { needs, may } = ANSWER_FIELDS[sent.type]
  const form: ProblemItem[] = []
  for (const field of needs) {
    if (sent[field] === undefined) form.push({ pointer: `/${field}`, code: 'MISSING_FIELD', message: `${sent.type} needs this field`, message_zh: `${sent.type} 须填写该字段` })
  }
  for (const field of Object.keys(sent) as (keyof LeadAnswer)[]) {
    if (['type', 'occurred_at', 'note', 'partner_status'].includes(field) || ([...needs, ...may] as string[]).includes(field)) continue
    form.push({ pointer: `/${field}`, code: 'UNKNOWN_FIELD', message: `${sent.type} does not have this field; leave it out`, message_zh: `${sent.type} 没有该字段，请删除` })
  }
  if (sent.reason_code !== undefined && sent.type in reasons_of && !reasons_of[sent.type]?.includes(sent.reason_code)) {
    const list = reasons_of[sent.type] ?? []
    form.push({ pointer: '/reason_code', code: 'NOT_ALLOWED', message: `Needs one of ${list.join(', ')}`, message_zh: `应为以下之一：${list.join('、')}` })
  }
  if (!isInstant(sent.occurred_at)) form.push({ pointer: '/occurred_at', code: 'WRONG_FORMAT', message: 'Needs to be a real instant with offset', message_zh: '应为带时区偏移的真实时刻' })
  if (sent.date !== undefined && !isDate(sent.date)) form.push({ pointer: '/date', code: 'WRONG_FORMAT', message: 'Needs to be a real day', message_zh: '应为真实日期' })
  if (form.length > 0) throw new Problem('invalid_request', { errors: form })
  checkRules(sent, now)
}

const reasons_of: Partial<Record<LeadEvent, readonly string[]>> = { REJECTED: REJECT_REASONS, PAUSED: PAUSE_REASONS }

function checkRules (sent: LeadAnswer, now: string): void {
  if (sent.annual_rate_pct !== undefined && Number(sent.annual_rate_pct) > rate_max_pct) {
    throw new Problem('rate_too_high', { errors: [{ pointer: '/annual_rate_pct', code: 'RATE_TOO_HIGH', message: 'A rate lies between 0 and 100 percent', message_zh: '利率须在 0–100% 之间' }] })
  }
  if (sent.date !== undefined && sent.date > beijingDate(now)) {
    throw new Problem('occurred_out_of_range', { errors: [{ pointer: '/date', code: 'DATE_IN_FUTURE', message: 'The day lies in the future', message_zh: '日期晚于今日' }] })
  }
  const errors: ProblemItem[] = []
  if (sent.amount !== undefined && /^0+\.00$/.test(sent.amount)) {
    errors.push({ pointer: '/amount', code: 'AMOUNT_NOT_POSITIVE', message: 'The amount has to be above zero', message_zh: '金额须大于零' })
  }
  if (sent.type === 'REJECTED' && sent.reason_code === 'OTHER' && sent.reason_text === undefined) {
    errors.push({ pointer: '/reason_text', code: 'REASON_TEXT_MISSING', message: 'OTHER needs a text that says why', message_zh: '原因为 OTHER 时须填写具体说明' })
  }
  if (errors.length > 0) throw new Problem('rule_broken', { errors })
}
