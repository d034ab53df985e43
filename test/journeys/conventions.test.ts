/** Conventions of the contract that hold at every door (contract §1). */
import t from 'tap'
import { authorize, aVoucher, body, documentOf, hubInMarch, items, lend, next, settled, uscc_1 } from './client.ts'
import { build } from '../helper.ts'

t.test('missing and foreign are the same bytes', async (t) => {
  const hub = await hubInMarch(t)
  const { packet_no, line_no, voucher_no, loan_contract_no, iou_no } = await settled(hub)
  const [authorization] = await items<{ authorization_no: string }>(hub.as('enterprise-1'), '/v1/authorizations')
  const [need] = await items<{ need_no: string }>(hub.as('enterprise-1'), '/v1/financing-needs')
  const other_no = (no: string | undefined) => `${String(no).split('_')[0]}_01ARZ3NDEKTSV4RRFFQ69G5FAV`
  for (const [who, path, no, unknown] of [
    ['enterprise-2', 'authorizations', authorization?.authorization_no, other_no(authorization?.authorization_no)],
    ['enterprise-2', 'financing-needs', need?.need_no, other_no(need?.need_no)],
    ['bank-2', 'loan-contracts', loan_contract_no, 'HT-NONE'], ['bank-2', 'drawdowns', iou_no, 'JJ-NONE'], ['bank-2', 'interest-vouchers', voucher_no, 'V-NONE'],
    ['bank-2', 'subsidy-packets', packet_no, other_no(packet_no)], ['bank-2', 'subsidy-lines', line_no, other_no(line_no)]
  ] as const) {
    for (const language of ['en', 'zh-CN']) {
      const foreign = await hub.as(who).get(`/v1/${path}/${no}`, { 'accept-language': language })
      const missing = await hub.as(who).get(`/v1/${path}/${unknown}`, { 'accept-language': language })
      t.same([foreign.statusCode, foreign.json().code], [404, 'not_found'], path)
      const bytes = (answer: typeof foreign) => answer.body.replace(/"trace_id":"[^"]*"/, '')
      t.equal(bytes(foreign), bytes(missing), `${path}: the same bytes in ${language}`)
      t.equal(foreign.headers['content-length'], missing.headers['content-length'])
    }
  }
  const nowhere = await hub.as('bank-1').get('/v1/nothing-of-the-kind', { 'accept-language': 'zh-CN' })
  t.same([nowhere.statusCode, nowhere.json().code], [404, 'not_found'])
})

t.test('lists have one form, a bound, and cursors that are stable and belong to their caller', async (t) => {
  const hub = await hubInMarch(t)
  await authorize(hub)
  const bank = hub.as('bank-1')
  const { iou_no } = await lend(hub)
  const sent: string[] = []
  for (let day = 1; day <= 5; day++) {
    const [from, to] = [`2026-01-0${day}`, `2026-01-0${day + 1}`]
    sent.push(body<{ voucher_no: string }>(await bank.post('/v1/interest-vouchers', aVoucher(iou_no, await documentOf(bank), {
      period_start: from, period_end: to, segments: [{ from, to, balance: '10000000.00', annual_rate_pct: '3.60' }], normal_interest: '1000.00' }))).voucher_no)
  }
  interface Page { items: { voucher_no: string }[], next_cursor: string | null }
  const page = async (query: string) => body<Page>(await bank.get(`/v1/interest-vouchers?${query}`), 200)
  const first = await page('limit=2')
  t.same(Object.keys(first).sort(), ['items', 'next_cursor'])
  const found = first.items.map(item => item.voucher_no)
  body(await bank.post('/v1/interest-vouchers', aVoucher(iou_no, await documentOf(bank), { period_start: '2026-01-06', period_end: '2026-01-07',
    segments: [{ from: '2026-01-06', to: '2026-01-07', balance: '10000000.00', annual_rate_pct: '3.60' }], normal_interest: '1000.00' })))
  for (let cursor = first.next_cursor; cursor !== null;) {
    const more = await page(`limit=2&cursor=${cursor}`)
    found.push(...more.items.map(item => item.voucher_no))
    cursor = more.next_cursor
  }
  t.same(sent.filter(no => !found.includes(no)), [], 'an insert in between loses nothing')
  t.equal(new Set(found).size, found.length, 'nor repeats anything')
  const { next_cursor } = first
  t.equal((await hub.as('bank-2').get(`/v1/interest-vouchers?cursor=${next_cursor}`)).statusCode, 400, 'a cursor of somebody else')
  t.equal((await bank.get(`/v1/drawdowns?cursor=${next_cursor}`)).statusCode, 400, 'a cursor of another operation')
  t.equal((await bank.get('/v1/interest-vouchers?limit=200')).statusCode, 200)
  t.equal((await bank.get('/v1/interest-vouchers?limit=201')).statusCode, 400)
  t.equal((await page('updated_since=2026-03-23T02:00:00.001Z')).items.length, 0)
  t.equal((await page(`updated_since=${encodeURIComponent('2026-03-23T10:00:00+08:00')}`)).items.length, 6, 'an instant with another offset')
})

