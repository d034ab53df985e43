/** Operations on breakers. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { yuanOf } from '../../policy/money.ts'
import type { RiskShare } from '../../policy/risk-share.ts'
import { breaker_example, BreakerPage, BreakerQuery, BreakerScopePage, BreakerScopeQuery, BreakerSettlement, NewSettlement, scope_example, settlement_example } from './schema.ts'
import { scopePlace, WIDER_SCOPES, type MeasuredScope, type WiderScope } from './scopes.ts'
import { breakerPlace, breakersNow, scopesNow, settleYear, type ShownBreaker } from './service.ts'
import type { Settlement } from './store.ts'

const list_id = 'listBreakers'
const scopes_id = 'listBreakerScopes'

/** A participant sees its own side whatever it filters by; null: nothing. */
function within ({ role, participant_no }: Principal, { guarantor_no, bank_no, vintage_year }: BreakerQuery) {
  if (role === 'GUARANTOR') return guarantor_no === undefined || guarantor_no === participant_no ? { guarantor_no: participant_no, bank_no,
    vintage_year } : null
  if (role === 'BANK') return bank_no === undefined || bank_no === participant_no ? { guarantor_no, bank_no: participant_no, vintage_year } : null
  return { guarantor_no, bank_no, vintage_year }
}

function shownShare (share: RiskShare) {
  return {
    guarantor: yuanOf(share.guarantor_fen), fiscal: yuanOf(share.fiscal_fen), bank: yuanOf(share.bank_fen), re_guarantor: yuanOf(share.re_guarantor_fen),
    bank_excess: yuanOf(share.bank_excess_fen), covered_by_system: yuanOf(share.covered_by_system_fen), headroom_before: yuanOf(share.headroom_before_fen),
    rate_after_pct: share.rate_after_pct, state: share.state
  }
}

function shownBreaker (breaker: ShownBreaker) {
  const { key, state, is_open, what_if, terms, liability_fen, cap_fen, compensated_fen, covered_fen, released_fen } = breaker
  return {
    ...key, state, is_open, liability: yuanOf(liability_fen), cap: yuanOf(cap_fen), compensated: yuanOf(compensated_fen), headroom: yuanOf(Math.max(0,
      cap_fen - compensated_fen)),
    covered: yuanOf(covered_fen), recoveries_settled: yuanOf(breaker.recoveries_settled_fen), recoveries_unsettled: yuanOf(breaker.recoveries_unsettled_fen),
    rates: [
      {
        code: 'VINTAGE_RATE', label: 'Compensated ÷ guaranteed liability of the vintage', label_zh: '年度代偿率（代偿额÷当年新增担保责任额）',
        numerator: yuanOf(compensated_fen), denominator: yuanOf(liability_fen), rate_pct: breaker.vintage_rate_pct
      },
      {
        code: 'COMPENSATION_RATE', label: 'Cumulative compensation ÷ cumulative released guarantees', label_zh: '代偿率（累计代偿÷累计解除担保）',
        numerator: yuanOf(covered_fen), denominator: yuanOf(released_fen), rate_pct: breaker.compensation_rate_pct
      }
    ],
    what_if: what_if === null ? null : shownShare(what_if),
    policy_version: terms.version
  }
}

function shownScope ({ scope, decides, guarantor_no, park_no, vintage_year, liability_fen, cap_fen, compensated_fen, vintage_rate_pct, state, policy_version, what_if }: Awaited<ReturnType<typeof scopesNow>>[number]) {
  return {
    scope, decides, guarantor_no, park_no, vintage_year, liability: yuanOf(liability_fen), cap: yuanOf(cap_fen), compensated: yuanOf(compensated_fen),
    headroom: yuanOf(Math.max(0, cap_fen - compensated_fen)), vintage_rate_pct, state,
    what_if: what_if === null ? null : shownShare(what_if), policy_version
  }
}

function shownSettlement ({ year, settled_by, created_at, content }: Settlement) {
  return { year, settled_by, settled_at: created_at, breakers: content }
}

