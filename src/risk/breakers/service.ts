/**
 * The compensation breaker of guarantor × bank × vintage year: one row owned by one unit at a time, numerator and denominator on the
 * guaranteed (80 %) basis. S1 五(一); rules; readings A-08…A-11.
 */
import { RunAgain, type Db, type ReadSql, type WriteSql } from '../../db/db.ts'
import { personOf, type Principal } from '../../http/access.ts'
import type { EventType } from '../../journal/event-types.ts'
import { append, the_hub, type Actor } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { breakerDenominator, breakerScope, liabilityOf, systemPart, type VintagePrincipal } from '../../policy/claims.ts'
import { fenOf, yuanOf } from '../../policy/money.ts'
import { RECOVERY_TIMINGS } from '../../policy/parameters.ts'
import { breakerCap, breakerState, compensationRate, riskShare, type BreakerState, type RiskShare } from '../../policy/risk-share.ts'
import { nearestTerms, readingOf, type PolicyVersion } from '../../policy/terms.ts'
import { Problem } from '../../problem.ts'
import { activeOfRole } from '../../registry/participants/store.ts'
import { policiesIn, policiesOf } from '../../registry/policies/service.ts'
import { settleRecoveries, unsettledRecoveries } from '../compensation-claims/store.ts'
import { vintages, type Vintage } from './guarantees.ts'
import { measuredAround, measuredScopes, scopePlace, type Measured, type MeasuredScope, type WiderScope } from './scopes.ts'
import {
  findSettlement, insertSettlement, keepBreaker, listBreakers, ownBreaker, warnedBreakers, type Breaker, type BreakerCounters, type BreakerFilter, type BreakerKey, type SettledLine, type Settlement
} from './store.ts'

const none: VintagePrincipal = { guaranteed_fen: 0, released_fen: 0 }

/** Terms of the park guarantee on the Beijing day of an instant. */
function termsFor (policies: readonly PolicyVersion[], now: string): PolicyVersion {
  return nearestTerms(policies, 'PARK_TECH_GUARANTEE', beijingDate(now))
}

export async function riskTerms (sql: ReadSql, now: string): Promise<PolicyVersion> {
  return termsFor(await policiesIn(sql), now)
}

/** Who hears of breakers and of the claims on them: banks and guarantors of these, the re-guarantor, the finance bureau. */
export async function riskAudience (sql: ReadSql, ...keys: readonly Pick<BreakerKey, 'bank_no' | 'guarantor_no'>[]): Promise<string[]> {
  const others = [...await activeOfRole(sql, 'RE_GUARANTOR'), ...await activeOfRole(sql, 'FINANCE_BUREAU')]
  return [...keys.flatMap(({ bank_no, guarantor_no }) => [bank_no, guarantor_no]), ...others.map(({ participant_no }) => participant_no)]
}

const event_of: Readonly<Record<BreakerState, EventType>> = { NORMAL: 'breaker.recovered', WARNING: 'breaker.warned', TRIPPED: 'breaker.tripped' }

export function breakerNo ({ guarantor_no, bank_no, vintage_year }: BreakerKey): string {
  return `${guarantor_no}/${bank_no}/${vintage_year}`
}

/** Keeps the counters, and says so to everybody concerned where the state changed. */
async function keepAndTell (sql: WriteSql, now: string, actor: Actor, key: BreakerKey, before: BreakerState, counters: BreakerCounters): Promise<void> {
  await keepBreaker(sql, key, counters)
  if (before === counters.state) return
  const meic = (await activeOfRole(sql, 'MEIC')).map(({ participant_no }) => participant_no)
  await append(sql, now, {
    type: event_of[counters.state], subject: breakerNo(key), actor, audience: [...await riskAudience(sql, key), ...meic],
    data: { vintage_year: key.vintage_year, guarantor_no: key.guarantor_no, bank_no: key.bank_no, state_before: before, state: counters.state }
  })
}

/** The denominator now: that of a settled vintage stands, an open one is the sum of its guarantee contracts. */
function liabilityNow (row: Pick<Breaker, 'closed_at' | 'liability_fen'>, principal: VintagePrincipal, terms: PolicyVersion): number {
  return row.closed_at === null ? breakerDenominator(principal, terms) : row.liability_fen
}

async function principalOf (sql: ReadSql, key: BreakerKey, now: string): Promise<VintagePrincipal> {
  return (await vintages(sql, key, beijingDate(now)))[0] ?? none
}

