import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import t from 'tap'
import { sha256Hex } from '../../src/db/canonical.ts'
import { drawn } from '../../src/subsidy/packets/sampling.ts'
import { approved, anotherLoan, done, lines, packetOf, packets, project_1, ready, send, submitted, uscc_1,
  type Packet } from './fixtures.ts'

const verifier = join(import.meta.dirname, '../../scripts/verify-packet')

t.test('a submitted packet is sealed: the archive verifies offline and its bytes never change', async t => {
  const { hub, iou_no } = await ready(t)
  const { number } = await send(hub, 'bank-1', iou_no)
  hub.clock.advance(61_000)
  await hub.loops.settle()
  const [draft] = await packets(hub, 'bank-1')
  const packet = await submitted(hub, 'bank-1', draft?.packet_no ?? '')
  t.match(packet, { status: 'SUBMITTED', version: 1, claimed_amount: '30000.00', digest: /^[0-9a-f]{64}$/, lines: [{ status: 'FROZEN' }] })
  const archive = await hub.as('bank-1').get(`/v1/subsidy-packets/${packet.packet_no}/archive`)
  t.equal(archive.headers['content-type'], 'application/zip')
  const file = join(t.testdir(), 'packet.zip')
  writeFileSync(file, archive.rawPayload)
  const checked = spawnSync(process.execPath, [verifier, file], { encoding: 'utf8' })
  t.equal(checked.status, 0, checked.stdout + checked.stderr)
  t.match(checked.stdout, `version 1, digest ${packet.digest}`)
  t.match(checked.stdout, /ok: 1 entries are in the log of \d+ that the hub signed; 0 were placed after it/)
  const parts = unzipSync(archive.rawPayload)
  const names = Object.keys(parts)
  t.same(names.slice(0, 7), ['manifest.json', 'manifest.sig', 'items.json', 'items.xlsx', 'policies.json', 'authorizations.json', 'journal.json'])
  const read = (name: string) => JSON.parse(Buffer.from(parts[name] ?? []).toString('utf8'))
  t.match(read('items.json').items[0].facts.other_reading_a01, { subsidy_basis: 'YEAR_AMOUNT', formula_amount: '30000.00' }, 'A-01: the other reading beside the built one')
  const [entry] = read('journal.json').entries
  t.match(JSON.parse(entry.leaf), { type: 'interest_voucher.accepted', subject: number, actor_participant: 'bank-1' })
  t.equal(names.filter(name => name.startsWith('documents/doc_')).length, 2)
  t.ok((await hub.as('meic', 1).get(`/v1/subsidy-packets/${packet.packet_no}/archive`)).rawPayload.equals(archive.rawPayload))
  t.equal((await hub.as('auditor-1').get(`/v1/subsidy-packets/${packet.packet_no}/archive`)).statusCode, 404, 'not assigned yet')
  t.match((await hub.as('bank-1').post(`/v1/subsidy-packets/${packet.packet_no}/submit`, {})).json(),
    { status: 409, code: 'state_conflict', allowed: ['IN_AUDIT', 'RETURNED'] })
  t.equal((await hub.as('bank-2').post(`/v1/subsidy-packets/${packet.packet_no}/submit`, {})).statusCode, 404)
})

