/** Forty at once for one ceiling, one batch, one approval and its results: on SQLite, and on PostgreSQL through two hubs on one database. */
import type { LightMyRequestResponse } from 'fastify'
import { join } from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import { inventedName, inventedProject, inventedUscc } from '../../scripts/bench/world.ts'
import { interestFen, yuan } from '../../scripts/harness/year-world.ts'
import { beside, build, type Built } from '../helper.ts'
import { newNo } from '../../src/clock.ts'
import { sha256Hex } from '../../src/db/canonical.ts'
import { documents, type DocumentRow } from '../../src/lending/documents/store.ts'
import { drawdowns, type DrawdownRow } from '../../src/lending/drawdowns/store.ts'
import { loan_contracts } from '../../src/lending/loan-contracts/store.ts'
import { findLines, liveLines, moveLines, recogniseLine } from '../../src/subsidy/lines/store.ts'
import { movePacket } from '../../src/subsidy/packets/store.ts'
import { alter, forgetPayments } from './spoiling.ts'
import { anAccount, authorize, knowEnterprise } from '../lending/fixtures.ts'
import { done } from '../subsidy/fixtures.ts'

t.setTimeout(7_200_000)

const on_postgres = (process.env.DATABASE_URL ?? '') !== ''
const rounds = process.env.FULL === '1' ? 1000 : 6
const at_once = 40
const banks = ['bank-1', 'bank-2'] as const
const amount_fen = 6_000_000_000
const dates = { from: '2026-01-20', to: '2026-06-21' }
const cap_fen = 1_000_000_000
/** of batches that should not be there, enough to see that they pay twice */
const batches_paid_max = 2

/** The hubs that share one database; the n-th request goes to the n-th of them in turn. */
type Hubs = readonly [Built, ...Built[]]
const hubOf = (hubs: Hubs, n: number): Built => hubs[n % hubs.length] ?? hubs[0]
const together = (ask: (n: number) => Promise<LightMyRequestResponse>): Promise<LightMyRequestResponse[]> =>
  Promise.all(Array.from({ length: at_once }, (_, n) => ask(n)))
const having = (answers: readonly LightMyRequestResponse[], status: number): LightMyRequestResponse[] => answers.filter(({ statusCode }) => statusCode === status)
const fen = (text: string): number => Math.round(Number(text) * 100)

interface Borrower { uscc: string, project_code: string, vouchers: { who: string, body: Record<string, unknown> }[] }

/** An enterprise with a listed project, an account, and forty drawdowns at two banks, put there in one unit: the races are what counts. */
async function borrower (hub: Built, n: number): Promise<Borrower> {
  const [uscc, name, project_code] = [inventedUscc(n), inventedName(n), inventedProject(n)]
  await authorize(hub, { grantor_uscc: uscc, grantor_name: name })
  await knowEnterprise(hub, uscc, name)
  done(await hub.as('park-1').post('/v1/projects', {
    owner_uscc: uscc, project_code, name: '生产线智能化改造项目', nature: 'UPGRADE', filing_no: project_code, filing_date: '2026-01-10', total_investment: '3000000000.00', land_cost: '0.00'
  }))
  done(await hub.as('district-meic-1', 1).post(`/v1/projects/${project_code}/library-entry`, { decision: 'PASS' }))
  done(await hub.as('meic', 1).post(`/v1/projects/${project_code}/library-entry`, { decision: 'PASS', entry_no: `JG-${n}` }))
  const vouchers: Borrower['vouchers'] = []
  await hub.db.write(async (sql, now) => {
    vouchers.length = 0
    const framed = (participant_no: string, business_no: string, number: string) => ({
      number, chain: number, first_no: business_no, supersedes: null, superseded_by: null, participant_no, business_no, uscc, project_code, status: 'ACCEPTED' as const, findings: [],
      authorization_no: null, content_digest: '', review_notes: [], body: {}, version: 1, created_at: now, updated_at: now, maturity_date: '2029-01-20'
    })
    const papers: DocumentRow[] = []
    const paperOf = (participant_no: string, text: string): string => {
      const document_no = newNo('doc')
      papers.push({ document_no, participant_no, sha256: sha256Hex(text), sm3: null, bytes: 1, media_type: 'application/pdf', file_name: null, created_at: now })
      return document_no
    }
    const loans = banks.map(who => Object.assign(framed(who, `H-${n}`, newNo('loan')), {
      contract_amount_fen: amount_fen * at_once, land_fen: 0, drawn_fen: amount_fen * at_once / 2, drawn_land_fen: 0, annual_rate_pct: '4.10',
      day_count: 'ACT_360' as const, start_date: dates.from, document_no: paperOf(who, `contract ${n} ${who}`), lead_no: null, core_enterprise_uscc: null
    }))
    const drawn: DrawdownRow[] = []
    for (let place = 0; place < at_once; place++) {
      const loan = loans[place % 2]
      if (loan === undefined) throw new Error('two banks lend')
      const iou_no = `J-${n}-${place}`
      drawn.push({ ...framed(loan.participant_no, iou_no, newNo('draw')), loan_contract_number: loan.number, amount_fen, land_fen: 0, disbursed_date: dates.from, rate_segments: [], balance_events: [] })
      vouchers.push({ who: loan.participant_no, body: {
        voucher_no: `V-${n}-${place}`, iou_no, period_start: dates.from, period_end: dates.to, segments: [{ ...dates, balance: yuan(amount_fen), annual_rate_pct: '4.10' }],
        normal_interest: yuan(interestFen(amount_fen, 152, 410)), paid_date: dates.to, payer_account_name: name, document_no: paperOf(loan.participant_no, `receipt ${n} ${place}`)
      } })
    }
    await sql.insert(documents).values(papers)
    await sql.insert(loan_contracts).values(loans)
    await sql.insert(drawdowns).values(drawn)
  })
  done(await hub.as('bank-1').post('/v1/subsidy-accounts', anAccount({ holder_uscc: uscc, account_name: name })))
  return { uscc, project_code, vouchers }
}

