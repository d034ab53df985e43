/** Operations on compensation claims. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import { calendarOf } from '../../registry/calendars/service.ts'
import { inTurn } from '../in-turn.ts'
import {
  ClaimDecision, ClaimPage, ClaimParams, ClaimQuery, CompensationClaim, filed_example, NewClaim, new_claim_example, NewRecovery, paid_example, recovery_example, RecoverySchema
} from './schema.ts'
import { decideClaim, fileClaim, readClaim, recover, scopeOf } from './service.ts'
import { listClaims } from './store.ts'
import { shownClaim, shownClaims, shownRecovery } from './views.ts'

const readers = ['BANK', 'GUARANTOR', 'RE_GUARANTOR', 'FINANCE_BUREAU'] as const
const base = '/v1/compensation-claims'
const list_id = 'listCompensationClaims'

export function claimRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  const turn = inTurn()

  operation(app, { db }, {
    id: 'fileCompensationClaim',
    method: 'POST',
    path: base,
    summary: 'File a claim for compensation',
    summary_zh: '银行提出代偿申请',
    description: 'For a drawdown in default under a guarantee contract of this bank. Only principal is guaranteed (A-12). A late claim, a missing statement on due diligence and a ' +
      'guarantee not filed with the re-guarantor are findings for the guarantor, who decides until decision_due_date. S1 五(一): risk sharing.',
    callers: ['BANK'],
    signed: true,
    body: NewClaim,
    replies: { 201: CompensationClaim, 200: CompensationClaim },
    refuses: ['duplicate_key', 'contract_unknown', 'amount_over_guarantee', 'balance_over_loan', 'nothing_to_pay', 'document_unknown', 'rule_broken'],
    example: { request: new_claim_example, reply: filed_example }
  }, async call => {
    const calendar = await calendarOf(db)
    return call.decide(async (sql, now) => {
      const { claim, is_new } = await fileClaim(sql, now, call.principal, call.body, calendar)
      return { status: is_new ? 201 : 200, body: await shownClaim(sql, claim), version: claim.version, headers: { location: `${base}/${claim.number}` } }
    })
  })

  operation(app, { db }, {
    id: list_id,
    method: 'GET',
    path: base,
    summary: 'List claims for compensation',
    summary_zh: '查询代偿申请列表',
    description: 'A bank and a guarantor see their own, the re-guarantor and the finance bureau all. S1 五(一).',
    callers: readers,
    query: ClaimQuery,
    replies: { 200: ClaimPage },
    example: { query: { status: 'PAID' }, reply: { items: [paid_example], next_cursor: null } }
  }, async ({ principal, query }) => {
    const page = pageRequest(list_id, principal, query)
    const { status, vintage_year, updated_since } = query
    const rows = await listClaims(db.read, scopeOf(principal), {
      status, vintage_year, updated_since: updated_since === undefined ? undefined : instantOf(instantMs(updated_since)), after: page.after, limit: page.limit + 1
    })
    const { items, next_cursor } = pageOf(list_id, principal, page, rows, row => row.number)
    return { status: 200, body: { items: await shownClaims(db.read, items), next_cursor } }
  })

  operation(app, { db }, {
    id: 'getCompensationClaim',
    method: 'GET',
    tagged: true,
    path: `${base}/{claim_no}`,
    summary: 'Show a claim for compensation',
    summary_zh: '查询代偿申请',
    description: 'With its shares, derived claims, recoveries and the ledger of the loss. What is missing and what is another’s give the same answer. S1 五(一).',
    callers: readers,
    params: ClaimParams,
    replies: { 200: CompensationClaim },
    example: { reply: paid_example }
  }, async ({ principal, params }) => {
    const claim = await readClaim(db.read, principal, params.claim_no)
    return { status: 200, body: await shownClaim(db.read, claim), version: claim.version }
  })

  operation(app, { db }, {
    id: 'decideCompensationClaim',
    method: 'POST',
    path: `${base}/{claim_no}/decision`,
    summary: 'Decide a claim for compensation',
    summary_zh: '担保机构作出代偿决定',
    description: 'A person of the guarantor accepts, refuses, or prepays with a review to follow, which another person decides by ACCEPT or REJECT. Accepting shares the principal 40/30/20/10 ' +
      'under the 4 % breaker of guarantor, bank and vintage year at once: the system covers the headroom, the bank bears the excess (A-11). A claim accepted without payment is ' +
      'paid by a second ACCEPT with paid_date. S1 五(一); rules R-01, R-02.',
    callers: ['GUARANTOR'],
    person: true,
    signed: true,
    params: ClaimParams,
    body: ClaimDecision,
    replies: { 200: CompensationClaim },
    refuses: ['state_conflict', 'own_work', 'decision_not_possible', 'paid_date_in_future'],
    example: { request: { decision: 'ACCEPT', paid_date: '2026-03-18', paid_amount: '800000.00' }, reply: paid_example }
  }, async call => {
    const calendar = await calendarOf(db)
    return turn(call.principal.participant_no, () => call.decide(async (sql, now) => {
      const claim = await decideClaim(sql, now, call.principal, call.params.claim_no, call.body, calendar)
      return { status: 200, body: await shownClaim(sql, claim), version: claim.version }
    }))
  })

  operation(app, { db }, {
    id: 'recordRecovery',
    method: 'POST',
    path: `${base}/{claim_no}/recoveries`,
    summary: 'Record a recovery',
    summary_zh: '报送追偿所得',
    description: 'Net of its cost it is split by what each party really bears. The breaker’s numerator falls by it at the year-end settlement (A-09). S1 五(一); domain: recoveries return by the same ratio.',
    callers: ['BANK', 'GUARANTOR'],
    signed: true,
    params: ClaimParams,
    body: NewRecovery,
    replies: { 201: RecoverySchema, 200: RecoverySchema },
    refuses: ['duplicate_key', 'state_conflict', 'amount_over_claim', 'rule_broken'],
    example: { request: { recovery_no: 'ZC-2026-001', date: '2026-03-18', gross: '620000.00', cost: '20000.00' }, reply: recovery_example }
  }, async call => call.decide(async (sql, now) => {
    const { claim, recovery, is_new } = await recover(sql, now, call.principal, call.params.claim_no, call.body)
    return { status: is_new ? 201 : 200, body: shownRecovery(recovery), headers: { location: `${base}/${claim.number}` } }
  }))
}