t.test('conclusions are prepared by one person and confirmed by another, over the digest, within each line', async t => {
  const { hub, iou_no } = await ready(t)
  await send(hub, 'bank-1', iou_no)
  const [draft] = await packets(hub, 'bank-1')
  const packet = await submitted(hub, 'bank-1', draft?.packet_no ?? '')
  const path = `/v1/subsidy-packets/${packet.packet_no}`
  const line_no = packet.lines[0]?.line_no
  const conclusion = { packet_digest: packet.digest, result: 'REDUCE', conflict_of_interest_declared: true,
    lines: [{ line_no, recognised_amount: '25000.00', finding_code: 'FUNDS_DIVERTED', note: '部分用途不符' }] }
  t.match((await hub.as('meic').post(`${path}/assign`, { auditor_no: 'auditor-1' })).json(), { status: 403, code: 'person_required' })
  t.match((await hub.as('meic', 1).post(`${path}/assign`, { auditor_no: 'bank-2' })).json(), { status: 422, code: 'auditor_unknown' })
  t.match((await hub.as('meic', 1).post(`${path}/assign`, { auditor_no: 'auditor-1', conflict_of_interest_declared: false })).json(),
    { code: 'conflict_of_interest' })
  t.equal((await hub.as('meic', 1).post(`${path}/assign`, { auditor_no: 'auditor-1', conflict_of_interest_declared: true,
    sample_seed_commitment: sha256Hex('seed') })).statusCode, 200)
  t.match((await hub.as('auditor-1', 1).post(`${path}/conclusions`, { ...conclusion, sample_seed: 'another' })).json(), { status: 422, code: 'sample_seed_wrong', errors: [{ pointer: '/sample_seed' }] })
  t.match(done(await hub.as('auditor-1', 1).post(`${path}/conclusions`, { ...conclusion, sample_seed: 'seed' })), { sample_seed: 'seed', sample_order: [line_no] })
  t.equal((await hub.as('auditor-2', 1).post(`${path}/conclusions`, conclusion)).statusCode, 404)
  t.match((await hub.as('auditor-1').post(`${path}/conclusions`, conclusion)).json(), { code: 'person_required' })
  t.match((await hub.as('auditor-1', 1).post(`${path}/conclusions`, { ...conclusion, packet_digest: '0'.repeat(64) })).json(),
    { status: 409, code: 'changed_since' })
  t.match((await hub.as('auditor-1', 1).post(`${path}/conclusions`, { ...conclusion,
    lines: [{ line_no, recognised_amount: '30000.01' }] })).json(), { status: 422, code: 'amount_over_line',
    errors: [{ pointer: '/lines/0/recognised_amount' }] })
  t.match((await hub.as('auditor-1', 1).post(`${path}/conclusions`, { ...conclusion,
    lines: [{ line_no, recognised_amount: '29999.99' }] })).json(), { status: 422, code: 'conclusion_inconsistent',
    errors: [{ pointer: '/lines/0/finding_code', code: 'REASON_MISSING' }] }, 'nothing is cut without a reason')
  t.match((await hub.as('auditor-1', 1).post(`${path}/conclusions`, { ...conclusion,
    lines: [{ line_no: 'line_01JB2Q8Z6V7K3M5N9P4R1S0T2W', recognised_amount: '1.00' }] })).json(), { status: 422, code: 'line_unknown' })
  for (const contradiction of [{ result: 'PASS' }, { lines: [] }]) {
    t.match((await hub.as('auditor-1', 1).post(`${path}/conclusions`, { ...conclusion, ...contradiction })).json(), { status: 422, code: 'conclusion_inconsistent' })
  }
  t.match((await hub.as('auditor-1', 1).post(`${path}/conclusions`, { ...conclusion, conflict_of_interest_declared: false })).json(),
    { status: 422, code: 'conflict_of_interest' })
  const prepared = done<{ conclusion_no: string }>(await hub.as('auditor-1', 1).post(`${path}/conclusions`, conclusion))
  t.equal((await hub.as('auditor-1', 1).post(`${path}/conclusions`, conclusion)).statusCode, 200, 'the same again is the first one')
  const confirm = `${path}/conclusions/${prepared.conclusion_no}/confirm`
  t.match((await hub.as('auditor-1', 1).post(confirm, {})).json(), { status: 403, code: 'own_work' })
  t.match((await hub.as('auditor-1').post(confirm, {})).json(), { status: 403, code: 'person_required' })
  t.match((await hub.as('bank-1').get(path)).json(), { status: 'IN_AUDIT', conclusions: [] }, 'the institution sees confirmed ones only')
  t.match(done(await hub.as('auditor-1', 2).post(confirm, undefined)), { status: 'CONFIRMED', recognised_amount: '25000.00' })
  t.match((await hub.as('auditor-1', 2).post(confirm, {})).json(), { code: 'state_conflict' })
  t.match(await packetOf(hub, packet.packet_no), { status: 'AUDITED', recognised_amount: '25000.00' })
  t.match((await hub.as('meic', 1).post(`${path}/approve`, { digest: '0'.repeat(64) })).json(), { status: 409, code: 'changed_since' })
  t.match((await hub.as('meic').post(`${path}/approve`, { digest: packet.digest })).json(), { code: 'person_required' })
  t.match(done(await hub.as('meic', 1).post(`${path}/approve`, { digest: packet.digest })), { status: 'APPROVED',
    lines: [{ recognised_amount: '25000.00', finding_code: 'FUNDS_DIVERTED' }] })
  t.match(await lines(hub, 'bank-1'), [{ amount: '30000.00', recognised_amount: '25000.00', payment_status: 'WAITING' }])
  await hub.loops.settle()
  t.equal((await lines(hub, 'bank-1')).length, 1, 'what the audit reduced brings no supplement')
})