/** Takes the row of a breaker for this unit and brings its denominator up to date; everything else of the unit about it comes after. */
async function owned (sql: WriteSql, now: string, key: BreakerKey, terms: PolicyVersion): Promise<Breaker> {
  const row = await ownBreaker(sql, now, key)
  const liability_fen = liabilityNow(row, await principalOf(sql, key, now), terms)
  return { ...row, liability_fen, cap_fen: breakerCap(liability_fen, terms) }
}

/** The guarantee that a claim is on: its breaker, and the number of its first version. */
export type GuaranteeKey = BreakerKey & { readonly guarantee_number: string }

/** Says to everybody concerned that the state of a wider scope changed with a claim. */
async function tellOfScope (sql: WriteSql, now: string, actor: Actor, key: BreakerKey, measured: MeasuredScope, state: BreakerState, terms: PolicyVersion): Promise<void> {
  const { liability_fen, compensated_fen, ...place } = measured
  const state_before = breakerState(liability_fen, compensated_fen, terms)
  if (state_before === state) return
  const meic = (await activeOfRole(sql, 'MEIC')).map(({ participant_no }) => participant_no)
  await append(sql, now, {
    type: event_of[state], subject: `${breakerScope(terms)}/${scopePlace(measured)}`, actor, audience: [...await riskAudience(sql, key), ...meic],
    data: { ...place, scope: breakerScope(terms), state_before, state }
  })
}

/** What the cap is measured by for a claim: its own breaker, or where the version says so all of a wider scope. */
async function measuredFor (sql: ReadSql, now: string, key: GuaranteeKey, own: Measured, terms: PolicyVersion): Promise<Measured | MeasuredScope> {
  const scope = breakerScope(terms)
  return scope === 'GUARANTOR_BANK' ? own : measuredAround(sql, now, scope, key.guarantee_number, terms)
}

/** State under which a claim is filed, for the findings. */
export async function stateNow (sql: ReadSql, now: string, key: GuaranteeKey): Promise<BreakerState> {
  const terms = await riskTerms(sql, now)
  const [row] = await listBreakers(sql, key)
  const principal = await principalOf(sql, key, now)
  const own = { liability_fen: row === undefined ? breakerDenominator(principal, terms) : liabilityNow(row, principal, terms), compensated_fen: row?.compensated_fen ?? 0 }
  const { liability_fen, compensated_fen } = await measuredFor(sql, now, key, own, terms)
  return breakerState(liability_fen, compensated_fen, terms)
}

/**
 * Covers a default as far as the headroom goes, and counts what was covered, in the unit that owns the breaker.
 *
 * @param principal_fen principal in default that the guarantee covers, > 0
 */
export async function cover (sql: WriteSql, now: string, actor: Actor, key: GuaranteeKey, principal_fen: number): Promise<{ share: RiskShare,
  terms: PolicyVersion }> {
  const terms = await riskTerms(sql, now)
  const row = await owned(sql, now, key, terms)
  const measured = await measuredFor(sql, now, key, row, terms)
  const share = riskShare({ default_principal_fen: principal_fen, vintage_liability_fen: measured.liability_fen,
    vintage_compensated_fen: measured.compensated_fen, terms })
  const covered = share.covered_by_system_fen
  await keepAndTell(sql, now, actor, key, row.state, {
    ...row, covered_fen: row.covered_fen + covered, ceiling_fen: covered > 0 ? share.cap_fen : row.ceiling_fen,
    state: breakerState(row.liability_fen, row.compensated_fen + covered, terms)
  })
  if ('park_no' in measured) await tellOfScope(sql, now, actor, key, measured, share.state, terms)
  return { share, terms }
}

/** Gives back what a refused prepayment had taken from the headroom. */
export async function uncover (sql: WriteSql, now: string, actor: Actor, key: BreakerKey, covered_fen: number): Promise<void> {
  const terms = await riskTerms(sql, now)
  const row = await owned(sql, now, key, terms)
  const state = breakerState(row.liability_fen, row.compensated_fen - covered_fen, terms)
  await keepAndTell(sql, now, actor, key, row.state, { ...row, covered_fen: row.covered_fen - covered_fen, state })
}

/** Brings a breaker up to date after its vintage grew: headroom comes back while the year is open. */
async function growBreaker (sql: WriteSql, now: string, actor: Actor, key: BreakerKey): Promise<void> {
  const terms = await riskTerms(sql, now)
  const row = await owned(sql, now, key, terms)
  await keepAndTell(sql, now, actor, key, row.state, { ...row, state: breakerState(row.liability_fen, row.compensated_fen, terms) })
}

const grown_per_step_max = 1000

