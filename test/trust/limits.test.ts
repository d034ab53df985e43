/** Limits by client and by address: nobody is starved by somebody else. */
import { connect } from 'node:net'
import { pino } from 'pino'
import t from 'tap'
import Type from 'typebox'
import { frozenClock } from '../../src/clock.ts'
import type { Db } from '../../src/db/db.ts'
import { admit, type Principal } from '../../src/http/access.ts'
import { createInstance } from '../../src/http/instance.ts'
import { networkOf } from '../../src/http/limits.ts'
import { operation } from '../../src/http/operation.ts'
import type { SignatureSettings } from '../../src/http/signed-requests.ts'
import { append, the_hub } from '../../src/journal/events.ts'
import { build, start_of_test } from '../helper.ts'

const wrong = { authorization: 'Bearer guessed-key-of-nobody' }

t.test('one client that used up its share is told when to come back, another goes on', async t => {
  const hub = await build(t, { config: { rate_limit_per_minute: 5 } })
  const statuses: number[] = []
  for (let sent = 0; sent < 6; sent++) statuses.push((await hub.as('bank-1').get('/v1/me')).statusCode)
  t.same(statuses, [200, 200, 200, 200, 200, 429])
  const refused = await hub.as('bank-1').get('/v1/me')
  t.match(refused.json(), { code: 'rate_limited' })
  t.ok(Number(refused.headers['retry-after']) >= 1)
  const other = await hub.as('bank-2').get('/v1/me')
  t.equal(other.statusCode, 200)
  t.match(other.headers, { 'ratelimit-limit': '5', 'ratelimit-remaining': '4' })
})

t.test('an address that guesses keys learns no more, while a good key from the same address passes', async t => {
  const hub = await build(t)
  let unauthenticated = 0
  for (let sent = 0; sent < 610; sent++) {
    const answer = await hub.app.inject({ url: '/v1/me', headers: wrong })
    if (answer.statusCode === 401) unauthenticated += 1
    else t.match([answer.statusCode, answer.json().code], [429, 'rate_limited'])
  }
  t.equal(unauthenticated, 600)
  t.equal((await hub.as('bank-1').get('/v1/me')).statusCode, 200)
  t.equal((await hub.app.inject({ url: '/v1/me' })).statusCode, 401, 'who shows nothing has guessed nothing')
  const token = await hub.app.inject({ method: 'POST', url: '/oauth/token', headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: 'grant_type=client_credentials' })
  t.equal(token.statusCode, 429, 'nor does it learn more at the token endpoint')
  const elsewhere = await hub.app.inject({ url: '/v1/me', headers: wrong, remoteAddress: '198.51.100.7' })
  t.equal(elsewhere.statusCode, 401, 'another address starts from nothing')
})

t.test('a flood from one address is cut off before anybody is known; a client known there goes on', async t => {
  const hub = await build(t, { config: { rate_limit_per_address_per_minute: 20 } })
  t.equal((await hub.as('bank-1').get('/v1/me')).statusCode, 200)
  const statuses: number[] = []
  for (let sent = 0; sent < 30; sent++) statuses.push((await hub.app.inject({ url: '/v1/me' })).statusCode)
  t.same(statuses.filter(status => status === 429).length, 11)
  t.equal((await hub.as('bank-1').get('/v1/me')).statusCode, 200)
  t.equal((await hub.app.inject({ url: '/v1/me', remoteAddress: '198.51.100.7' })).statusCode, 401)
})

t.test('a client has so many requests under way at once and no more, another goes on, and places come back', async t => {
  const hub = await build(t)
  const { next_cursor } = (await hub.as('insurer-1').get('/v1/events?limit=200')).json() as { next_cursor: string }
  const refused: number[] = []
  const waiting = Array.from({ length: 520 }, async () => {
    const answer = await hub.as('insurer-1').get(`/v1/events?wait=20&after=${next_cursor}`)
    if (answer.statusCode === 429) refused.push(answer.statusCode)
    return answer
  })
  while (refused.length < 8) await new Promise(resolve => setImmediate(resolve))
  t.equal((await hub.as('bank-1').get('/v1/me')).statusCode, 200)
  await hub.db.write((sql, now) => append(sql, now, { type: 'lead.pushed', subject: 'lead_1', actor: the_hub, audience: ['insurer-1'] }))
  await hub.loops.settle()
  const polls = await Promise.all(waiting)
  t.equal(polls.filter(({ statusCode }) => statusCode === 429).length, 8)
  t.ok(polls.every(({ statusCode, headers }) => statusCode === 200 || Number(headers['retry-after']) > 0))
  t.equal((await hub.as('insurer-1').get('/v1/me')).statusCode, 200)
})

