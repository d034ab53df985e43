/** Reports on institutions: the race and the "3个1" clock. Source: S2 (十五)(十六)(十八)(十九). */
import type { ReadSql } from '../../db/db.ts'
import type { Role } from '../../http/access.ts'
import { rateUnits } from '../../policy/exact.ts'
import { yuanOf } from '../../policy/money.ts'
import { addDays } from '../../policy/period.ts'
import { nearestTerms } from '../../policy/terms.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { punctuality, stageCells, CLOCK_STAGES, emptyTally } from './clock.ts'
import { averageBasisPoints, averageRatePct, hundredths, shareBp, weightedRate, type Weighted } from './figures.ts'
import { leasedByLessor } from './guarantee-store.ts'
import { byKey, participantsOf, some, tallies, type Making } from './making.ts'
import { place, prime_rates_known_until, PRIME_RATES, rankingTerms } from './ranking.ts'
import { auditsByInstitution, drawnByBank, ratesByBank } from './store.ts'
import type { Cell, Row } from './table.ts'

/** Leads, punctuality and durations of banks, guarantors and lessors. */
export async function threeOneClock (sql: ReadSql, making: Making): Promise<Row[]> {
  const found = await tallies(sql, making, lead => lead.recipient_no)
  return (await participantsOf(sql, ['BANK', 'GUARANTOR', 'LESSOR'], found.keys())).map(({ participant_no, name, role }) => {
    const tally = found.get(participant_no) ?? emptyTally()
    const { leads, decided, approved, disbursed, enterprises, stages } = tally
    return {
      cells: {
        institution_no: participant_no, institution: name, kind: role, enterprises: enterprises.size, leads, decided, approved, disbursed,
        ...Object.assign({}, ...CLOCK_STAGES.map(stage => stageCells(stage, stages[stage]))) as Record<string, Cell>
      },
      counts: { pushed: enterprises.size, ...Object.fromEntries(CLOCK_STAGES.map(stage => [stage, stages[stage].enterprises.size])) },
      group: role,
      behind: { objects: leads, subjects: some(tally.first, tally.last) },
      owner: participant_no
    }
  })
}

interface Lent extends Weighted { discount_units: bigint }

const discountsOf = (rates: readonly Lent[]): Weighted[] => rates.map(({ weight_fen, discount_units }) => ({ weight_fen, rate_units: discount_units }))

/** What each bank lent at which rate, against the prime rate of the day and term. */
async function lentAt (sql: ReadSql, making: Making): Promise<Map<string, Lent[]>> {
  const found = new Map<string, Lent[]>()
  for (const { participant_no, annual_rate_pct, over_five_years, prime_from, amount_fen } of await ratesByBank(sql, making,
    PRIME_RATES.map(({ from }) => from))) {
    const prime = PRIME_RATES.find(({ from }) => from === prime_from) ?? PRIME_RATES[0]
    if (prime === undefined) throw new Error('no prime rates')
    const rate_units = rateUnits(annual_rate_pct)
    const discount_units = rateUnits(over_five_years === 1 ? prime.five_years_pct : prime.one_year_pct) - rate_units
    found.set(participant_no, [...found.get(participant_no) ?? [], { weight_fen: amount_fen, rate_units, discount_units }])
  }
  return found
}

/** The race of banks and lessors. Volume of a lessor is what it financed. */
export async function institutionRanking (sql: ReadSql, making: Making): Promise<Row[]> {
  const drawn = byKey([...await drawnByBank(sql, making), ...await leasedByLessor(sql, making)], row => row.participant_no)
  const lent = await lentAt(sql, making)
  const audits = byKey(await auditsByInstitution(sql, making), row => row.participant_no)
  const clock = await tallies(sql, making, lead => lead.recipient_no)
  const members = await participantsOf(sql, ['BANK', 'LESSOR'], [...drawn.keys(), ...clock.keys()])
  const judged = members.map(({ participant_no, name, role }) => {
    const volume = drawn.get(participant_no)
    const rates = lent.get(participant_no) ?? []
    const audit = audits.get(participant_no)
    const tally = clock.get(participant_no) ?? emptyTally()
    const { on_time, judged: stages_judged } = punctuality(tally)
    const contender = {
      no: participant_no,
      volume_fen: volume?.amount_fen ?? 0,
      discount_units: weightedRate(discountsOf(rates)),
      punctuality_bp: shareBp(on_time, stages_judged),
      approval_bp: shareBp(tally.approved, tally.decided),
      audit_cut_bp: audit === undefined ? null : shareBp(audit.claimed_fen - audit.recognised_fen, audit.claimed_fen),
      relending_bp: volume === undefined || volume.relent_fen === null ? null : shareBp(volume.relent_fen, volume.amount_fen)
    }
    return { participant_no, name, role, volume, rates, audit, tally, contender }
  })
  const terms = rankingTerms(nearestTerms(await policiesIn(sql), 'TECH_RENO_LOAN', addDays(making.to, -1)))
  const of = (kind: Role) => place(judged.filter(({ role }) => role === kind).map(({ contender }) => contender), terms)
  const placed = new Map([...of('BANK'), ...of('LESSOR')])
  const text = (bp: number | null) => bp === null ? null : hundredths(bp)
  return judged.map(({ participant_no, name, role, volume, rates, audit, tally, contender }) => {
    const { score = null, rank = null, proposed = false } = placed.get(participant_no) ?? {}
    return {
      cells: {
        institution_no: participant_no, institution: name, kind: role, rank, score, proposed_for_next_year: proposed,
          volume: yuanOf(contender.volume_fen),
        drawdowns: volume?.drawdowns ?? 0, enterprises: volume?.enterprises ?? 0,
          average_rate_pct: averageRatePct(rates),
        discount_to_lpr_bp: averageBasisPoints(discountsOf(rates)),
          lpr_provisional: making.to > prime_rates_known_until,
        punctuality_pct: text(contender.punctuality_bp), approval_pct: text(contender.approval_bp),
          audit_cut_pct: text(contender.audit_cut_bp),
        relending_pct: text(contender.relending_bp)
      },
      counts: {
        drawn: volume?.enterprises ?? 0, relent: volume?.relent ?? 0, not_relent: volume?.not_relent ?? 0, pushed: tally.enterprises.size,
        decided: tally.decided_enterprises.size, audited: audit?.enterprises ?? 0
      },
      group: role,
      behind: { objects: (volume?.drawdowns ?? 0) + tally.leads, subjects: some(volume?.first, volume?.last, tally.first, tally.last) },
      owner: participant_no
    }
  }).sort((a, b) => a.group < b.group ? -1 : a.group > b.group ? 1 : (a.cells.rank ?? 9999) - (b.cells.rank ?? 9999) ||
    (a.owner < b.owner ? -1 : 1))
}
