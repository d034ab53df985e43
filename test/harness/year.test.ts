/** A year of the whole house under one seed: what was paid is what was recognised, and everybody can compute it again. */
import t, { type Test } from 'tap'
import { inventedName, inventedProject, inventedUscc } from '../../scripts/bench/world.ts'
import { interestFen, yuan } from '../../scripts/harness/year-world.ts'
import { year } from '../../scripts/harness/year.ts'
import { readArchive, rederive, unzip } from '../../scripts/rederive.ts'
import { build, temporaryDatabase } from '../helper.ts'
import { aDocument, authorize, knowEnterprise } from '../lending/fixtures.ts'
import { schemaMistakes } from '../payment/schema-check.ts'
import { done } from '../subsidy/fixtures.ts'
import { forgetPayments } from './spoiling.ts'

t.setTimeout(3_600_000)

const enterprises = process.env.FULL === '1' ? 200 : 8
const urlFor = async (t: Test): Promise<string> => process.env.DATABASE_URL ? (await temporaryDatabase(t)).target : ''

/** The same archive with other bytes of the same length in one file, its own sums left as they are. */
function forged (zip: Buffer, name: string, change: (text: string) => string): Buffer {
  const before = unzip(zip).get(name)
  if (before === undefined) throw new Error(`no ${name}`)
  const copy = Buffer.from(zip)
  const bytes = Buffer.from(change(before.toString('utf8')))
  if (bytes.length !== before.length) throw new Error('another length')
  bytes.copy(copy, copy.indexOf(before))
  return copy
}

/** The first digit of an amount, one more or less. */
const oneOff = (text: string, field: string): string =>
  text.replace(new RegExp(`("${field}":"\\d*?)([1-8])`), (_, head: string, digit: string) => `${head}${Number(digit) + 1}`)

t.test('a year in which lines are paid twice is noticed', async t => {
  const { recognised, paid, offset, paid_twice } = await year(2, await urlFor(t), { spoil: forgetPayments })
  t.ok(paid_twice > 0 && paid + offset > recognised, `${paid_twice} lines paid twice, ${yuan(Number(paid))} paid for ${yuan(Number(recognised))}`)
})

t.test('a simulated year: paid is recognised less offsets, nothing twice, no ceiling passed, all of it derived again', { timeout: 3_600_000 }, async t => {
  const report = await year(enterprises, await urlFor(t))
  const { recognised, paid, offset, paid_twice, unpaid, left_open, rederived, archives, recognised_of } = report
  t.equal(paid + offset, recognised, `${yuan(Number(paid))} paid, ${yuan(Number(offset))} offset`)
  t.same({ paid_twice, unpaid, left_open, left: rederived.left }, { paid_twice: 0, unpaid: 0, left_open: 0, left: 0n })
  t.same(rederived.differences, [])
  t.equal(rederived.lines, report.lines)
  for (const { name, cap, used } of rederived.ceilings) t.ok(used <= cap, `${name}: ${used} of ${cap}`)
  const met = (rule: string) => rederived.ceilings.filter(({ name, cap, used }) => name.startsWith(rule) && cap === used).length
  for (const rule of ['L-04', 'L-05', 'Z-01', 'G-01', 'RENOVATION_COST_LOSS']) t.ok(met(rule) > 0, `a ceiling of ${rule} is met to the fen, not only never passed`)
  t.equal(report.ceilings_passed, 0, `${report.ceilings_seen} ceilings looked at`)
  for (const xml of report.instructions) t.equal(schemaMistakes(xml), '', 'the instruction is valid pain.001.001.09')
  const { sent_back, contract_corrections, prepaid, retries, duplicates, corrections, refused_again, crashes, reduced, returned, reissued, clawbacks, supplements, leads } = report
  for (const [name, value] of Object.entries({ sent_back, contract_corrections, prepaid, retries, duplicates, corrections, refused_again, crashes, reduced, returned, reissued, clawbacks, supplements, leads })) {
    t.ok(value > 0, `${name} took place: ${value}`)
  }
  for (const field of ['amount', 'formula_amount', 'eligible_interest', 'balance', 'national_subsidy_deducted']) {
    const index = archives.findIndex(zip => oneOff(String(unzip(zip).get('items.json')), field) !== String(unzip(zip).get('items.json')))
    const copies = archives.map((zip, place) => place === index ? forged(zip, 'items.json', text => oneOff(text, field)) : zip)
    t.ok(rederive(copies.map(readArchive), recognised_of).differences.length > 0, `another ${field} in one archive is noticed`)
  }
})