/** Seals, audits and approves everything of a borrower in one unit: the way through the API is raced elsewhere. @returns fen that are granted */
async function approveLines ({ db }: Built, { uscc, project_code }: Borrower): Promise<number> {
  return db.write(async (sql, now) => {
    const lines = await liveLines(sql, uscc, project_code, 'LOAN_INTEREST')
    await moveLines(sql, now, lines.map(({ line_no }) => line_no), 'OPEN', 'FROZEN')
    for (const { line_no, amount_fen } of lines) await recogniseLine(sql, now, line_no, amount_fen)
    for (const packet_no of new Set(lines.map(line => line.packet_no))) await movePacket(sql, now, packet_no ?? '', ['DRAFT'], 'APPROVED', { approved_at: now })
    return (await findLines(sql, lines.map(({ line_no }) => line_no))).reduce((sum, { recognised_fen }) => sum + (recognised_fen ?? 0), 0)
  })
}

/** What a round of races left behind. */
interface Outcome {
  accepted: number
  /** how often the loops failed while vouchers came in */
  failed: number
  granted_fen: number
  batches: number
  approvals: number
  recorded: number
  paid_fen: number
  lines_paid_twice: number
  used_fen: number
}

const as_it_should_be: Outcome = {
  accepted: at_once, failed: 0, granted_fen: cap_fen, batches: 1, approvals: 1, recorded: at_once, paid_fen: cap_fen, lines_paid_twice: 0, used_fen: cap_fen
}

interface Payment { payment_no: string, status: string, amount: string, lines: { line_no: string }[] }

/** Close, forty approvals, instruction and forty times the same results of one batch. */
async function payBatch (hubs: Hubs, batch: string, outcome: Outcome): Promise<Payment[]> {
  const bureau = (n: number, user?: number) => hubOf(hubs, n).as('finance-bureau', user)
  const { digest } = done<{ digest: string }>(await bureau(0, 1).post(`${batch}/close`, {}))
  outcome.approvals += having(await together(n => bureau(n, 2).post(`${batch}/approve`, { digest })), 200).length
  await Promise.all(Array.from({ length: 4 }, (_, n) => bureau(n).get(`${batch}/instruction`)))
  const { payments } = done<{ payments: Payment[] }>(await bureau(0).get(batch))
  const results = { results: payments.map(({ payment_no }) => ({ payment_no, status: 'PAID', date: '2026-06-25', bank_reference: `TX-${payment_no}` })) }
  outcome.recorded += having(await together(n => bureau(n).post(`${batch}/results`, results)), 200).length
  return done<{ payments: Payment[] }>(await bureau(0).get(batch)).payments.filter(({ status }) => status === 'PAID')
}

async function usedOf (hub: Built): Promise<number> {
  const { items: [budget] } = done<{ items: { used: string }[] }>(await hub.as('finance-bureau').get('/v1/budgets'))
  return fen(budget?.used ?? '0')
}