t.test('a sample follows from its seed and the packet alone, and can be drawn again by everybody', async t => {
  const lines = Array.from({ length: 50 }, (_, index) => `line_${index}`)
  const order = drawn('seed', 'digest', lines)
  t.same(drawn('seed', 'digest', lines.toReversed()), order)
  t.same([...order].sort(), [...lines].sort())
  for (const other of [drawn('seeds', 'digest', lines), drawn('seed', 'digests', lines)]) t.not(other.join(' '), order.join(' '))
  t.equal(order[0], lines.toSorted((a, b) => sha256Hex(`seed\ndigest\n${a}`) < sha256Hex(`seed\ndigest\n${b}`) ? -1 : 1)[0])
})

t.test('what an audit cut is not claimed again by a correction: its packet holds the difference and says why', async t => {
  const { hub, iou_no } = await ready(t)
  const voucher = await send(hub, 'bank-1', iou_no, { normal_interest_paid: '48000.00', is_partial_payment: true })
  const [draft] = await packets(hub, 'bank-1')
  const first = await submitted(hub, 'bank-1', draft?.packet_no ?? '')
  t.equal(first.claimed_amount, '24000.00')
  await approved(hub, first, { lines: [{ line_no: first.lines[0]?.line_no, recognised_amount: '20000.00', finding_code: 'FUNDS_DIVERTED' }] })
  await send(hub, 'bank-1', iou_no, { correction_of: voucher.voucher_no })
  const [, supplement] = await lines(hub, 'bank-1')
  t.match(supplement, { amount: '6000.00', supplement_of: first.lines[0]?.line_no }, '30,000.00 less the 24,000.00 that were judged')
  const { trace } = done<{ trace: { rule_id: string, before: string, after: string }[] }>(await hub.as('bank-1').get(`/v1/subsidy-lines/${supplement?.line_no}`))
  t.match(trace.slice(-2), [{ rule_id: 'AUDIT_CUT', before: '30000.00', after: '26000.00' }, { rule_id: 'SUPPLEMENT', before: '26000.00', after: '6000.00' }])
  t.match(await approved(hub, await submitted(hub, 'bank-1', supplement?.packet_no ?? '')), { recognised_amount: '6000.00' })
  await hub.loops.settle()
  t.equal((await lines(hub, 'bank-1')).length, 2)
})