t.test('the same vouchers in any order of arrival give the same lines', { timeout: 600_000 }, async t => {
  const hub = await build(t, { now: '2026-06-25T02:00:00.000Z' })
  const orders = 20
  const amounts = [41_000_000_000, 9_000_000_007, 27_000_000_019, 50_000_000_033]
  let state = 20260112
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296
  const found: string[] = []
  for (let n = 1; n <= orders; n++) {
    const [uscc, name, project_code] = [inventedUscc(n), inventedName(n), inventedProject(n)]
    await authorize(hub, { grantor_uscc: uscc, grantor_name: name })
    await knowEnterprise(hub, uscc, name)
    const vouchers: { who: string, body: Record<string, unknown> }[] = []
    for (const [place, amount] of amounts.entries()) {
      const who = place % 2 === 0 ? 'bank-1' : 'bank-2'
      const bank = hub.as(who)
      const document_no = await aDocument(hub, who, `contract ${n} ${place}`)
      const terms = { maturity_date: '2029-01-20' }
      done(await bank.post('/v1/loan-contracts', { loan_contract_no: `H-${n}-${place}`, borrower_uscc: uscc, project_code, contract_amount: yuan(amount), land_amount: '0.00',
        signed_date: '2026-01-15', start_date: '2026-01-20', ...terms, annual_rate_pct: '4.10', document_no }))
      done(await bank.post('/v1/drawdowns', { iou_no: `J-${n}-${place}`, loan_contract_no: `H-${n}-${place}`, amount: yuan(amount), land_amount: '0.00', disbursed_date: '2026-01-20', ...terms }))
      const [from, to] = ['2026-01-20', '2026-06-21']
      vouchers.push({ who, body: {
        voucher_no: `V-${n}-${place}`, iou_no: `J-${n}-${place}`, period_start: from, period_end: to, segments: [{ from, to, balance: yuan(amount), annual_rate_pct: '4.10' }],
        normal_interest: yuan(interestFen(amount, 152, 410)), paid_date: `2026-06-${String(18 + place)}`, payer_account_name: name, document_no: await aDocument(hub, who, `receipt ${n} ${place}`)
      } })
    }
    for (const { who, body } of vouchers.map(voucher => ({ voucher, at: random() })).sort((a, b) => a.at - b.at).map(({ voucher }) => voucher)) {
      t.equal(done(await hub.as(who).post('/v1/interest-vouchers', body)).status, 'ACCEPTED')
      hub.clock.advance(60_000)
      if (random() < 0.5) await hub.loops.settle()
    }
    await hub.loops.settle()
    const { items } = done<{ items: { voucher_no: string, amount: string, status: string }[] }>(await hub.as('meic').get(`/v1/subsidy-lines?limit=200&uscc=${uscc}`))
    const live = items.filter(({ status }) => status !== 'SUPERSEDED').map(({ voucher_no, amount }) => `${voucher_no.split('-')[2]} ${amount}`).sort()
    found.push(live.join(', '))
  }
  t.equal(new Set(found).size, 1, `${found[0]}`)
  const total = (found[0] ?? '').split(', ').reduce((sum, each) => sum + Number(each.split(' ')[1]), 0)
  t.equal(total, 10_000_000, 'the ceiling is met, so the order mattered')
})
