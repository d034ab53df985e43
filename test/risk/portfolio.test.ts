/** Breakers over time: trip, recover by growth, settle at year-end; under concurrency; against plain arithmetic. */
import fc from 'fast-check'
import t from 'tap'
import { compensationEntries, reversalEntries, recoveryEntries, stillBorne, type LedgerEntry } from '../../src/policy/claims.ts'
import { fenOf, yuanOf } from '../../src/policy/money.ts'
import { riskShare, splitRecovery, type Borne } from '../../src/policy/risk-share.ts'
import { BUILT_IN_POLICIES, termsOn } from '../../src/policy/terms.ts'
import { build, type Built } from '../helper.ts'
import { aGuarantee } from './guarantees.ts'

t.setTimeout(600_000)
const scale = process.env.FULL === '1' ? 50 : 1
let filed = 0

async function claim (hub: Built, principal: string, date = '2026-03-02'): Promise<string> {
  const { guarantee_contract_no, iou_no } = await aGuarantee(hub, { principal })
  const claim_no = `P-${++filed}`
  const answer = await hub.as('bank-1').post('/v1/compensation-claims', { claim_no, guarantee_contract_no, iou_no, default_date: date,
    default_principal: principal })
  if (answer.statusCode !== 201) throw new Error(answer.body)
  return claim_no
}

const decide = (hub: Built, claim_no: string, body: Record<string, unknown> = { decision: 'ACCEPT' }) =>
  hub.as('guarantor-1', 1).post(`/v1/compensation-claims/${claim_no}/decision`, body)
const breaker = async (hub: Built) => (await hub.as('meic').get('/v1/breakers')).json().items[0]
const told = async (hub: Built): Promise<string[]> =>
  (await hub.as('meic').get('/v1/events?limit=200')).json().items.map((event: { type: string }) => event.type).filter((type: string) => type.startsWith('breaker.'))
const settle = (hub: Built, year: number) => hub.as('finance-bureau', 1).post('/v1/breakers/settlements', { year })

t.test('a tripped breaker opens again by growth of its open vintage, not by recoveries before the year is settled', async t => {
  const hub = await build(t)
  await aGuarantee(hub, { principal: '24000000.00' })
  const first = await claim(hub, '1000000.00')
  t.match((await decide(hub, first, { decision: 'ACCEPT', paid_date: '2026-03-18' })).json().computed,
    { covered_principal: '800000.00', rate_after_pct: '4.0000', breaker_state: 'TRIPPED' })
  await hub.as('guarantor-1').post(`/v1/compensation-claims/${first}/recoveries`, { recovery_no: 'R-1', date: '2026-03-18', gross: '500000.00', cost: '0.00' })
  t.match(await breaker(hub), { state: 'TRIPPED', compensated: '800000.00', recoveries_unsettled: '400000.00', recoveries_settled: '0.00' })

  await aGuarantee(hub, { principal: '10000000.00' })
  t.match(await breaker(hub), { state: 'NORMAL', liability: '28000000.00', headroom: '320000.00' }, 'growth of the denominator gives headroom')
  await hub.loops.settle()
  t.same(await told(hub), ['breaker.tripped', 'breaker.recovered'], 'and everybody hears of it')
  const second = await claim(hub, '1000000.00')
  t.match((await decide(hub, second)).json().computed, { headroom_before: '352000.00', covered_principal: '352000.00', breaker_state: 'TRIPPED' })

  t.match((await settle(hub, 2026)).json(), { code: 'decision_not_possible' }, 'the year still runs')
  hub.clock.set('2027-01-08T02:00:00.000Z')
  const settled = await settle(hub, 2026)
  t.equal(settled.statusCode, 201)
  t.match(settled.json().breakers, [{ compensated_before: '1152000.00', recoveries: '400000.00', compensated_after: '752000.00', state_before: 'TRIPPED',
    state_after: 'NORMAL' }])
  t.match(await breaker(hub), { state: 'NORMAL', is_open: false, headroom: '400000.00', recoveries_unsettled: '0.00', recoveries_settled: '400000.00' })

  const again = await settle(hub, 2026)
  t.same([again.statusCode, again.json()], [200, settled.json()], 'a year is settled once')
  await aGuarantee(hub, { principal: '50000000.00' })
  t.match(await breaker(hub), { liability: '28800000.00' }, 'a closed vintage no longer grows')
  await hub.as('guarantor-1').post(`/v1/compensation-claims/${first}/recoveries`, { recovery_no: 'R-2', date: '2027-01-08', gross: '100000.00', cost: '0.00' })
  t.match(await breaker(hub), { headroom: '400000.00', recoveries_unsettled: '80000.00' }, 'waits for the next settlement')
  hub.clock.set('2028-01-10T02:00:00.000Z')
  t.match((await settle(hub, 2027)).json().breakers, [{ vintage_year: 2026, recoveries: '80000.00', compensated_after: '672000.00' }])
  await hub.loops.settle()
  t.same(await told(hub), ['breaker.tripped', 'breaker.recovered', 'breaker.tripped', 'breaker.recovered'])
})