t.test('every list operation answers with items and a cursor', async (t) => {
  const hub = await build(t)
  const document = hub.app.swagger() as { paths: Record<string, Record<string, { parameters?: { name: string, required?: boolean }[] }>> }
  const not_lists = new Set(['/v1/me', '/v1/reconciliation', '/v1/ceilings', '/v1/audit-log/checkpoint', '/v1/audit-log/consistency', '/v1/enterprise-lists/template.xlsx'])
  let count = 0
  for (const [path, methods] of Object.entries(document.paths)) {
    if (!path.startsWith('/v1/') || path.includes('{') || methods.get === undefined || not_lists.has(path)) continue
    count++
    t.ok(methods.get.parameters?.some(parameter => parameter.name === 'limit'), `${path} has a limit`)
    const answers = await Promise.all(hub.sandbox.participants.map(({ participant_no }) => hub.as(participant_no).get(path)))
    t.ok(answers.some(answer => answer.statusCode === 200), `${path} is for somebody`)
    for (const answer of answers) {
      if (answer.statusCode === 200) t.ok(Array.isArray(answer.json().items) && 'next_cursor' in answer.json(), path)
      else t.equal(answer.json().code, 'role_not_allowed', `${path}: ${answer.body}`)
    }
  }
  t.ok(count > 20)
})

t.test('what was read is not sent again, what changed since is not overwritten', async (t) => {
  const hub = await hubInMarch(t)
  const { loan_contract_no } = await settled(hub)
  const bank = hub.as('bank-1')
  const read = await bank.get(`/v1/loan-contracts/${loan_contract_no}`)
  t.type(read.headers.etag, 'string')
  const again = await bank.get(`/v1/loan-contracts/${loan_contract_no}`, { 'if-none-match': String(read.headers.etag) })
  t.same([again.statusCode, again.body], [304, ''])
  const leads = await bank.get('/v1/leads')
  t.type(leads.headers.etag, 'string', 'pages of leads too')
  t.equal((await bank.get('/v1/leads', { 'if-none-match': String(leads.headers.etag) })).statusCode, 304)
  for (const named of [`"other", ${leads.headers.etag}`, `W/${leads.headers.etag}`, '*']) t.equal((await bank.get('/v1/leads', { 'if-none-match': named })).statusCode, 304, named)
  t.equal((await bank.get('/v1/leads', { 'if-none-match': '"other", "another"' })).statusCode, 200)
  const operator = hub.as('platform-operator', 1)
  const participant = await operator.get('/v1/participants/park-2')
  t.type(participant.headers.etag, 'string')
  const blind = await operator.send('PATCH', '/v1/participants/park-2', { aliases: ['璧山示范'] })
  t.same([blind.statusCode, blind.json().code], [428, 'version_required'])
  const stale = await operator.send('PATCH', '/v1/participants/park-2', { aliases: ['璧山示范'] }, { 'if-match': '"99"' })
  t.same([stale.statusCode, stale.json().code], [412, 'stale_version'])
  t.equal((await operator.send('PATCH', '/v1/participants/park-2', { aliases: ['璧山示范'] }, { 'if-match': String(participant.headers.etag) })).statusCode, 200)
  const endpoint = body<{ endpoint_no: string }>(await bank.post('/v1/webhook-endpoints', { url: 'http://127.0.0.1:8099/hook' }))
  t.equal((await bank.send('DELETE', `/v1/webhook-endpoints/${endpoint.endpoint_no}`)).statusCode, 428)
  t.equal((await bank.send('DELETE', `/v1/webhook-endpoints/${endpoint.endpoint_no}`, undefined, { 'if-match': '"99"' })).statusCode, 412)
})

