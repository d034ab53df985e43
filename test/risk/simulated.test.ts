/** A portfolio under one seed against plain arithmetic: it grows, trips, recovers, is settled; every figure after every step. */
import t from 'tap'
import { build } from '../helper.ts'
import { allOf } from '../oversight/answers.ts'
import { created } from '../lending/fixtures.ts'
import { aGuarantee } from './guarantees.ts'

t.setTimeout(3_600_000)
const steps = process.env.FULL === '1' ? 1500 : 70

const fen = (yuan: string): bigint => BigInt(yuan.replace('.', ''))
const yuan = (value: bigint): string => `${value / 100n}.${String(value % 100n).padStart(2, '0')}`

/** Parts by weights, the rest to the largest remainders, ties in order. */
function parts (whole: bigint, weights: readonly bigint[]): bigint[] {
  const sum = weights.reduce((a, b) => a + b, 0n)
  if (sum === 0n) return weights.map(() => 0n)
  const cut = weights.map(weight => whole * weight / sum)
  const order = weights.map((weight, index) => ({ index, rest: whole * weight % sum })).sort((a, b) => a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1)
  const left = Number(whole - cut.reduce((a, b) => a + b, 0n))
  for (const { index } of order.slice(0, left)) cut[index] = (cut[index] ?? 0n) + 1n
  return cut
}

const names = ['guarantor', 'fiscal', 'bank', 're_guarantor'] as const

t.test('a portfolio that trips and recovers is what plain arithmetic says, step by step', async t => {
  const hub = await build(t)
  let seed = 20260112
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor(seed / 4294967296 * below)
  }
  let [guaranteed, covered, settled, waiting] = [0n, 0n, 0n, 0n]
  const claims: { claim_no: string, left: bigint[] }[] = []
  const seen = { NORMAL: 0, WARNING: 0, TRIPPED: 0, crossing: 0, recoveries: 0, reopened: 0 }
  let before = 'NORMAL'
  for (let step = 0; step < steps; step++) {
    const kind = random(10)
    if (kind < 2 || guaranteed === 0n) {
      const principal = BigInt(1 + random(2_000_000_000))
      await aGuarantee(hub, { principal: yuan(principal) })
      guaranteed += principal
    } else if (kind < 7 || claims.length === 0) {
      const principal = BigInt(1 + random(random(3) === 0 ? 40_000_000 : 2_000_000))
      const { guarantee_contract_no, iou_no } = await aGuarantee(hub, { principal: yuan(principal) })
      guaranteed += principal
      const claim_no = `S-${step}`
      created(await hub.as('bank-1').post('/v1/compensation-claims', { claim_no, guarantee_contract_no, iou_no, default_date: '2026-03-02', default_principal: yuan(principal) }))
      const [what_if] = (await hub.as('meic').get(`/v1/breakers?default_principal=${yuan(principal)}`)).json().items
      const { computed } = (await hub.as('guarantor-1', 1).post(`/v1/compensation-claims/${claim_no}/decision`, { decision: 'ACCEPT', paid_date: '2026-03-18' })).json()
      const headroom = guaranteed * 80n / 100n * 4n / 100n - (covered - settled)
      const plain = parts(principal, [40n, 30n, 20n, 10n])
      const system = principal - (plain[2] ?? 0n)
      const fits = system <= headroom
      const [g = 0n, f = 0n, r = 0n] = parts(headroom > 0n ? headroom : 0n, [40n, 30n, 10n])
      const shares = fits ? plain : [g, f, principal - g - f - r, r]
      t.same(names.map(name => fen(computed.shares[name])), shares, `step ${step}: ${yuan(principal)} at headroom ${yuan(headroom)}`)
      t.same(names.map(name => what_if.what_if[name]), names.map(name => computed.shares[name]), 'what if is what was')
      covered += principal - (shares[2] ?? 0n)
      claims.push({ claim_no, left: shares })
      if (!fits && headroom > 0n) seen.crossing++
    } else {
      const claim = claims[random(claims.length)]
      const whole = claim?.left.reduce((a, b) => a + b, 0n) ?? 0n
      if (claim === undefined || whole === 0n) continue
      const net = random(3) === 0 ? whole : 1n + BigInt(random(Number(whole)))
      const { split } = created(await hub.as('guarantor-1').post(`/v1/compensation-claims/${claim.claim_no}/recoveries`,
        { recovery_no: `R-${step}`, date: '2026-03-18', gross: yuan(net) })) as { split: Record<string, string> }
      const expected = parts(net, claim.left)
      t.same(names.map(name => fen(split[name] ?? '')), expected, `step ${step}: ${yuan(net)} of ${yuan(whole)} back`)
      claim.left = claim.left.map((left, index) => left - (expected[index] ?? 0n))
      waiting += net - (expected[2] ?? 0n)
      seen.recoveries++
    }
    const [breaker] = (await hub.as('meic').get('/v1/breakers')).json().items
    const cap = guaranteed * 80n / 100n * 4n / 100n
    const state = covered - settled >= cap ? 'TRIPPED' : (covered - settled) * 100n >= cap * 75n ? 'WARNING' : 'NORMAL'
    t.match(breaker, { liability: yuan(guaranteed * 80n / 100n), cap: yuan(cap), compensated: yuan(covered - settled), recoveries_unsettled: yuan(waiting), state }, `step ${step}`)
    seen[state]++
    if (before === 'TRIPPED' && state !== 'TRIPPED') seen.reopened++
    before = state
  }
  hub.clock.set('2027-01-05T02:00:00.000Z')
  t.equal((await hub.as('finance-bureau', 1).post('/v1/breakers/settlements', { year: 2026 })).statusCode, 201)
  settled = waiting
  t.match((await hub.as('meic').get('/v1/breakers')).json().items, [{ compensated: yuan(covered - settled), recoveries_unsettled: '0.00', is_open: false }], 'settled at year-end')
  const all = await allOf<{ ledger: { amount: string }[] }>(hub, 'finance-bureau', '/v1/compensation-claims')
  t.equal(all.length, claims.length)
  t.ok(all.every(({ ledger }) => ledger.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 100), 0) === 0), 'every ledger sums to zero')
  for (const [what, times] of Object.entries(seen)) t.ok(times > 0, `${what}: ${times}`)
})