t.test('only a person of the finance bureau settles', async t => {
  const hub = await build(t, { now: '2027-01-08T02:00:00.000Z' })
  t.match((await hub.as('finance-bureau').post('/v1/breakers/settlements', { year: 2026 })).json(), { code: 'person_required' })
  t.match((await hub.as('meic', 1).post('/v1/breakers/settlements', { year: 2026 })).json(), { code: 'role_not_allowed' })
})

t.test('recoveries that come in parts never give anybody more than it bore, and end with exactly that', async t => {
  const hub = await build(t)
  await aGuarantee(hub, { principal: '500000.00' })
  const claim_no = await claim(hub, '0.05')
  await decide(hub, claim_no, { decision: 'ACCEPT', paid_date: '2026-03-18' })
  for (let part = 1; part <= 5; part++) {
    t.equal((await hub.as('bank-1').post(`/v1/compensation-claims/${claim_no}/recoveries`,
      { recovery_no: `C-${part}`, date: '2026-03-18', gross: '0.01' })).statusCode, 201)
  }
  const { status, recoveries, computed, ledger } = (await hub.as('bank-1').get(`/v1/compensation-claims/${claim_no}`)).json()
  t.equal(status, 'SETTLED')
  for (const party of ['guarantor', 'fiscal', 'bank', 're_guarantor']) {
    t.equal(recoveries.reduce((sum: number, { split }: { split: Record<string, string> }) => sum + fenOf(split[party] ?? ''), 0),
      fenOf(computed.shares[party]), party)
  }
  t.equal(ledger.reduce((sum: number, { amount }: { amount: string }) => sum + Math.round(Number(amount) * 100), 0), 0)
  t.match((await hub.as('bank-1').post(`/v1/compensation-claims/${claim_no}/recoveries`, { recovery_no: 'C-6', date: '2026-03-18',
    gross: '0.01' })).json(), { code: 'state_conflict' })
})

t.test('more than the loss is not recovered, a recovery counts once, and its cost stays below it', async t => {
  const hub = await build(t)
  const claim_no = await claim(hub, '1000.00')
  await decide(hub, claim_no, { decision: 'ACCEPT', paid_date: '2026-03-18' })
  const recover = (more: Record<string, unknown>) => hub.as('guarantor-1').post(`/v1/compensation-claims/${claim_no}/recoveries`,
    { recovery_no: 'R', date: '2026-03-18', gross: '100.00', cost: '0.00', ...more })
  t.match((await recover({ gross: '1000.01' })).json(), { code: 'amount_over_claim' })
  t.match((await recover({ cost: '100.00' })).json(), { code: 'rule_broken', errors: [{ pointer: '/cost' }] })
  t.match((await recover({ date: '2026-03-17' })).json(), { code: 'rule_broken', errors: [{ code: 'BEFORE_PAYMENT' }] })
  t.equal((await recover({})).statusCode, 201)
  t.equal((await recover({})).statusCode, 200)
  t.match((await recover({ gross: '200.00' })).json(), { code: 'duplicate_key' })
})

