/** Hiding, ranking and the figures by themselves. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { hundredths, medianHours, ratio, sharePct, weightedRate } from '../../src/oversight/reports/figures.ts'
import { place, PRIME_RATES, prime_rates_known_until, rankingTerms,
  type Contender } from '../../src/oversight/reports/ranking.ts'
import { csvField } from '../../src/intake/enterprise-lists/writing.ts'
import { UNITS_PER_ONE } from '../../src/policy/exact.ts'
import { BUILT_IN_POLICIES, checkParameters, termsOn } from '../../src/policy/terms.ts'
import { smallestGroupOn, tableOf, type Column, type Row } from '../../src/oversight/reports/table.ts'

const words = { definition: 'x', definition_zh: '口径', clause: 'S2' }
const columns: Column[] = [
  { name: 'who', ...words }, { name: 'volume', sums: 'MONEY', about: ['drawn'], ...words }, { name: 'rate', about: ['drawn'], ...words },
    { name: 'leads', sums: 'COUNT', about: ['pushed'], ...words },
  { name: 'per_lead', about: ['drawn', 'pushed'], ...words }
]
const row = (who: string, drawn: number, pushed: number, group = 'BANK'): Row => ({
  cells: { who, volume: `${drawn}00.00`, rate: '3.0000', leads: pushed * 2, per_lead: '1.0000' }, counts: { drawn, pushed }, group,
    behind: { objects: 1, subjects: [] }, owner: who
})

t.test('a single small group hides another one with it, the one with the fewest enterprises', async t => {
  const { rows, totals, suppressed_groups } = tableOf(columns, [row('a', 9, 9), row('b', 1, 5), row('c', 4, 5)], 3)
  t.same(rows.map(each => each.cells.volume), ['900.00', null, null])
  t.same(rows.map(each => each.cells.leads), [18, 10, 10], 'a count of its own')
  t.same(rows.map(each => each.cells.per_lead), ['1.0000', null, null], 'what could be computed back goes too')
  t.same(rows.map(each => each.cells.who), ['a', 'b', 'c'])
  t.same(totals, [{ group: 'BANK', volume: '1400.00', leads: 38 }])
  t.equal(suppressed_groups, 2)
})

t.test('where no other group is large enough, the total is hidden', async t => {
  const { totals } = tableOf(columns, [row('a', 1, 3), row('b', 2, 3), row('c', 0, 3)], 3)
  t.same(totals, [{ group: 'BANK', volume: null, leads: 18 }])
})

t.test('who knows one row of the table cannot subtract it either', async t => {
  const table = (...given: [who: string, drawn: number][]) => tableOf(columns, given.map(([who, drawn]) => row(who, drawn, 9)), 3, 2)
  const hidden = ({ rows }: ReturnType<typeof tableOf>) => rows.filter(({ cells }) => cells.volume === null).map(({ cells }) => cells.who)
  const four = table(['a', 9], ['b', 1], ['c', 4], ['d', 5])
  t.same([hidden(four), four.totals[0]?.volume], [['b', 'c', 'd'], '1900.00'])
  const three = table(['a', 9], ['b', 1], ['e', 0])
  t.same([hidden(three), three.totals[0]?.volume], [['a', 'b'], null], 'one row alone would be subtracted by its owner')
})

t.test('nothing is hidden from those who see all, and zero is no secret', async t => {
  t.equal(tableOf(columns, [row('a', 1, 1)], 0).suppressed_groups, 0)
  t.equal(tableOf(columns, [row('a', 0, 0), row('b', 3, 3)], 3).suppressed_groups, 0)
  t.equal(smallestGroupOn(BUILT_IN_POLICIES, '2026-03-31'), 3)
  const { policy_code, parameters } = termsOn(BUILT_IN_POLICIES, 'TECH_RENO_LOAN', '2026-03-31') ?? { policy_code: 'TECH_RENO_LOAN', parameters: {} }
  t.match(checkParameters(policy_code, { ...parameters, suppression_min_group: 1 }), [{ pointer: '/parameters/suppression_min_group' }], 'a group of one is an enterprise')
})

t.test('no figure about fewer than three enterprises can be had, not as total less the others either', async t => {
  const some = fc.array(fc.record({ drawn: fc.integer({ min: 0, max: 6 }), pushed: fc.integer({ min: 0, max: 6 }),
    group: fc.constantFrom('BANK', 'LESSOR') }), { maxLength: 8 })
  const checked = fc.check(fc.property(some, given => {
    const before = given.map(({ drawn, pushed, group }, index) => row(`p${index}`, drawn, pushed, group))
    for (const covers of [1, 2] as const) for (const [name, count] of [['volume', 'drawn'], ['leads', 'pushed']] as const) {
      const { rows, totals } = tableOf(columns, before, 3, covers)
      for (const [index, shown] of rows.entries()) {
        const about = before[index]?.counts[count] ?? 0
        if (about > 0 && about < 3 && shown.cells[name] !== null) return false
      }
      for (const total of totals) {
        const hidden = rows.filter(each => each.group === total.group && each.cells[name] === null)
        const unknown_to = covers === 1 ? [hidden] : hidden.map(own => hidden.filter(each => each !== own))
        if (hidden.length > 0 && total[name] !== null && unknown_to.some(rest => rest.length === 0 || !rest.some(each => (each.counts[count] ?? 0) >= 3))) return false
        if (hidden.length === 1 && total[name] !== null) return false
      }
    }
    return true
  }), { numRuns: 500 })
  t.notOk(checked.failed, JSON.stringify(checked.counterexample))
})

const contender = (no: string, over: Partial<Contender> = {}): Contender =>
  ({ no, volume_fen: 100, discount_units: 0n, punctuality_bp: 9000, approval_bp: 5000, audit_cut_bp: 0, relending_bp: 0, ...over })

const policy = termsOn(BUILT_IN_POLICIES, 'TECH_RENO_LOAN', '2026-03-31')
if (policy === null) throw new Error('no policy')
const terms = rankingTerms(policy)

t.test('the weights are parameters of the policy; a version whose weights are not one hundred together is refused', async t => {
  t.equal(Object.values(terms.weights).reduce((sum, weight) => sum + weight, 0n), UNITS_PER_ONE, terms.version)
  t.ok(terms.list_size >= 3 && terms.list_size <= 5)
  const off = checkParameters('TECH_RENO_LOAN', { ...policy.parameters, ranking_volume_pct: '26' })
  t.match(off, [{ code: 'parameter_invalid', message: /must sum to 100/ }])
  t.same(checkParameters('TECH_RENO_LOAN', { ...policy.parameters, ranking_volume_pct: '26', ranking_audit_pct: '9' }), [])
})

t.test('who does better in one measure and worse in none is ahead', async t => {
  const better: Partial<Contender>[] = [{ volume_fen: 101 }, { discount_units: 1n }, { punctuality_bp: 9010 }, { approval_bp: 5010 },
    { relending_bp: 100 }]
  for (const over of better) {
    const placed = place([contender('a'), contender('b', over)], terms)
    t.match([placed.get('b')?.rank, placed.get('a')?.rank], [1, 2], JSON.stringify(Object.keys(over)))
  }
  const cut = place([contender('a', { audit_cut_bp: 500 }), contender('b')], terms)
  t.equal(cut.get('b')?.rank, 1, 'a smaller audit cut is better')
})

t.test('equals share a rank, the sixth is not proposed, and who lent nothing does not race', async t => {
  const equal = place(Array.from({ length: 3 }, (_, index) => contender(`p${index}`)), terms)
  t.same([...equal.values()].map(each => each.rank), [1, 1, 1])
  const many = place(Array.from({ length: 6 }, (_, index) => contender(`p${index}`, { volume_fen: 100 - index })),
    terms)
  t.same([...many.values()].map(each => each.proposed), [true, true, true, true, true, false])
  t.same(place([contender('idle', { volume_fen: 0 })], terms).get('idle'),
    { score: null, rank: null, proposed: false })
})

t.test('what cannot be measured neither helps nor hurts', async t => {
  const full = { punctuality_bp: 10_000, approval_bp: 10_000, audit_cut_bp: 0, relending_bp: 10_000 }
  const placed = place([contender('a', full), contender('b', { ...full, audit_cut_bp: null })], terms)
  t.equal(placed.get('a')?.score, '100.00')
  t.equal(placed.get('b')?.score, '100.00')
})

const rates_file = join(import.meta.dirname, '../../../shared/data/rates/lpr-2022-12_to_2026-08.csv')
t.test('prime rates are those announced',
  { skip: existsSync(rates_file) ? false : 'the table of announcements is not beside the repository' }, async t => {
  const announced = readFileSync(rates_file, 'utf8').trim().split('\n').slice(1).map(line => line.split(','))
  for (const [day = '', one_year, five_years] of announced) {
    const held = PRIME_RATES.findLast(({ from }) => from <= day)
    t.same([held?.one_year_pct, held?.five_years_pct], [one_year, five_years], day)
  }
  t.equal(announced.at(-1)?.[0], prime_rates_known_until)
})

t.test('figures are exact and rounded half up once', async t => {
  t.equal(sharePct(1, 3), '33.33')
  t.equal(sharePct(2, 3), '66.67')
  t.equal(sharePct(1, 0), null)
  t.equal(ratio(1_234_567, 100_000_000), '0.0123')
  t.equal(hundredths(-5), '-0.05')
  t.equal(medianHours([]), null)
  t.equal(medianHours([3_600_000, 7_200_000, 36_000_000]), '2.00')
  t.equal(medianHours([3_600_000, 7_200_000]), '1.50')
  t.equal(weightedRate([{ weight_fen: 1, rate_units: 3_000_000n }, { weight_fen: 2, rate_units: 3_600_000n }]), 3_400_000n)
  t.equal(weightedRate([]), null)
})

t.test('a field that a spreadsheet would run is text; a number stays one', async t => {
  t.equal(csvField('=1+1'), "'=1+1")
  t.equal(csvField('@SUM(A1)'), "'@SUM(A1)")
  t.equal(csvField('＝1+1'), "'＝1+1")
  t.equal(csvField('-12.50'), '-12.50')
  t.equal(csvField('-cmd'), "'-cmd")
  t.equal(csvField('a,"b"'), '"a,""b"""')
})