export function breakerRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: list_id,
    method: 'GET',
    path: '/v1/breakers',
    summary: 'Show the compensation breakers',
    summary_zh: '查询代偿熔断情况',
    description: 'One per guarantor, bank and vintage year: numerator and denominator on the guaranteed (80 %) basis, both rates with their names, and with default_principal who would ' +
      'bear that default today, by the same rule that decides a claim; null where the policy in force takes the cap over a wider scope (see scopes). ' +
      'A bank and a guarantor see their own. S1 五(一): cap of 4 %; readings A-08…A-11.',
    callers: ['BANK', 'GUARANTOR', 'RE_GUARANTOR', 'FINANCE_BUREAU', 'MEIC'],
    query: BreakerQuery,
    replies: { 200: BreakerPage },
    example: { query: { vintage_year: 2026, default_principal: '5000000.00' }, reply: { items: [breaker_example], next_cursor: null } }
  }, async ({ principal, query }) => {
    const page = pageRequest(list_id, principal, query)
    const filter = within(principal, query)
    const all = filter === null ? [] : await breakersNow(db, filter, query.default_principal)
    const rows = all.filter(breaker => (query.state === undefined || breaker.state === query.state) && (page.after === null || breakerPlace(breaker.key) > page.after))
    const { items, next_cursor } = pageOf(list_id, principal, page, rows, ({ key }) => breakerPlace(key))
    return { status: 200, body: { items: items.map(shownBreaker), next_cursor } }
  })

  operation(app, { db }, {
    id: scopes_id,
    method: 'GET',
    path: '/v1/breakers/scopes',
    summary: 'Show the compensation rate over wider scopes',
    summary_zh: '按担保机构、园区或产品整体查询代偿率',
    description: 'The cap of 4 % taken over all guarantees of a guarantor, of a park or of the product in a vintage year: figures beside the breakers, or, where decides is true, what the ' +
      'version of the policy in force lets claims go by; with default_principal then also who would bear that default today. A guarantor sees its own. S1 五(一); reading A-10.',
    callers: ['GUARANTOR', 'RE_GUARANTOR', 'FINANCE_BUREAU', 'MEIC'],
    query: BreakerScopeQuery,
    replies: { 200: BreakerScopePage },
    example: { query: { scope: 'PARK', vintage_year: 2026 }, reply: { items: [scope_example], next_cursor: null } }
  }, async ({ principal, query }) => {
    const page = pageRequest(scopes_id, principal, query)
    const own = principal.role === 'GUARANTOR' ? principal.participant_no : undefined
    const place = (one: MeasuredScope & { scope: WiderScope }): string => `${one.scope}|${scopePlace(one)}`
    const all = await Promise.all(WIDER_SCOPES.filter(scope => (query.scope ?? scope) === scope).map(scope => scopesNow(db, scope, query.vintage_year, own, query.default_principal)))
    const rows = all.flat().filter(one => page.after === null || place(one) > page.after)
    const { items, next_cursor } = pageOf(scopes_id, principal, page, rows, place)
    return { status: 200, body: { items: items.map(shownScope), next_cursor } }
  })

  operation(app, { db }, {
    id: 'settleBreakers',
    method: 'POST',
    path: '/v1/breakers/settlements',
    summary: 'Settle a year of breakers',
    summary_zh: '年度代偿清算',
    description: 'Once a year a person of the finance bureau settles: recoveries until the last day of the year lower the numerators, vintages until that year are closed, every state is ' +
      'computed anew. The same year again gets the first answer. A-09; S1 五(一).',
    callers: ['FINANCE_BUREAU'],
    person: true,
    signed: true,
    body: NewSettlement,
    replies: { 201: BreakerSettlement, 200: BreakerSettlement },
    refuses: ['decision_not_possible'],
    example: { request: { year: 2026 }, reply: settlement_example }
  }, async call => call.decide(async (sql, now) => {
    const { settlement, is_new } = await settleYear(sql, now, call.principal, call.body.year)
    return { status: is_new ? 201 : 200, body: shownSettlement(settlement) }
  }))
}

