/** The allotment under a ceiling, whatever arrives in whatever order and whatever is frozen in between. */
import fc from 'fast-check'
import t from 'tap'
import { allot, cutUses, quarterOf, type Claim, type Frozen } from '../../src/subsidy/lines/derivation.ts'

const cap_fen = 1000

/** A claim that is due its formula as far as the ceiling of its project carries. */
function aClaim (chain: string, order_key: string, formula_fen: number, voucher_number = chain): Claim {
  return {
    chain, order_key, voucher_number,
    evaluate: used => {
      const amount_fen = Math.min(formula_fen, Math.max(0, cap_fen - (used('').y ?? 0)))
      return { year: 'y', eligible_interest_fen: null, formula_fen, amount_fen, uses: [{ scope: '', year: 'y', amount_fen, cap_fen }],
        trace: [], policy_code: 'p', policy_version: '1' }
    }
  }
}

const claims = fc.uniqueArray(fc.record({ key: fc.integer({ min: 0, max: 99 }), formula_fen: fc.integer({ min: 0, max: 800 }) }),
  { selector: ({ key }) => key, maxLength: 8 })
  .map(facts => facts.map(({ key, formula_fen }) => aClaim(`c${key}`, String(key).padStart(2, '0'), formula_fen)))
const targets = (some: readonly Claim[], frozen: ReadonlyMap<string, Frozen> = new Map()) => new Map(allot(some,
  frozen).map(({ chain, target_fen }) => [chain, target_fen]))
const sum = (amounts: Iterable<number>) => [...amounts].reduce((before, each) => before + each, 0)

t.test('the order of arrival changes nothing', async t => {
  fc.assert(fc.property(claims, some => {
    t.same([...targets(some)].sort(), [...targets(some.toReversed())].sort())
  }))
})

t.test('the ceiling is never exceeded and nothing it allows is left, whatever was frozen before', async () => {
  fc.assert(fc.property(claims, claims, (before, later) => {
    const frozen = new Map([...targets(before)].map(([chain, amount_fen], index) => [chain, { amount_fen,
      since: String(index).padStart(2, '0'), cut_fen: 0 }]))
    const all = [...before, ...later.filter(({ chain }) => !frozen.has(chain))]
    const found = targets(all, frozen)
    const wanted = sum(all.map(claim => claim.evaluate(() => ({})).amount_fen))
    if (sum(found.values()) !== Math.min(cap_fen, wanted)) throw new Error(`${sum(found.values())} of ${Math.min(cap_fen, wanted)}`)
    for (const [chain, { amount_fen }] of frozen) if ((found.get(chain) ?? 0) < amount_fen) throw new Error(`${chain} lost its place`)
  }))
})

t.test('what its facts no longer carry is not held; what they free goes to who waits', async t => {
  const frozen = new Map([['a', { amount_fen: 700, since: '1', cut_fen: 0 }]])
  t.same([...targets([aClaim('a', '2', 500), aClaim('b', '1', 900)], frozen)], [['b', 500], ['a', 500]])
})

t.test('what an audit cut stays cut: a correction adds only what its facts give beyond the amount that was judged', async t => {
  const frozen = new Map([['a', { amount_fen: 300, since: '1', cut_fen: 200 }]])
  const due = (formula_fen: number) => targets([aClaim('a', '1', formula_fen, 'a2')], frozen).get('a')
  t.same([500, 620, 499, 350, 300, 299].map(due), [300, 420, 300, 300, 300, 299])
  const rejected = new Map([['a', { amount_fen: 0, since: '1', cut_fen: 500 }]])
  t.same([500, 620].map(formula_fen => targets([aClaim('a', '1', formula_fen, 'a2')], rejected).get('a')), [0, 120])
  t.same([...targets([aClaim('a', '1', 500), aClaim('b', '2', 900)], frozen)], [['a', 300], ['b', 700]], 'others use what the cut leaves of the ceiling')
})

t.test('a frozen chain without a voucher is due nothing', async t => {
  t.match(allot([], new Map([['a', { amount_fen: 300, since: '1', cut_fen: 0 }]])),
    [{ chain: 'a', target_fen: 0, frozen_fen: 300, claim: null }])
})

t.test('uses are cut per ceiling; quarters follow the month', async t => {
  const uses = [{ scope: '', year: '1', amount_fen: 60, cap_fen }, { scope: 'loan', year: '1', amount_fen: 60, cap_fen: null },
    { scope: '', year: '2', amount_fen: 60, cap_fen }]
  t.same(cutUses(uses, 100).map(({ amount_fen }) => amount_fen), [60, 60, 40])
  t.same(['2026-03-31', '2026-04-01', '2026-12-31'].map(quarterOf), ['2026Q1', '2026Q2', '2026Q4'])
})
