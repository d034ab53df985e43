/** Refusal is loud: what is not in the agreed form is 400 with every mistake named, never dropped or coerced (D13). */
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import t from 'tap'
import { problemFrom } from '../../src/http/errors.ts'
import { parseStrictly } from '../../src/http/strict-json.ts'
import { insertParticipant } from '../../src/registry/participants/store.ts'
import { build, newKey } from '../helper.ts'

const good = { pushed_at: '2026-03-18T09:00:00+08:00' }

t.test('what is not in the agreed form is refused with a pointer in both languages', async t => {
  const hub = await build(t)
  const post = (body: unknown) => hub.as('bank-1').post('/v1/deadline-quotes', body)
  t.equal((await post(good)).statusCode, 200)
  const table: [string, unknown, string, string][] = [
    ['unknown field', { ...good, colour: 'red' }, '/colour', 'UNKNOWN_FIELD'],
    ['missing field', {}, '/pushed_at', 'MISSING_FIELD'],
    ['wrong type', { pushed_at: 5 }, '/pushed_at', 'WRONG_TYPE'],
    ['instant beyond the calendar', { pushed_at: '9999-12-31T23:59:59-14:00' }, '/pushed_at', 'WRONG_FORMAT'],
    ['leap second', { pushed_at: '2026-06-30T23:59:60Z' }, '/pushed_at', 'WRONG_FORMAT'],
    ['null', { pushed_at: null }, '/pushed_at', 'WRONG_TYPE'],
    ['impossible date', { pushed_at: '2026-02-31T09:00:00+08:00' }, '/pushed_at', 'WRONG_FORMAT'],
    ['instant without offset', { pushed_at: '2026-03-18T09:00:00' }, '/pushed_at', 'WRONG_FORMAT'],
    ['an array for an object', [], '', 'WRONG_TYPE']
  ]
  for (const [name, body, pointer, code] of table) {
    const answer = await post(body)
    t.equal(answer.statusCode, 400, name)
    t.match(answer.headers['content-type'], 'application/problem+json', name)
    const problem = answer.json()
    t.match(problem, { code: 'invalid_request', status: 400, trace_id: String }, name)
    const item = problem.errors.find((error: { pointer: string, code: string }) => error.pointer === pointer && error.code === code)
    t.ok(item, `${name}: ${JSON.stringify(problem.errors)}`)
    t.ok(item?.message && /[\u4e00-\u9fff]/.test(item.message_zh), name)
  }
  const both = (await post({ pushed_at: 5, colour: 'red' })).json()
  t.equal(both.errors.length, 2, 'all mistakes are listed')
})

t.test('bytes that are no honest JSON are refused', async t => {
  const hub = await build(t)
  const key = hub.sandbox.participants[0]?.api_key
  const send = (payload: Buffer | string, type = 'application/json') => hub.app.inject({
    method: 'POST', url: '/v1/deadline-quotes', headers: { authorization: `Bearer ${key}`, 'content-type': type, 'idempotency-key': newKey() }, payload
  })
  const table: [string, Buffer | string, number, string][] = [
    ['not JSON', '{"pushed_at":', 400, 'NOT_JSON'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, 'NOT_UTF8'],
    ['NUL', '{"pushed_at":"a\\u0000b"}', 400, 'NUL_CHARACTER'],
    ['lone surrogate', '{"pushed_at":"\\ud800"}', 400, 'LONE_SURROGATE'],
    ['lone surrogate in a name', '{"\\udfff":1}', 400, 'LONE_SURROGATE'],
    ['prototype name', '{"__proto__":{"admin":true}}', 400, 'UNKNOWN_FIELD'],
    ['a name twice', '{"pushed_at":"2026-03-18T09:00:00+08:00","pushed_at":"2026-03-19T09:00:00+08:00"}', 400, 'NAMED_TWICE'],
    ['a name twice, written in two ways', '{"pushed_at":1,"pushed\\u005fat":1}', 400, 'NAMED_TWICE'],
    ['a nest without end', `${'['.repeat(200_000)}"constructor"${']'.repeat(200_000)}`, 400, 'WRONG_TYPE']
  ]
  for (const [name, payload, status, code] of table) {
    const answer = await send(payload)
    t.equal(answer.statusCode, status, name)
    t.equal(answer.json().errors[0]?.code, code, name)
  }
  const several = (await send('{"a":"\\u0000","b":[{"c":":","d":1,"d":"\\ud800"}],"constructor":2}')).json()
  t.same(several.errors.map(({ pointer, code }: { pointer: string, code: string }) => `${pointer} ${code}`),
    ['/b/0/d NAMED_TWICE', '/a NUL_CHARACTER', '/b/0/d LONE_SURROGATE', '/constructor UNKNOWN_FIELD'], 'all mistakes are listed')
  t.equal((await send(JSON.stringify(good), 'application/json; charset=gb18030')).statusCode, 415)
  t.equal((await send(JSON.stringify(good), 'application/json; charset="UTF-8"')).statusCode, 200)
  t.equal((await send('a=b', 'application/x-www-form-urlencoded')).statusCode, 415)
  t.equal((await send('plain', 'text/plain')).statusCode, 415)
  t.equal((await send('--x--', 'multipart/form-data; boundary=x')).statusCode, 415)
  t.equal((await send('')).statusCode, 400)
  t.equal((await send(`{"pushed_at":"${'x'.repeat(9 * 1024 * 1024)}"}`)).statusCode, 413)
  t.equal((await hub.app.inject({ url: '/v1/me%00', headers: { authorization: `Bearer ${key}` } })).statusCode, 400)
  t.equal((await hub.app.inject({ url: '/v1/nothing-here', headers: { authorization: `Bearer ${key}` } })).statusCode, 404)
})

