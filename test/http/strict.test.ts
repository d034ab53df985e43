/** Refusal is loud: what is not in the agreed form is 400 with every mistake named, never dropped or coerced (D13). */
import t from 'tap'
import { problemFrom } from '../../src/http/errors.ts'
import { parseStrictly } from '../../src/http/instance.ts'
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
    ['prototype name', '{"__proto__":{"admin":true}}', 400, 'UNKNOWN_FIELD']
  ]
  for (const [name, payload, status, code] of table) {
    const answer = await send(payload)
    t.equal(answer.statusCode, status, name)
    t.equal(answer.json().errors[0]?.code, code, name)
  }
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
