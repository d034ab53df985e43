/** The allotment under a ceiling, whatever arrives in whatever order and whatever is frozen in between. */
import fc from 'fast-check'
import t from 'tap'
import { allot, cutUses, dueAfterCuts, heldOf, type Claim, type Cut, type Frozen } from '../../src/subsidy/lines/derivation.ts'

const cap_fen = 1000

const aFrozen = (recognised_fen: number, since: string, over: Partial<Frozen> = {}): Frozen => ({ recognised_fen, clawed_fen: 0, settled_fen: 0, since, cuts: [], ...over })

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
    const frozen = new Map([...targets(before)].map(([chain, amount_fen], index) => [chain, aFrozen(amount_fen, String(index).padStart(2, '0'))]))
    const all = [...before, ...later.filter(({ chain }) => !frozen.has(chain))]
    const found = targets(all, frozen)
    const wanted = sum(all.map(claim => claim.evaluate(() => ({})).amount_fen))
    if (sum(found.values()) !== Math.min(cap_fen, wanted)) throw new Error(`${sum(found.values())} of ${Math.min(cap_fen, wanted)}`)
    for (const [chain, { recognised_fen }] of frozen) if ((found.get(chain) ?? 0) < recognised_fen) throw new Error(`${chain} lost its place`)
  }))
})

t.test('what its facts no longer carry is not held; what they free goes to who waits', async t => {
  const frozen = new Map([['a', aFrozen(700, '1')]])
  t.same([...targets([aClaim('a', '2', 500), aClaim('b', '1', 900)], frozen)], [['b', 500], ['a', 500]])
})

t.test('what an audit cut stays cut: a correction adds only what its facts give beyond the amount that was judged', async t => {
  const frozen = new Map([['a', aFrozen(300, '1', { cuts: [{ granted_fen: 500, cut_fen: 200 }] })]])
  const due = (formula_fen: number) => targets([aClaim('a', '1', formula_fen, 'a2')], frozen).get('a')
  t.same([500, 620, 499, 350, 300, 299].map(due), [300, 420, 300, 300, 300, 299])
  const rejected = new Map([['a', aFrozen(0, '1', { cuts: [{ granted_fen: 500, cut_fen: 500 }] })]])
  t.same([500, 620].map(formula_fen => targets([aClaim('a', '1', formula_fen, 'a2')], rejected).get('a')), [0, 120])
  t.same([...targets([aClaim('a', '1', 500), aClaim('b', '2', 900)], frozen)], [['a', 300], ['b', 700]], 'others use what the cut leaves of the ceiling')
})

/** Each fen of what the facts give by itself: a cut takes the topmost ones that are left. */
function leftAfter (cuts: readonly Cut[], granted_fen: number): number {
  const gone = new Set<number>()
  for (const { granted_fen: from, cut_fen } of cuts) {
    let left = cut_fen
    for (let fen = from; fen >= 1 && left > 0; fen--) {
      if (gone.has(fen)) continue
      gone.add(fen)
      left--
    }
  }
  return granted_fen - [...gone].filter(fen => fen <= granted_fen).length
}

const level = fc.integer({ min: 0, max: 60 })
const share = fc.double({ min: 0, max: 1, noNaN: true })

t.test('what is due after cuts does not hang on their order, rises with the facts and is what counting every fen gives', async () => {
  const cuts = fc.array(fc.record({ granted_fen: level, cut_fen: fc.integer({ min: 0, max: 30 }) }), { maxLength: 6 })
  fc.assert(fc.property(cuts, level, (some, granted_fen) => {
    const due = dueAfterCuts(granted_fen, some)
    if (due !== leftAfter(some, granted_fen)) throw new Error(`${due}, counted ${leftAfter(some, granted_fen)}`)
    if (dueAfterCuts(granted_fen, some.toReversed()) !== due) throw new Error('the order counts')
    const more = dueAfterCuts(granted_fen + 1, some) - due
    if (more !== 0 && more !== 1) throw new Error(`one fen more gives ${more}`)
  }))
})

t.test('a chain ends at the same amount whenever its corrections are claimed, judged, taken back and paid again', async () => {
  interface Line { granted_fen: number, amount_fen: number, share: number, recognised_fen: number | null }
  const step = fc.record({ granted_fen: level, share, is_taken_back: fc.boolean(), is_judged_at_once: fc.boolean() })
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), level, (steps, last) => {
    const lines: Line[] = []
    let taken_back = 0
    const frozen = () => aFrozen(sum(lines.map(({ recognised_fen, amount_fen }) => recognised_fen ?? amount_fen)), '1', { cuts: cuts(), settled_fen: taken_back, clawed_fen: taken_back })
    const held = () => heldOf(frozen())
    const cuts = () => lines.map(({ granted_fen, amount_fen, recognised_fen }) => ({ granted_fen, cut_fen: amount_fen - (recognised_fen ?? amount_fen) }))
    const target = (granted_fen: number) => targets([aClaim('a', '1', granted_fen)], new Map([['a', frozen()]])).get('a') ?? 0
    const judge = (line: Line) => {
      if (line.recognised_fen !== null) return
      const before = target(line.granted_fen)
      line.recognised_fen = Math.round(line.amount_fen * line.share)
      const cut_fen = line.amount_fen - line.recognised_fen
      if (before - target(line.granted_fen) !== Math.min(before, cut_fen)) throw new Error(`a cut of ${cut_fen} took off ${before - target(line.granted_fen)}`)
    }
    for (const { granted_fen, share, is_taken_back, is_judged_at_once } of steps) {
      const beyond = target(granted_fen) - held()
      if (beyond > 0) lines.push({ granted_fen, amount_fen: beyond, share, recognised_fen: null })
      else if (is_taken_back) taken_back -= beyond
      if (is_judged_at_once) lines.forEach(judge)
    }
    lines.toReversed().forEach(judge)
    const due = target(last)
    const same = leftAfter(cuts(), last)
    if (due !== same) throw new Error(`${due} due, the facts and cuts give ${same}`)
    taken_back += held() - due
    if (target(last) !== due) throw new Error('taking back changed what is due')
  }))
})

t.test('what rises again takes its place back, settled or not, but never that of a line frozen meanwhile', async t => {
  const rising = [aClaim('a', '2', 700), aClaim('b', '1', 900)]
  for (const settled_fen of [0, 400]) {
    const fallen = aFrozen(700, '1', { clawed_fen: 400, settled_fen })
    t.same([...targets(rising, new Map([['a', fallen]]))], [['b', 300], ['a', 700]], 'nobody was frozen meanwhile')
    t.same([...targets(rising, new Map([['a', fallen], ['b', aFrozen(700, '2')]]))], [['b', 700], ['a', 300]])
    t.same([...targets(rising, new Map([['a', fallen], ['b', aFrozen(500, '2')]]))], [['b', 500], ['a', 500]], 'of what is left the frozen place goes first')
  }
})

t.test('a frozen chain without a voucher is due nothing', async t => {
  t.match(allot([], new Map([['a', aFrozen(300, '1')]])),
    [{ chain: 'a', target_fen: 0, frozen_fen: 300, claim: null }])
})

t.test('uses are cut per ceiling', async t => {
  const uses = [{ scope: '', year: '1', amount_fen: 60, cap_fen }, { scope: 'loan', year: '1', amount_fen: 60, cap_fen },
    { scope: '', year: '2', amount_fen: 60, cap_fen }]
  t.same(cutUses(uses, 100).map(({ amount_fen }) => amount_fen), [60, 60, 40])
})