/** Tells of headroom that came back: looks at breakers of open vintages that warned or tripped. @returns how many changed */
export async function growBreakers (db: Db): Promise<number> {
  const now = db.clock.now()
  const terms = termsFor(await policiesOf(db), now)
  let grown = 0
  for (const row of await warnedBreakers(db.read, grown_per_step_max)) {
    if (breakerDenominator(await principalOf(db.read, row, now), terms) <= row.liability_fen) continue
    await db.write((sql, at) => growBreaker(sql, at, the_hub, row))
    grown++
  }
  return grown
}

/** Whether recoveries lower the numerator as they come in, instead of at year-end. */
export function settlesAtOnce (terms: PolicyVersion): boolean {
  return readingOf(terms, 'breaker_recoveries', RECOVERY_TIMINGS) === 'AT_ONCE'
}

/** Lowers the numerator by what the guarantee system got back. */
export async function settleIn (sql: WriteSql, now: string, actor: Actor, key: BreakerKey, recovered_fen: number): Promise<void> {
  const terms = await riskTerms(sql, now)
  const row = await owned(sql, now, key, terms)
  const recoveries_settled_fen = row.recoveries_settled_fen + recovered_fen
  const state = breakerState(row.liability_fen, row.covered_fen - recoveries_settled_fen, terms)
  await keepAndTell(sql, now, actor, key, row.state, { ...row, recoveries_settled_fen, state })
}

/** Place of a breaker in lists: by year, guarantor, bank. */
export function breakerPlace (key: BreakerKey): string {
  return `${key.vintage_year}|${key.guarantor_no}|${key.bank_no}`
}

/**
 * Year-end settlement: the recoveries until the last day of the year lower the numerators, the vintages until that year are closed, every
 * state is computed anew. A year is settled once; asked again, the first answer stands.
 *
 * Errors: decision_not_possible while the year still runs.
 * Source: reading A-09; S1 五(一).
 */
export async function settleYear (sql: WriteSql, now: string, principal: Principal, year: number): Promise<{ settlement: Settlement, is_new: boolean }> {
  const before = await findSettlement(sql, year)
  if (before !== undefined) return { settlement: before, is_new: false }
  const until = `${year}-12-31`
  if (beijingDate(now) < until) {
    const detail = `The year ${year} can be settled from ${until} on`
    const detail_zh = `${year} 年度须自 ${until} 起方可清算`
    throw new Problem('decision_not_possible', { detail, detail_zh,
      errors: [{ pointer: '/year', code: 'YEAR_STILL_OPEN', message: detail, message_zh: detail_zh }] })
  }
  const terms = await riskTerms(sql, now)
  const recovered = new Map<string, number>()
  const unsettled = await unsettledRecoveries(sql, until)
  for (const { recovery, ...key } of unsettled) recovered.set(breakerPlace(key), (recovered.get(breakerPlace(key)) ?? 0) + systemPart(recovery))
  const keys = new Map<string, BreakerKey>()
  for (const key of [...await listBreakers(sql, {}), ...await vintages(sql, {}, until), ...unsettled]) {
    if (key.vintage_year <= year || recovered.has(breakerPlace(key))) {
      keys.set(breakerPlace(key), { guarantor_no: key.guarantor_no, bank_no: key.bank_no, vintage_year: key.vintage_year })
    }
  }
  const content: SettledLine[] = []
  for (const [text, key] of [...keys].sort(([a], [b]) => a < b ? -1 : 1)) {
    const row = await owned(sql, now, key, terms)
    const back_fen = recovered.get(text) ?? 0
    const recoveries_settled_fen = row.recoveries_settled_fen + back_fen
    const compensated_fen = row.covered_fen - recoveries_settled_fen
    const state = breakerState(row.liability_fen, compensated_fen, terms)
    await keepAndTell(sql, now, principal, key, row.state, { ...row, recoveries_settled_fen, state,
      closed_at: key.vintage_year <= year ? row.closed_at ?? now : null })
    content.push({
      ...key, liability: yuanOf(row.liability_fen), recoveries: yuanOf(back_fen), compensated_before: yuanOf(row.compensated_fen),
      compensated_after: yuanOf(compensated_fen), vintage_rate_pct: compensationRate(compensated_fen,
        row.liability_fen), state_before: row.state, state_after: state
    })
  }
  await settleRecoveries(sql, until, year)
  const settlement: Settlement = { year, content, participant_no: principal.participant_no, settled_by: personOf(principal), created_at: now }
  if (!await insertSettlement(sql, settlement)) throw new RunAgain('the year was settled at the same time')
  await append(sql, now, {
    type: 'breaker_settlement.made', subject: String(year), actor: principal,
    audience: await riskAudience(sql, ...keys.values()), data: { year }
  })
  return { settlement, is_new: true }
}