t.test('a pair of surrogates and every other character pass unchanged', async t => {
  const text = '{"a":"\\ud83d\\ude00","b":"重庆\\u007f"}'
  t.same(parseStrictly(Buffer.from(text)), JSON.parse(text))
})

t.test('a number beyond all numbers in a query is refused', async t => {
  const hub = await build(t)
  for (const limit of ['1e400', '-1e400', 'NaN', '1e3', '0']) {
    const answer = await hub.as('bank-1').get(`/v1/subsidy-accounts?limit=${limit}`)
    t.equal(answer.statusCode, 400, limit)
    t.match(answer.json().errors, [{ pointer: '/query/limit' }])
  }
})

t.test('a caller that hangs up is no broken storage, a lost server is', async t => {
  const reset = Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
  t.equal(problemFrom(Object.assign(new Error('aborted', { cause: reset }), { statusCode: 400 })).code, 'invalid_request')
  t.match(problemFrom(new Error('Failed query', { cause: reset })), { code: 'storage_unavailable', headers: { 'retry-after': '5' } })
  t.match(problemFrom(new Error('Connection terminated unexpectedly')), { code: 'storage_unavailable' })
  t.match(problemFrom(new Error('anything else')), { code: 'internal_error' })
})

t.test('what the database was asked with stands in no log', async t => {
  const hub = await build(t)
  const secret = '重庆不入日志机械有限公司'
  const again = async (): Promise<number> => {
    await hub.db.write((sql, now) => insertParticipant(sql, {
      participant_no: 'bank-1', role: 'BANK', name: secret, uscc: secret, aliases: [secret], is_government_guarantor: false, is_cooperating: false, status: 'ACTIVE', version: 1, created_at: now, updated_at: now
    }))
    return 0
  }
  hub.loops.add({ name: 'failing', every_ms: 60_000, shared: true, work: again })
  hub.loops.start()
  await hub.loops.stop()
  const told = hub.logged.filter(line => line.includes('a loop failed'))
  t.equal(told.length, 1)
  t.match(told[0], /unique|duplicate/i, 'what the database said')
  t.match(told[0], /participants/, 'of what')
  t.notMatch(told[0], secret)
})

t.test('a trace id of the caller is kept, and every answer carries one', async t => {
  const hub = await build(t)
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const answer = await hub.as('bank-1').get('/v1/me', { traceparent: `00-${trace}-00f067aa0ba902b7-01` })
  t.equal(answer.headers['x-trace-id'], trace)
  t.match((await hub.as('bank-1').get('/v1/me')).headers['x-trace-id'], /^[0-9a-f]{32}$/)
})