t.test('a repeated request is answered once, at every kind of door', async (t) => {
  const hub = await hubInMarch(t)
  const authorization = await hub.as('enterprise-1').post('/v1/authorizations', {
    grantor_uscc: uscc_1, grantor_name: '重庆云岭精密机械有限公司（虚构）', recipients: ['PAIRED_BANK'], scopes: ['FINANCING_NEED'], purposes: ['FINANCING_MATCHING'],
    valid_from: '2026-03-01', valid_to: '2027-03-01', method: 'E_SIGNATURE' }, { 'idempotency-key': 'authorization-key-0001' })
  t.equal(authorization.statusCode, 201, authorization.body)
  const bytes = Buffer.from('one file')
  const bank = hub.as('bank-1')
  const file = { name: 'a.pdf', bytes, type: 'application/pdf' }
  const first = await bank.upload('/v1/documents', file, {}, { 'idempotency-key': 'document-key-00000001' })
  t.equal(first.statusCode, 201, first.body)
  t.same(Object.keys(first.json()).filter(key => ['document_no', 'sha256', 'sm3', 'bytes', 'media_type'].includes(key)).length, 5)
  const again = await bank.upload('/v1/documents', file, {}, { 'idempotency-key': 'document-key-00000001' })
  t.same([again.statusCode, again.headers['idempotency-replayed'], again.body], [201, 'true', first.body], 'the boundary of a form does not count')
  const other = await bank.upload('/v1/documents', { ...file, bytes: Buffer.from('another file') }, {}, { 'idempotency-key': 'document-key-00000001' })
  t.same([other.statusCode, other.json().code], [422, 'idempotency_mismatch'])
  const under_new_key = await bank.upload('/v1/documents', file)
  t.same([under_new_key.statusCode, under_new_key.json().document_no], [200, first.json().document_no])
  const somebody_else = await hub.as('bank-2').upload('/v1/documents', file)
  t.same([somebody_else.statusCode, somebody_else.json().document_no === first.json().document_no], [201, false])
  const same_key = await hub.as('bank-2').upload('/v1/documents', { ...file, bytes: Buffer.from('third') }, {}, { 'idempotency-key': 'document-key-00000001' })
  t.equal(same_key.statusCode, 201, 'keys belong to their caller')
  const download = await bank.get(`/v1/documents/${first.json().document_no}`)
  t.same([download.statusCode, download.rawPayload.equals(bytes)], [200, true])
  t.equal((await hub.as('bank-2').get(`/v1/documents/${first.json().document_no}`)).statusCode, 404)
  t.equal((await bank.upload('/v1/documents', { ...file, bytes: Buffer.alloc(0) })).statusCode < 500, true)
  const sixteen = await bank.upload('/v1/documents', { ...file, bytes: Buffer.from('16') }, {}, { 'idempotency-key': '0123456789abcdef' })
  t.equal(sixteen.statusCode, 201, 'sixteen characters are enough')
  const longest = await bank.upload('/v1/documents', { ...file, bytes: Buffer.from('255') }, {}, { 'idempotency-key': 'k'.repeat(255) })
  t.equal(longest.statusCode, 201)
  const too_long = await bank.upload('/v1/documents', { ...file, bytes: Buffer.from('256') }, {}, { 'idempotency-key': 'k'.repeat(256) })
  t.equal(too_long.statusCode, 400)
})