t.test('a returned packet comes back as version 2 with the difference shown; version 1 stays as it was', async t => {
  const { hub, iou_no } = await ready(t)
  const voucher = await send(hub, 'bank-1', iou_no)
  const [draft] = await packets(hub, 'bank-1')
  const first = await submitted(hub, 'bank-1', draft?.packet_no ?? '')
  const path = `/v1/subsidy-packets/${first.packet_no}`
  const sealed = (await hub.as('bank-1').get(`${path}/archive`)).rawPayload
  done(await hub.as('meic', 1).post(`${path}/assign`, { auditor_no: 'auditor-1' }))
  const question = done<{ question_no: string }>(await hub.as('auditor-1', 1).post(`${path}/questions`,
    { text: '余额与回单不符？', line_no: first.lines[0]?.line_no }))
  done(await hub.as('bank-1', 1).post(`${path}/questions`, { text: '将更正。', in_reply_to: question.question_no }))
  t.equal((await hub.as('bank-2', 1).get(`${path}/questions`)).statusCode, 404)
  t.match(done<{ items: object[] }>(await hub.as('bank-1').get(`${path}/questions`)).items, [{ participant_no: 'auditor-1' },
    { in_reply_to: question.question_no }])
  const prepared = done<{ conclusion_no: string }>(await hub.as('auditor-1', 2).post(`${path}/conclusions`,
    { packet_digest: first.digest, result: 'RETURN_FOR_SUPPLEMENT', lines: [] }))
  done(await hub.as('auditor-1', 1).post(`${path}/conclusions/${prepared.conclusion_no}/confirm`, {}))
  t.match(await packetOf(hub, first.packet_no, 'bank-1'), { status: 'RETURNED', lines: [{ status: 'OPEN' }] })
  await send(hub, 'bank-1', iou_no, { correction_of: voucher.voucher_no, normal_interest: '54000.00',
    segments: [{ from: '2026-01-20', to: '2026-03-21', balance: '9000000.00', annual_rate_pct: '3.60' }] })
  const second = await submitted(hub, 'bank-1', first.packet_no)
  t.match(second, { version: 2, status: 'SUBMITTED', claimed_amount: '27000.00', difference: { claimed_before: '30000.00',
    claimed_after: '27000.00', added: [/^line_/], removed: [first.lines[0]?.line_no] } })
  t.not(second.digest, first.digest)
  t.ok((await hub.as('bank-1').get(`${path}/archive?version=1`)).rawPayload.equals(sealed))
  t.equal((await hub.as('auditor-1').get(path)).statusCode, 404, 'a new version is assigned anew')
  t.match(await approved(hub, second), { status: 'APPROVED', recognised_amount: '27000.00' })
  t.match((await hub.as('meic', 1).post(`${path}/return`, { reason: 'late' })).json(), { code: 'state_conflict', allowed: [] })
})

t.test('a frozen line does not move: what a correction adds is a supplement, what it takes away a claw-back', async t => {
  const { hub, iou_no } = await ready(t, { now: '2026-06-25T02:00:00.000Z' })
  const voucher = await send(hub, 'bank-1', iou_no, { normal_interest: '54000.00',
    segments: [{ from: '2026-01-20', to: '2026-03-21', balance: '9000000.00', annual_rate_pct: '3.60' }] })
  const [draft] = await packets(hub, 'bank-1')
  const first = await submitted(hub, 'bank-1', draft?.packet_no ?? '')
  const more = await send(hub, 'bank-1', iou_no, { correction_of: voucher.voucher_no })
  const [frozen, supplement] = await lines(hub, 'bank-1')
  t.match([frozen, supplement], [{ status: 'FROZEN', amount: '27000.00' }, { status: 'OPEN', amount: '3000.00',
    supplement_of: frozen?.line_no }])
  t.match((await packets(hub, 'bank-1')).map(({ sequence, status, claimed_amount }) => [sequence, status, claimed_amount]),
    [[1, 'SUBMITTED', '27000.00'], [2, 'DRAFT', '3000.00']])
  const less = await send(hub, 'bank-1', iou_no, { correction_of: more.voucher_no, normal_interest: '48000.00',
    segments: [{ from: '2026-01-20', to: '2026-03-21', balance: '8000000.00', annual_rate_pct: '3.60' }] })
  t.match((await lines(hub, 'bank-1')).map(({ status, amount }) => [status, amount]), [['FROZEN', '27000.00'], ['SUPERSEDED', '3000.00']])
  const clawbacks = async () => done<{ items: object[] }>(await hub.as('bank-1').get('/v1/clawbacks')).items
  t.match(await clawbacks(), [{ origin: 'DERIVED', line_no: frozen?.line_no, amount: '3000.00', open: '3000.00', status: 'OPEN',
    reason: 'VOUCHER_CORRECTED' }])
  t.match((await hub.as('bank-1').get(`/v1/ceilings?uscc=${uscc_1}&project_code=${project_1}&year=2026`)).json(),
    { ceilings: [{ granted: '24000.00' }] })
  done(await hub.as('meic', 1).post(`/v1/subsidy-packets/${first.packet_no}/return`, { reason: '请按更正后凭证重新报送' }))
  t.match(await clawbacks(), [{ status: 'CANCELLED', open: '0.00' }], 'a returned line moves again, so nothing is overpaid')
  t.match((await lines(hub, 'bank-1')).filter(({ status }) => status === 'OPEN'),
    [{ amount: '24000.00', voucher_no: less.voucher_no, packet_no: first.packet_no }])
})