t.test('the log holds no key and no personal data', async t => {
  const hub = await build(t)
  await hub.as('bank-1', 1).get('/v1/me')
  const log = hub.logged.join('')
  t.match(log, /"operation":"getMe"/)
  for (const participant of hub.sandbox.participants) {
    t.notOk(log.includes(participant.api_key))
    for (const user of participant.users) t.notOk(log.includes(user.api_key) || log.includes(user.name))
  }
})

t.test('one client over its limit is told when to come back; another is not touched', async t => {
  const hub = await build(t, { config: { rate_limit_per_minute: 5 } })
  const answers = []
  for (let n = 0; n < 7; n++) answers.push(await hub.as('bank-1').get('/v1/me'))
  t.same(answers.map(({ statusCode }) => statusCode), [200, 200, 200, 200, 200, 429, 429])
  t.match(answers[6]?.json(), { code: 'rate_limited' })
  t.ok(Number(answers[6]?.headers['retry-after']) > 0)
  t.equal(answers[0]?.headers['ratelimit-limit'], '5')
  t.equal((await hub.as('bank-2').get('/v1/me')).statusCode, 200)
})

t.test('what never becomes a request is refused like everything else: a problem with a code, a trace and the security headers', async t => {
  const hub = await build(t)
  await hub.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = hub.app.server.address() as AddressInfo
  /** Sends bytes as they are. @returns everything that came back until the connection ended */
  async function said (bytes: string, onAccepted?: (socket: Socket) => void): Promise<string> {
    if (onAccepted !== undefined) hub.app.server.once('connection', onAccepted)
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.on('data', chunk => { text += String(chunk) }).on('error', () => {})
    await once(socket, 'close')
    return text
  }
  const request = (line: string, ...headers: string[]): string => [line, ...headers, 'Connection: close', '', ''].join('\r\n')
  const late = (socket: Socket): void => { hub.app.server.emit('clientError', Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket) }
  const table: [string, number, string, string, ((socket: Socket) => void)?][] = [
    ['no HTTP', 400, 'invalid_request', 'nonsense\r\n\r\n'],
    ['no Host', 400, 'invalid_request', request('GET /v1/me HTTP/1.1')],
    ['a broken escape', 400, 'invalid_request', request('GET /v1/%zz HTTP/1.1', 'Host: hub')],
    ['an escape that is no UTF-8', 400, 'invalid_request', request('GET /v1/leads/%ff HTTP/1.1', 'Host: hub')],
    ['a part without end', 400, 'invalid_request', request(`GET /v1/leads/${'a'.repeat(300)} HTTP/1.1`, 'Host: hub')],
    ['two lengths', 400, 'invalid_request', request('POST /v1/deadline-quotes HTTP/1.1', 'Host: hub', 'Transfer-Encoding: chunked', 'Content-Length: 5')],
    ['headers without end', 431, 'headers_too_large', request('GET /v1/me HTTP/1.1', 'Host: hub', `X: ${'a'.repeat(20_000)}`)],
    ['chunks that are all extension', 413, 'payload_too_large', `${request('POST /v1/deadline-quotes HTTP/1.1', 'Host: hub', 'Transfer-Encoding: chunked')}5;${'a'.repeat(20_000)}\r\n`],
    ['a request that stops half-way', 408, 'request_timeout', 'GET /v1/me HTTP/1.1\r\n', late],
    ['an expectation nobody knows', 401, 'unauthenticated', request('GET /v1/me HTTP/1.1', 'Host: hub', 'Expect: tea')]
  ]
  for (const [name, status, code, bytes, onAccepted] of table) {
    const [head = '', body = ''] = (await said(bytes, onAccepted)).split('\r\n\r\n', 2)
    t.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), name)
    for (const header of ['content-type: application/problem+json', 'x-content-type-options: nosniff', 'content-security-policy: default-src', 'referrer-policy: no-referrer', 'x-trace-id: ']) {
      t.match(head.toLowerCase(), header, `${name}: ${header}`)
    }
    t.match(JSON.parse(body), { type: `urn:rongqiao:problem:${code}`, status, code, title: String, detail: String, trace_id: /^[0-9a-f]{32}$/, errors: Array }, name)
    // Where the headers came, they say in which language; else both are there.
    if (status === 408 || status === 413 || status === 431) t.match(JSON.parse(body).title, /^[A-Z].* \/ .*[\u4e00-\u9fff]/, name)
  }
})