t.test('the same business key: the same content 200, other content 409', async (t) => {
  const hub = await hubInMarch(t)
  await authorize(hub)
  const bank = hub.as('bank-1')
  const { loan_contract_no } = await lend(hub)
  const loan = (await items(bank, '/v1/loan-contracts')).find(each => each.loan_contract_no === loan_contract_no)
  t.ok(loan)
  const document_no = await documentOf(bank)
  const contract = { loan_contract_no: next('HT'), borrower_uscc: uscc_1, project_code: '2606-500112-07-02-100002', contract_amount: '1000000.00', land_amount: '0.00',
    signed_date: '2026-01-15', start_date: '2026-01-20', maturity_date: '2028-12-21', annual_rate_pct: '3.60', document_no }
  const drawdown = { iou_no: next('JJ'), loan_contract_no: contract.loan_contract_no, amount: '1000000.00', land_amount: '0.00', disbursed_date: '2026-01-20', maturity_date: '2028-12-21' }
  for (const [path, sent, change] of [['loan-contracts', contract, { annual_rate_pct: '3.61' }], ['drawdowns', drawdown, { amount: '999999.99' }]] as const) {
    const first = await bank.post(`/v1/${path}`, sent)
    t.equal(first.statusCode, 201, first.body)
    const again = await bank.post(`/v1/${path}`, sent)
    t.same([again.statusCode, again.json()], [200, first.json()], path)
    const other = await bank.post(`/v1/${path}`, { ...sent, ...change })
    t.same([other.statusCode, other.json().code], [409, 'duplicate_key'], path)
  }
  const foreign = await hub.as('bank-2').post('/v1/loan-contracts', { ...contract, document_no: await documentOf(hub.as('bank-2')) })
  t.equal(foreign.statusCode, 201, 'business keys are unique per sender')
})

t.test('limits of requests are announced, and the contract is public', async (t) => {
  const hub = await build(t)
  const me = await hub.as('park-1').get('/v1/me')
  t.ok(Object.keys(me.headers).some(name => name.startsWith('ratelimit')), 'RateLimit headers')
  const document = (await hub.app.inject('/openapi.json')).json()
  t.match(document.openapi, /^3\.1/)
  t.type(document.webhooks, 'object')
  t.equal((await hub.app.inject('/docs')).statusCode < 400, true)
  t.equal((await hub.app.inject('/health/live')).statusCode, 200)
  t.equal((await hub.app.inject('/health/ready')).statusCode, 200)
  t.equal((await hub.app.inject('/metrics')).statusCode, 200)
  t.same([(await hub.as('park-1', 1).get('/v1/me')).json().user_no, me.json().user_no], ['park-1-user-1', null])
  interface Operation { operationId: string, summary: string, description: string, responses: Record<string, { content?: Record<string, { example?: unknown, examples?: object }> }> }
  for (const [path, methods] of Object.entries(document.paths as Record<string, Record<string, Operation>>)) {
    for (const [method, operation] of Object.entries(methods)) {
      const name = `${method} ${path}`
      t.match(operation.operationId, /^[a-z]\w+$/, name)
      t.match(operation.summary, /[a-z].*\p{Script=Han}/iu, `${name}: both languages`)
      t.ok(operation.description.length > 0, name)
    }
  }
})

t.test('unknown facts are null, never left out', async (t) => {
  const hub = await build(t)
  const need = await hub.as('enterprise-1').post('/v1/authorizations', {
    grantor_uscc: uscc_1, grantor_name: '重庆云岭精密机械有限公司（虚构）', recipients: ['PAIRED_BANK'], scopes: ['FINANCING_NEED'], purposes: ['FINANCING_MATCHING'],
    valid_from: '2026-03-01', valid_to: '2027-03-01', method: 'E_SIGNATURE' })
  for (const field of ['collector_no', 'covers_history_from', 'withdrawn_at', 'document_no', 'signer_name']) t.equal(need.json()[field], null, field)
})
