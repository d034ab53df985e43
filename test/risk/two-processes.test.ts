/** Claims decided at once by two processes on one PostgreSQL, at the cap: not one fen over it, and not one left. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import { startHub, type RunningHub } from '../../scripts/bench/hub.ts'
import { fenOf } from '../../src/policy/money.ts'
import { build, type Built } from '../helper.ts'
import { aGuarantee } from './guarantees.ts'
import { unowned } from './unowned.ts'

t.setTimeout(600_000)
const rounds = process.env.FULL === '1' ? 25 : 1
const at_once = 40
const on_postgres = process.env.DATABASE_URL !== undefined && process.env.DATABASE_URL !== ''

const skip = on_postgres ? false : 'one process owns an SQLite file'

interface Decided { computed: { eligible_principal: string, covered_principal: string, shares: Record<string, string> } }
interface Hubs { hub: Built, other: RunningHub }

/** Two processes on one database. @param env for the other one */
async function twoHubs (t: Test, env: Record<string, string> = {}): Promise<Hubs> {
  const hub = await build(t)
  writeFileSync(join(hub.config.data_dir, 'sandbox.json'), JSON.stringify(hub.sandbox), { mode: 0o600 })
  const other = await startHub({ DATABASE_URL: hub.config.database_url ?? '', NOW: '2026-03-18T02:00:00.000Z', ...env }, hub.config.data_dir)
  t.teardown(() => other.stop())
  return { hub, other }
}

/** Forty claims on one breaker, every second one decided by the other process, all at once. */
async function race ({ hub, other }: Hubs, vintage_year: number): Promise<{ answers: Decided[], covered: number, breaker: Record<string, string> }> {
  await aGuarantee(hub, { principal: '460000000.07', vintage_year })
  const claims: string[] = []
  for (let n = 0; n < at_once; n++) {
    const { guarantee_contract_no, iou_no } = await aGuarantee(hub, { principal: '1000000.03', vintage_year })
    const claim_no = `T-${vintage_year}-${n}`
    const filed = await hub.as('bank-1').post('/v1/compensation-claims', { claim_no, guarantee_contract_no, iou_no, default_date: '2026-03-02', default_principal: '1000000.03' })
    if (filed.statusCode !== 201) throw new Error(filed.body)
    claims.push(claim_no)
  }
  const answers = await Promise.all(claims.map(async (claim_no, n): Promise<Decided> => {
    const path = `/v1/compensation-claims/${claim_no}/decision`
    if (n % 2 === 0) return other.call<Decided>('guarantor-1', 'POST', path, { decision: 'ACCEPT' }, 1)
    const answer = await hub.as('guarantor-1', 1).post(path, { decision: 'ACCEPT' })
    if (answer.statusCode !== 200) throw new Error(answer.body)
    return answer.json()
  }))
  const [breaker] = (await hub.as('meic').get(`/v1/breakers?vintage_year=${vintage_year}`)).json().items
  return { answers, covered: answers.reduce((sum, { computed }) => sum + fenOf(computed.covered_principal), 0), breaker }
}

t.test('the harness notices a breaker that two units take at once', { skip }, async t => {
  t.intercept(pg.Client.prototype, 'query', unowned)
  const hubs = await twoHubs(t, { NODE_OPTIONS: `--import=${new URL('./unowned.ts', import.meta.url).href}`, UNOWNED_BREAKERS: '1' })
  const { covered, breaker } = await race(hubs, 2026)
  t.ok(covered > fenOf(breaker.cap ?? ''), `${covered - fenOf(breaker.cap ?? '')} fen over the cap of ${breaker.cap}`)
})

t.test('forty claims at the cap, decided by two processes at once', { skip }, async t => {
  const hubs = await twoHubs(t)
  for (let round = 0; round < rounds; round++) {
    const { answers, covered, breaker } = await race(hubs, 2026 + round)
    t.equal(covered, fenOf(breaker.cap ?? ''), `${covered} fen covered, the cap is ${breaker.cap}: 0 over, 0 left`)
    t.match(breaker, { compensated: breaker.cap, headroom: '0.00', state: 'TRIPPED' })
    for (const { computed } of answers) {
      t.equal(Object.values(computed.shares).reduce((sum, part) => sum + fenOf(part), 0), fenOf(computed.eligible_principal), 'the four parts are the whole')
    }
  }
})
