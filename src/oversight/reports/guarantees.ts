/** Reports on guarantees: the average fee against 1 %, and both rates of the breaker. Source: S5 (十); S3 (十五); S1 五(一). */
import type { Db, ReadSql } from '../../db/db.ts'
import { UNITS_PER_ONE } from '../../policy/exact.ts'
import { yuanOf } from '../../policy/money.ts'
import { breakerDenominator, liabilityOf } from '../../policy/claims.ts'
import { compensationRate, type BreakerState } from '../../policy/risk-share.ts'
import { fenParameter, nearestTerms, pctOf } from '../../policy/terms.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { breakerPlace, breakersNow, riskTerms } from '../../risk/breakers/service.ts'
import type { BreakerKey } from '../../risk/breakers/store.ts'
import { ratePct, sharePct } from './figures.ts'
import { compensatedOfVintages, feesByTerm, guaranteedBy, guaranteedHouseholds, guaranteedOfVintages, settledOfVintages } from './guarantee-store.ts'
import { byKey, participantsOf, some, type Making } from './making.ts'
import type { Row } from './table.ts'

/** Σ fees × 12 ÷ months over the principal, compared unrounded, shown with four digits. */
function averageFee (fees: readonly { fees_fen: number, term_months: number }[], guaranteed_fen: number, ceiling: bigint): { rate: string,
  within: boolean } {
  let annual = 0n
  let months = 1n
  for (const { fees_fen, term_months } of fees) {
    annual = annual * BigInt(term_months) + BigInt(fees_fen) * 12n * UNITS_PER_ONE * months
    months *= BigInt(term_months)
  }
  const whole = months * BigInt(guaranteed_fen)
  // Half up to the fourth digit, once.
  return { rate: ratePct((2n * annual + 100n * whole) / (200n * whole) * 100n), within: annual <= ceiling * whole }
}

export async function averageGuaranteeFee (sql: ReadSql, making: Making): Promise<Row[]> {
  const terms = nearestTerms(await policiesIn(sql), 'FISCAL_FINANCE_LINKAGE', making.to)
  const ceiling = pctOf(terms, 'average_guarantee_fee_max_pct')
  const given = byKey(await guaranteedBy(sql, making), row => row.participant_no)
  const fees = await feesByTerm(sql, making)
  const focus_fen = fenParameter(terms, 'focus_guaranteed_amount_max')
  const households = Map.groupBy(await guaranteedHouseholds(sql, making), row => row.participant_no)
  return (await participantsOf(sql, ['GUARANTOR'], given.keys())).map(({ participant_no, name }): Row => {
    const own = given.get(participant_no)
    const average = own === undefined ? null : averageFee(fees.filter(fee => fee.participant_no === participant_no), own.guaranteed_fen,
      ceiling)
    const focused = (households.get(participant_no) ?? []).filter(({ guaranteed_fen }) => guaranteed_fen <= focus_fen)
    const focused_fen = focused.reduce((sum, { guaranteed_fen }) => sum + guaranteed_fen, 0)
    return {
      cells: {
        guarantor_no: participant_no, guarantor: name, guarantees: own?.guarantees ?? 0, enterprises: own?.enterprises ?? 0,
          guaranteed_amount: yuanOf(own?.guaranteed_fen ?? 0),
        average_fee_rate_pct: average?.rate ?? null, ceiling_pct: ratePct(ceiling), within_ceiling: average?.within ?? null,
        focus_amount_max: yuanOf(focus_fen), focus_pct: sharePct(focused_fen, own?.guaranteed_fen ?? 0)
      },
      counts: { guaranteed: own?.enterprises ?? 0, focused: focused.length, beyond_focus: (own?.enterprises ?? 0) - focused.length },
      group: 'GUARANTOR',
      behind: { objects: own?.guarantees ?? 0, subjects: some(own?.first, own?.last) },
      owner: participant_no
    }
  })
}

interface ShownVintage { key: BreakerKey, state: BreakerState | null, liability_fen: number, cap_fen: number | null, compensated_fen: number, vintage_rate_pct: string,
  compensation_rate_pct: string | null }

/** The part of the breakers that is of one district: its guarantees and claims. Cap and state are of the whole. */
async function partsOfBreakers (db: Db, making: Making, years: readonly number[]): Promise<ShownVintage[]> {
  const terms = await riskTerms(db.read, db.clock.now())
  const covered = byKey(await compensatedOfVintages(db.read, years, making), breakerPlace)
  const settled = byKey(await settledOfVintages(db.read, years, making), breakerPlace)
  return (await guaranteedOfVintages(db.read, years, making, making.as_of)).map(vintage => {
    const place = breakerPlace(vintage)
    const liability_fen = breakerDenominator(vintage, terms)
    const released_fen = liabilityOf(vintage.released_fen, terms)
    const covered_fen = covered.get(place)?.covered_fen ?? 0
    const compensated_fen = covered_fen - (settled.get(place)?.settled_fen ?? 0)
    return {
      key: vintage, state: null, liability_fen, cap_fen: null, compensated_fen, vintage_rate_pct: compensationRate(compensated_fen, liability_fen),
      compensation_rate_pct: released_fen === 0 ? null : compensationRate(covered_fen, released_fen)
    }
  }).sort((a, b) => breakerPlace(a.key) < breakerPlace(b.key) ? -1 : 1)
}

/** Breakers of the vintages of the period's years, as they stand. */
export async function guaranteeBreaker (db: Db, making: Making): Promise<Row[]> {
  const sql = db.read
  const last = Number(making.to.endsWith('-01-01') ? Number(making.to.slice(0, 4)) - 1 : making.to.slice(0, 4))
  const years = Array.from({ length: last - Number(making.from.slice(0, 4)) + 1 }, (_, index) => Number(making.from.slice(0, 4)) + index)
  const guaranteed = byKey(await guaranteedOfVintages(sql, years, making, making.as_of), breakerPlace)
  const compensated = byKey(await compensatedOfVintages(sql, years, making), breakerPlace)
  const vintages: ShownVintage[] = making.region_code === null
    ? (await breakersNow(db, {}, undefined, making.as_of)).filter(({ key }) => years.includes(key.vintage_year)) : await partsOfBreakers(db, making, years)
  return vintages.map(({ key, ...shown }): Row => {
    const behind = guaranteed.get(breakerPlace(key))
    return {
      cells: {
        guarantor_no: key.guarantor_no, bank_no: key.bank_no, vintage_year: key.vintage_year, state: shown.state,
          enterprises: behind?.enterprises ?? 0,
        liability: yuanOf(shown.liability_fen), cap: shown.cap_fen === null ? null : yuanOf(shown.cap_fen), compensated: yuanOf(shown.compensated_fen),
          vintage_rate_pct: shown.vintage_rate_pct,
        compensation_rate_pct: shown.compensation_rate_pct
      },
      counts: { guaranteed: behind?.enterprises ?? 0, claimed: compensated.get(breakerPlace(key))?.enterprises ?? 0, released: behind?.released ?? 0 },
      group: 'ALL',
      behind: { objects: behind?.guarantees ?? 0, subjects: some(behind?.first, behind?.last) },
      owner: key.guarantor_no
    }
  })
}