t.test('a frozen line keeps its place under the ceiling: a voucher that arrives later gets what is left', async t => {
  const big = { contract_amount: '3000000000.00', annual_rate_pct: '2.00' }
  const { hub, iou_no } = await ready(t, { contract: big, drawdown: { amount: '2800000000.00', disbursed_date: '2026-03-21' },
    now: '2026-06-25T02:00:00.000Z' })
  const other = await anotherLoan(hub, 'bank-2', big, { amount: '1600000000.00', disbursed_date: '2026-03-21' })
  const period = { period_start: '2026-03-21', period_end: '2026-06-19' }
  const segments = (balance: string) => [{ from: '2026-03-21', to: '2026-06-19', balance, annual_rate_pct: '2.00' }]
  const voucher = await send(hub, 'bank-2', other, { ...period, segments: segments('1600000000.00'), normal_interest: '8000000.00',
    paid_date: '2026-06-22' })
  const [draft] = await packets(hub, 'bank-2')
  await submitted(hub, 'bank-2', draft?.packet_no ?? '')
  await send(hub, 'bank-1', iou_no, { ...period, segments: segments('2800000000.00'), normal_interest: '14000000.00',
    paid_date: '2026-06-21' })
  const live = async () => Object.fromEntries((await lines(hub)).filter(({ status }) => status !== 'SUPERSEDED').map(({ participant_no,
    amount }) => [participant_no, amount]))
  t.same(await live(), { 'bank-2': '4000000.00', 'bank-1': '6000000.00' })
  await send(hub, 'bank-2', other, { ...period, correction_of: voucher.voucher_no, segments: segments('1200000000.00'),
    normal_interest: '6000000.00', paid_date: '2026-06-22' })
  t.same(await live(), { 'bank-2': '4000000.00', 'bank-1': '7000000.00' }, 'what a correction sets free goes to who waits')
  t.match(done<{ items: object[] }>(await hub.as('bank-2').get('/v1/clawbacks')).items, [{ amount: '1000000.00' }])
})

