/** Forty at once for one ceiling, one batch, one approval and its results: on SQLite and on PostgreSQL. */
import type { LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { inventedName, inventedProject, inventedUscc } from '../../scripts/bench/world.ts'
import { interestFen, yuan } from '../../scripts/harness/year-world.ts'
import { build, type Built } from '../helper.ts'
import { newNo } from '../../src/clock.ts'
import { sha256Hex } from '../../src/db/canonical.ts'
import { documents, type DocumentRow } from '../../src/lending/documents/store.ts'
import { drawdowns, type DrawdownRow } from '../../src/lending/drawdowns/store.ts'
import { loan_contracts } from '../../src/lending/loan-contracts/store.ts'
import { anAccount, authorize, knowEnterprise } from '../lending/fixtures.ts'
import { approved, done, packets, submitted } from '../subsidy/fixtures.ts'

t.setTimeout(7_200_000)

const rounds = process.env.FULL === '1' ? 1000 : 3
const at_once = 40
const banks = ['bank-1', 'bank-2'] as const
const amount_fen = 6_000_000_000
const dates = { from: '2026-01-20', to: '2026-06-21' }
const cap = 10_000_000

const together = (ask: (n: number) => Promise<LightMyRequestResponse>): Promise<LightMyRequestResponse[]> =>
  Promise.all(Array.from({ length: at_once }, (_, n) => ask(n)))

/** How many answers there are of each status. */
function tally (answers: readonly LightMyRequestResponse[]): Record<number, number> {
  const found: Record<number, number> = {}
  for (const { statusCode } of answers) found[statusCode] = (found[statusCode] ?? 0) + 1
  return found
}

interface Borrower { uscc: string, vouchers: { who: string, body: Record<string, unknown> }[] }

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
  return { uscc, vouchers }
}

t.test('forty at once never pass a ceiling and never pay twice', async t => {
  const hub = await build(t, { now: '2026-06-25T02:00:00.000Z' })
  const bureau = (user?: number) => hub.as('finance-bureau', user)
  done(await bureau(1).post('/v1/budgets', { year: 2026, fund_source: 'MUNICIPAL', amount: `${cap * rounds}.00` }))
  const begun = performance.now()
  for (let n = 1; n <= rounds; n++) {
    const { uscc, vouchers } = await borrower(hub, n)
    const [sent] = await Promise.all([
      together(place => {
        const voucher = vouchers[place]
        if (voucher === undefined) throw new Error('a voucher is missing')
        return hub.as(voucher.who).post('/v1/interest-vouchers', voucher.body)
      }),
      hub.loops.settle(), hub.loops.settle(), hub.loops.settle()
    ])
    t.same(tally(sent), { 201: at_once })
    await hub.loops.settle()
    const { items } = done<{ items: { status: string, amount: string }[] }>(await hub.as('meic').get(`/v1/subsidy-lines?limit=200&status=OPEN&uscc=${uscc}`))
    t.equal(items.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 100), 0), cap * 100, 'granted to the fen, no more and no less')

    const drafts = await packets(hub, 'meic', `&status=DRAFT&uscc=${uscc}`)
    t.equal(drafts.length, 2)
    await Promise.all(drafts.map(async ({ packet_no, participant_no }) => approved(hub, await submitted(hub, participant_no, packet_no))))

    const opened = await together(() => bureau(1).post('/v1/payment-batches', {}))
    t.equal(tally(opened)[201], 1, `one batch takes what is due: ${JSON.stringify(tally(opened))}`)
    const { batch_no } = done<{ batch_no: string }>(opened.find(({ statusCode }) => statusCode === 201) ?? await bureau(1).post('/v1/payment-batches', {}))
    const batch = `/v1/payment-batches/${batch_no}`
    const { digest, control_sum } = done<{ digest: string, control_sum: string }>(await bureau(1).post(`${batch}/close`, {}))
    t.equal(control_sum, `${cap}.00`)
    const approvals = await together(() => bureau(2).post(`${batch}/approve`, { digest }))
    t.equal(tally(approvals)[200], 1, `approved once: ${JSON.stringify(tally(approvals))}`)
    await Promise.all(Array.from({ length: 4 }, () => bureau().get(`${batch}/instruction`)))
    const { payments } = done<{ payments: { payment_no: string, amount: string }[] }>(await bureau().get(batch))
    const results = { results: payments.map(({ payment_no }) => ({ payment_no, status: 'PAID', date: '2026-06-25', bank_reference: `TX-${payment_no}` })) }
    const answers = await together(() => bureau().post(`${batch}/results`, results))
    t.same(tally(answers), { 200: at_once })
    const after = done<{ payments: { status: string, amount: string }[] }>(await bureau().get(batch)).payments
    t.same(after.map(({ status, amount }) => [status, amount]), [['PAID', `${cap}.00`]])
    const { items: [budget] } = done<{ items: { used: string }[] }>(await bureau().get('/v1/budgets'))
    t.equal(budget?.used, `${cap * n}.00`, 'the budget is used once')
  }
  t.comment(`${rounds} rounds of ${at_once} at once, ${Math.round((performance.now() - begun) / rounds)} ms each`)
})