export interface ShownBreaker {
  key: BreakerKey
  liability_fen: number
  cap_fen: number
  compensated_fen: number
  covered_fen: number
  recoveries_settled_fen: number
  recoveries_unsettled_fen: number
  released_fen: number
  state: BreakerState
  is_open: boolean
  vintage_rate_pct: string
  /** null while nothing of the vintage is released */
  compensation_rate_pct: string | null
  what_if: RiskShare | null
  terms: PolicyVersion
}

/** A wider scope as it stands now; `decides`: claims go by it. @param guarantor_no only of this guarantor */
export async function scopesNow (db: Db, scope: WiderScope, vintage_year: number | undefined, guarantor_no: string | undefined, default_principal?: string) {
  const now = db.clock.now()
  const terms = termsFor(await policiesOf(db), now)
  const found = await measuredScopes(db.read, now, scope, terms, vintage_year)
  return found.filter(one => guarantor_no === undefined || one.guarantor_no === guarantor_no).map(one => {
    const { liability_fen, compensated_fen } = one
    const decides = breakerScope(terms) === scope
    const principal_fen = decides ? asked(default_principal) : null
    return Object.assign(one, {
      scope, decides, cap_fen: breakerCap(liability_fen, terms), state: breakerState(liability_fen, compensated_fen, terms),
      vintage_rate_pct: compensationRate(compensated_fen, liability_fen), policy_version: terms.version,
      what_if: principal_fen === null ? null : riskShare({
        default_principal_fen: principal_fen, vintage_liability_fen: liability_fen, vintage_compensated_fen: compensated_fen, terms
      })
    })
  })
}

const asked = (default_principal: string | undefined): number | null => default_principal === undefined ? null : fenOf(default_principal)
const far_day = '9999-12-31'

/** Breakers as they stand now, of open vintages with the guarantees of this moment. @param day until which releases count */
export async function breakersNow (db: Db, filter: BreakerFilter, default_principal: string | undefined, day = beijingDate(db.clock.now())): Promise<ShownBreaker[]> {
  const now = db.clock.now()
  const terms = termsFor(await policiesOf(db), now)
  const rows = new Map((await listBreakers(db.read, filter)).map(row => [breakerPlace(row), row]))
  const sums = new Map((await vintages(db.read, filter, day)).map(sum => [breakerPlace(sum), sum]))
  const waiting = new Map<string, number>()
  for (const { recovery, ...key } of await unsettledRecoveries(db.read, far_day)) waiting.set(breakerPlace(key),
    (waiting.get(breakerPlace(key)) ?? 0) + systemPart(recovery))
  return [...new Set([...rows.keys(), ...sums.keys()])].sort().map(text =>
    shown(rows.get(text), sums.get(text), waiting.get(text) ?? 0, breakerScope(terms) === 'GUARANTOR_BANK' ? asked(default_principal) : null, terms))
}

function shown (row: Breaker | undefined, sum: Vintage | undefined, recoveries_unsettled_fen: number, principal_fen: number | null,
  terms: PolicyVersion): ShownBreaker {
  const known = row ?? sum
  if (known === undefined) throw new Error('a breaker without row and guarantees')
  const liability_fen = row === undefined ? breakerDenominator(sum ?? none, terms) : liabilityNow(row, sum ?? none, terms)
  const compensated_fen = row?.compensated_fen ?? 0
  const covered_fen = row?.covered_fen ?? 0
  const released_fen = liabilityOf(sum?.released_fen ?? 0, terms)
  return {
    key: { guarantor_no: known.guarantor_no, bank_no: known.bank_no, vintage_year: known.vintage_year },
    liability_fen,
    cap_fen: breakerCap(liability_fen, terms),
    compensated_fen,
    covered_fen,
    recoveries_settled_fen: row?.recoveries_settled_fen ?? 0,
    recoveries_unsettled_fen,
    released_fen,
    state: breakerState(liability_fen, compensated_fen, terms),
    is_open: row?.closed_at === undefined || row.closed_at === null,
    vintage_rate_pct: compensationRate(compensated_fen, liability_fen),
    compensation_rate_pct: released_fen === 0 ? null : compensationRate(covered_fen, released_fen),
    what_if: principal_fen === null ? null : riskShare({
      default_principal_fen: principal_fen, vintage_liability_fen: liability_fen, vintage_compensated_fen: compensated_fen, terms
    }),
    terms
  }
}