t.test('after a withdrawal nothing new is sealed; sealed packets stay readable and each reading is listed', async t => {
  const { hub, iou_no } = await ready(t, { now: '2026-06-25T02:00:00.000Z' })
  await send(hub, 'bank-1', iou_no)
  const [draft] = await packets(hub, 'bank-1')
  const packet = await submitted(hub, 'bank-1', draft?.packet_no ?? '')
  await send(hub, 'bank-1', iou_no, { period_start: '2026-03-21', period_end: '2026-06-21', normal_interest: '92000.00',
    paid_date: '2026-06-21', segments: [{ from: '2026-03-21', to: '2026-06-21', balance: '10000000.00', annual_rate_pct: '3.60' }] })
  done(await hub.as('meic', 1).post(`/v1/subsidy-packets/${packet.packet_no}/assign`, { auditor_no: 'auditor-1' }))
  const { authorization_no } = (await lines(hub, 'bank-1'))[0] as unknown as { authorization_no: string }
  done(await hub.as('enterprise-1', 1).post(`/v1/authorizations/${authorization_no}/withdraw`, {}))
  const next = (await packets(hub, 'bank-1')).find(({ status }) => status === 'DRAFT') as Packet
  t.match((await hub.as('bank-1').post(`/v1/subsidy-packets/${next.packet_no}/submit`, {})).json(),
    { status: 403, code: 'authorization_not_active' })
  t.equal((await hub.as('auditor-1', 1).get(`/v1/subsidy-packets/${packet.packet_no}`)).statusCode, 200)
  t.equal((await hub.as('finance-bureau').get(`/v1/subsidy-packets/${packet.packet_no}/archive`)).statusCode, 200)
  t.equal((await hub.as('bank-1').get(`/v1/subsidy-packets/${packet.packet_no}`)).statusCode, 200, 'its own')
  const sealed = (await hub.as('auditor-1').get(`/v1/subsidy-packets/${packet.packet_no}/archive`)).rawPayload.toString('latin1')
  const document_no = /documents\/(doc_\w+)/.exec(sealed)?.[1]
  t.equal((await hub.as('auditor-1', 1).get(`/v1/documents/${document_no}`)).statusCode, 200)
  t.equal((await hub.as('auditor-2', 1).get(`/v1/documents/${document_no}`)).statusCode, 404, 'not assigned to it')
  t.equal((await hub.as('bank-2').get(`/v1/documents/${document_no}`)).statusCode, 404)
  const { items } = done<{ items: { basis: string, recipient_no: string }[] }>(await hub.as('enterprise-1').get(`/v1/authorizations/${authorization_no}/disclosures`))
  t.match(items.filter(({ basis }) => basis === 'SETTLEMENT').map(({ recipient_no }) => recipient_no).sort(),
    ['auditor-1', 'auditor-1', 'auditor-1', 'finance-bureau'], 'packet, archive and single document')
  const prepared = done<{ conclusion_no: string }>(await hub.as('auditor-1', 1).post(`/v1/subsidy-packets/${packet.packet_no}/conclusions`,
    { packet_digest: packet.digest }))
  t.match(done(await hub.as('auditor-1', 2).post(`/v1/subsidy-packets/${packet.packet_no}/conclusions/${prepared.conclusion_no}/confirm`,
    {})), { result: 'PASS' }, 'the audit goes on')
})

t.test('forty submissions at once seal one version', async t => {
  const { hub, iou_no } = await ready(t)
  await send(hub, 'bank-1', iou_no)
  const [draft] = await packets(hub, 'bank-1')
  const answers = await Promise.all(Array.from({ length: 40 }, () => hub.as('bank-1').post(`/v1/subsidy-packets/${draft?.packet_no}/submit`,
    {})))
  t.same(answers.map(({ statusCode }) => statusCode).filter(status => status !== 409), [200])
})

t.test('POST gives the packet that is open, and the same answer under the same key', async t => {
  const { hub, iou_no } = await ready(t)
  const key = { uscc: uscc_1, project_code: project_1, period: '2026Q1', kind: 'LOAN_INTEREST' }
  t.match((await hub.as('bank-1').post('/v1/subsidy-packets', key)).json(), { status: 422, code: 'packet_empty' })
  await send(hub, 'bank-1', iou_no)
  const headers = { 'idempotency-key': 'open-the-packet-once' }
  const first = await hub.as('bank-1').post('/v1/subsidy-packets', key, headers)
  const again = await hub.as('bank-1').post('/v1/subsidy-packets', key, headers)
  t.match(first.json(), { status: 'DRAFT', lines: [{ status: 'OPEN' }] })
  t.equal(again.headers['idempotency-replayed'], 'true')
  t.equal(again.body, first.body)
})