/** Forty vouchers of one project at two banks, derived all the while; forty openings, forty approvals and forty results of the batch that pays them. */
async function race (hubs: Hubs, n: number): Promise<Outcome> {
  const [hub] = hubs
  const outcome: Outcome = { ...as_it_should_be, failed: 0, approvals: 0, recorded: 0 }
  const of = await borrower(hub, n)
  const used_before = await usedOf(hub)
  const all_in = new AbortController()
  const deriving = Promise.all(Array.from({ length: 3 }, async (_, place) => {
    while (!all_in.signal.aborted) await hubOf(hubs, place).loops.settle().catch(() => { outcome.failed++ })
  }))
  outcome.accepted = having(await together(place => {
    const voucher = of.vouchers[place]
    if (voucher === undefined) throw new Error('a voucher is missing')
    return hubOf(hubs, place).as(voucher.who).post('/v1/interest-vouchers', voucher.body)
  }), 201).length
  all_in.abort()
  await deriving
  await hub.loops.settle()
  outcome.granted_fen = await approveLines(hub, of)

  const opened = having(await together(place => hubOf(hubs, place).as('finance-bureau', 1).post('/v1/payment-batches', {})), 201)
  outcome.batches = opened.length
  const paid: Payment[] = []
  for (const answer of opened.slice(0, batches_paid_max)) paid.push(...await payBatch(hubs, `/v1/payment-batches/${done<{ batch_no: string }>(answer).batch_no}`, outcome))
  outcome.paid_fen = paid.reduce((sum, { amount }) => sum + fen(amount), 0)
  const lines = paid.flatMap(payment => payment.lines.map(({ line_no }) => line_no))
  outcome.lines_paid_twice = lines.length - new Set(lines).size
  outcome.used_fen = await usedOf(hub) - used_before
  return outcome
}

async function raceTrack (t: Test): Promise<Hubs> {
  const hub = await build(t, { now: '2026-06-25T02:00:00.000Z' })
  done(await hub.as('finance-bureau', 1).post('/v1/budgets', { year: 2026, fund_source: 'MUNICIPAL', amount: yuan(cap_fen * at_once * rounds) }))
  return on_postgres ? [hub, await beside(t, hub)] : [hub]
}

const targetOf = ({ config }: Built): string => config.database_url ?? join(config.data_dir, 'hub.sqlite')

/** Units on PostgreSQL no longer see that they met: each begins as a plain transaction. */
function withoutSerializable (t: Test): void {
  const { query } = pg.Client.prototype
  t.intercept(pg.Client.prototype, 'query', {
    value (this: pg.Client, first: unknown, ...rest: unknown[]): unknown {
      return Reflect.apply(query, this, [typeof first === 'string' ? first.replace('isolation level serializable ', '') : first, ...rest])
    }
  })
}

/** Races until a fault shows, at most as often as in a short run. */
async function raceUntil (hubs: Hubs, shows: (outcome: Outcome) => boolean): Promise<Outcome> {
  for (let n = 1; ; n++) {
    const outcome = await race(hubs, n)
    if (shows(outcome) || n === 6) return outcome
  }
}

t.test('the harness notices lines that two payments take', async t => {
  const hubs = await raceTrack(t)
  if (on_postgres) withoutSerializable(t)
  if (on_postgres) await alter(targetOf(hubs[0]), 'drop index payment_items_one_live')
  else await forgetPayments(targetOf(hubs[0]))
  const { batches, paid_fen, lines_paid_twice, used_fen } = await raceUntil(hubs, ({ lines_paid_twice }) => lines_paid_twice > 0)
  t.ok(batches > 1 && lines_paid_twice > 0 && paid_fen > cap_fen && used_fen > cap_fen, JSON.stringify({ batches, lines_paid_twice, paid_fen, used_fen }))
})

t.test('the harness notices a ceiling that is passed', async t => {
  const hubs = await raceTrack(t)
  if (on_postgres) withoutSerializable(t)
  await alter(targetOf(hubs[0]), on_postgres ? `
    drop index subsidy_lines_one_open;
    create function unowned () returns trigger language plpgsql as 'begin perform pg_sleep(0.05); return null; end';
    create trigger unowned before insert on derivations for each row execute function unowned ()` : `
    create trigger unbounded after insert on subsidy_lines begin update subsidy_lines set amount_fen = formula_fen where line_no = new.line_no; end`)
  const { granted_fen, paid_fen } = await raceUntil(hubs, ({ granted_fen }) => granted_fen > cap_fen)
  t.ok(granted_fen > cap_fen && paid_fen > cap_fen, JSON.stringify({ granted_fen, paid_fen }))
})

t.test('forty at once never pass a ceiling, leave nothing of it and never pay twice', async t => {
  const hubs = await raceTrack(t)
  const begun = performance.now()
  for (let n = 1; n <= rounds; n++) t.same(await race(hubs, n), as_it_should_be, `round ${n}`)
  t.comment(`${rounds} rounds of ${at_once} at once, ${Math.round((performance.now() - begun) / rounds)} ms each`)
})