t.test('forty claims at once at the cap: not one fen over, and the headroom used to the last fen', async t => {
  const hub = await build(t)
  await aGuarantee(hub, { principal: '460000000.00' })
  const claims: string[] = []
  for (let index = 0; index < 40; index++) claims.push(await claim(hub, '1000000.03'))
  const answers = await Promise.all(claims.map(claim_no => decide(hub, claim_no)))
  t.same([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
  const shares = answers.map(answer => answer.json().computed)
  const { cap, compensated, headroom, state } = await breaker(hub)
  t.equal(shares.reduce((sum, { covered_principal }) => sum + fenOf(covered_principal), 0), fenOf(cap), 'together exactly the cap')
  t.same({ compensated, headroom, state }, { compensated: cap, headroom: '0.00', state: 'TRIPPED' })
  for (const { eligible_principal, shares: { guarantor, fiscal, bank, re_guarantor } } of shares) {
    t.equal([guarantor, fiscal, bank, re_guarantor].reduce((sum, part) => sum + fenOf(part), 0), fenOf(eligible_principal), 'the four parts are the whole')
  }
})

const terms = termsOn(BUILT_IN_POLICIES, 'PARK_TECH_GUARANTEE', '2026-03-18')
if (terms === null) throw new Error('no terms')

/** Shares by plain BigInt arithmetic, written apart from the kernel. */
function plainly (principal: bigint, liability: bigint, compensated: bigint): bigint[] {
  const cap = liability * 4n / 100n
  const headroom = cap > compensated ? cap - compensated : 0n
  const parts = (total: bigint, weights: bigint[]): bigint[] => {
    const whole = weights.reduce((a, b) => a + b)
    const cut = weights.map(weight => total * weight / whole)
    const order = weights.map((weight, index) => ({ index, rest: total * weight % whole })).sort((a,
      b) => a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1)
    let left = total - cut.reduce((a, b) => a + b)
    for (const { index } of order) {
      if (left-- <= 0n) break
      cut[index] = (cut[index] ?? 0n) + 1n
    }
    return cut
  }
  const [g = 0n, f = 0n, b = 0n, r = 0n] = parts(principal, [40n, 30n, 20n, 10n])
  if (g + f + r <= headroom) return [g, f, b, r]
  const [gc = 0n, fc = 0n, rc = 0n] = parts(headroom, [40n, 30n, 10n])
  return [gc, fc, principal - headroom, rc]
}

const amount = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 500_000_000_00 }))
const total = (borne: Borne): number => borne.guarantor_fen + borne.fiscal_fen + borne.bank_fen + borne.re_guarantor_fen
const zero = (entries: readonly LedgerEntry[]): boolean => entries.reduce((sum, { amount_fen }) => sum + amount_fen, 0) === 0

t.test('splits are those of plain arithmetic; every part and every posting sums up', async t => {
  fc.assert(fc.property(amount, amount, fc.nat({ max: 20_000_000_00 }), (principal, liability, compensated) => {
    const share = riskShare({ default_principal_fen: principal, vintage_liability_fen: liability, vintage_compensated_fen: compensated, terms })
    const expected = plainly(BigInt(principal), BigInt(liability), BigInt(compensated)).map(Number)
    return [share.guarantor_fen, share.fiscal_fen, share.bank_fen, share.re_guarantor_fen].every((part, index) => part === expected[index]) &&
      total(share) === principal && zero(compensationEntries(principal, share)) && zero(reversalEntries(share))
  }), { numRuns: 3000 * scale })
  t.pass(`whole = sum of parts, e.g. ${yuanOf(5)}`)
})

t.test('random recoveries in parts: each party gets what it bore, never more, whatever the order', async t => {
  fc.assert(fc.property(amount, amount, fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 12 }), (principal, liability, cuts) => {
    const share = riskShare({ default_principal_fen: principal, vintage_liability_fen: liability, vintage_compensated_fen: 0, terms })
    const weight = cuts.reduce((a, b) => a + b)
    const splits: Borne[] = []
    let left = principal
    for (const [index, cut] of cuts.entries()) {
      const net = index === cuts.length - 1 ? left : Math.min(left, Math.floor(principal / weight * cut))
      if (net === 0) continue
      const split = splitRecovery(net, stillBorne(share, splits))
      if (total(split) !== net || !zero(recoveryEntries(split))) return false
      splits.push(split)
      left -= net
    }
    return left === 0 && total(stillBorne(share, splits)) === 0
  }), { numRuns: 2000 * scale })
  t.pass('nothing left, nothing over')
})