t.test('a connection that sends on without reading gets no more made for it, and its places come back', async t => {
  const { app } = await build(t)
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8')
  t.teardown(() => socket.destroy())
  const statuses: string[] = []
  let text = ''
  const ask = async (count: number) => {
    statuses.length = 0
    socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count))
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      text += String(chunk)
      for (let end = text.indexOf('}'); end >= 0; end = text.indexOf('}')) {
        statuses.push(text.slice(text.indexOf('HTTP/1.1'), end).slice(9, 12))
        text = text.slice(end + 1)
      }
      if (statuses.length === count) return
    }
  }
  await ask(40)
  t.same(statuses, [...Array.from({ length: 16 }, () => '200'), ...Array.from({ length: 24 }, () => '429')])
  await ask(16)
  t.same(new Set(statuses), new Set(['200']))
})

t.test('a caller that hangs up before it is known keeps no place', async t => {
  const principal = admit({
    participant_no: 'bank-1', role: 'BANK', name: '虚构银行', uscc: '91500112MAXX00015Q', user_no: null, duties: [], client_id: 'client-bank-1'
  })
  let asked = 0
  const known = Promise.withResolvers<Principal>()
  const slow = async () => {
    asked++
    return known.promise
  }
  const app = await createInstance({
    logger: pino({ level: 'silent' }), resolve: slow, rate_limit_max: 10_000, address_limit_max: 10_000, trusted_proxies: [], https_only: false, silence_max_ms: 90_000,
    signatures: {} as SignatureSettings
  })
  t.teardown(() => app.close())
  operation(app, { db: { clock: frozenClock(start_of_test) } as unknown as Db }, {
    id: 'show', method: 'GET', path: '/v1/show', callers: 'any', summary: 'Show', summary_zh: '查询', description: 'Show', replies: { 200: Type.Object({}) }
  }, async () => ({ status: 200, body: {} }))
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const request = 'GET /v1/show HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer key\r\n\r\n'
  const sockets = Array.from({ length: 513 }, () => connect(Number(port), '127.0.0.1'))
  for (const socket of sockets) socket.write(request)
  const until = async (holds: () => boolean | Promise<boolean>) => { while (!await holds()) await new Promise(resolve => setTimeout(resolve, 5)) }
  await until(() => asked === sockets.length)
  for (const socket of sockets) socket.destroy()
  await until(async () => new Promise(resolve => { app.server.getConnections((_error, count) => resolve(count === 0)) }))
  known.resolve(principal)
  const answer = await app.inject({ url: '/v1/show', headers: { authorization: 'Bearer key' } })
  t.equal(answer.statusCode, 200, answer.body)
})

t.test('an IPv6 network counts as one address', async t => {
  t.equal(networkOf('2001:db8:1:2:aaaa::1'), networkOf('2001:db8:1:2:bbbb:1:2:3'))
  t.not(networkOf('2001:db8:1:2::1'), networkOf('2001:db8:1:3::1'))
  t.equal(networkOf('::ffff:192.0.2.1'), '::ffff:192.0.2.1')
  t.equal(networkOf('192.0.2.1'), '192.0.2.1')
})

t.test('every answer carries the security headers, refusals too', async t => {
  const hub = await build(t)
  for (const answer of [await hub.as('bank-1').get('/v1/me'), await hub.app.inject({ url: '/nothing' }), await hub.app.inject({ url: '/health/live' })]) {
    t.match(answer.headers, {
      'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'content-security-policy': "default-src 'none'; frame-ancestors 'none'"
    })
    t.notOk('strict-transport-security' in answer.headers, 'the sandbox speaks http')
  }
  const docs = await hub.app.inject({ url: '/docs/' })
  t.equal(docs.statusCode, 200)
  t.match(docs.headers['content-security-policy'], /script-src/, 'the reference page may run its own scripts')
})
