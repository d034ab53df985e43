/** The machine's clock jumps ahead and back: order, promises, leases and used signatures do not depend on it. */
import t from 'tap'
import { leaseEndpoint } from '../../src/delivery/store.ts'
import { build, newKey, start_of_test, type Built } from '../helper.ts'
import { aKey, sendSigned } from '../trust/signing.ts'

const hour_ms = 3_600_000
const jumps_ms = [0, 30 * hour_ms, -40 * hour_ms, 0, -hour_ms, hour_ms]
const row = { uscc: '91500112MB00000018', amount: '5000000.00', term_months: 36, purpose: '设备购置', consent: true }

function jump (hub: Built, ms: number): void {
  hub.clock.set(start_of_test)
  hub.clock.advance(ms)
}

t.test('the journal keeps its order, the cursor passes nothing by, and checkpoints go on', async t => {
  const hub = await build(t)
  let cursor = '0'
  for (const [n, ms] of jumps_ms.entries()) {
    jump(hub, ms)
    t.equal((await hub.as('park-1').post('/v1/enterprise-lists', { rows: [{ ...row, name: `重庆虚构第${n}号制造有限公司` }] })).statusCode, 202)
    await hub.loops.settle()
    hub.clock.advance(61_000)
    await hub.loops.settle()
    const page = (await hub.as('park-1').get(`/v1/events?limit=200&after=${cursor}`)).json()
    t.ok(page.items.length > 0, 'what was written after the jump lies behind the cursor')
    cursor = page.next_cursor
    const ready = (await hub.app.inject({ url: '/health/ready' })).json()
    const { items } = (await hub.as('meic').get('/v1/audit-log?limit=200')).json()
    t.same(items.map(({ seq }: { seq: number }) => seq), items.map((_: unknown, index: number) => index + 1))
    if (ms < 0) t.equal(ready.checkpoint_size, items.length, 'a checkpoint of the future does not hold up the next')
  }
})

t.test('a repeated request gets the first answer, whatever the clock says since', async t => {
  const hub = await build(t)
  const key = newKey()
  const send = () => hub.as('park-1').post('/v1/enterprise-lists', { rows: [{ ...row, name: '重庆虚构第1号制造有限公司' }] }, { 'idempotency-key': key })
  const first = await send()
  for (const ms of jumps_ms) {
    jump(hub, ms)
    const again = await send()
    t.equal(again.body, first.body)
    t.equal(again.headers['idempotency-replayed'], 'true')
  }
})

t.test('an answer is kept for 90 days under its key; what it created holds for ever', async t => {
  const hub = await build(t)
  const key = newKey()
  const send = () => hub.as('park-1').post('/v1/enterprise-lists', { rows: [{ ...row, name: '重庆虚构第1号制造有限公司' }] }, { 'idempotency-key': key })
  const first = await send()
  hub.clock.advance(89 * 24 * hour_ms)
  await hub.loops.settle()
  t.equal((await send()).headers['idempotency-replayed'], 'true')
  hub.clock.advance(2 * 24 * hour_ms)
  await hub.loops.settle()
  const later = await send()
  t.equal(later.headers['idempotency-replayed'], undefined, 'the key is free again')
  t.equal(later.json().list_no, first.json().list_no, 'the same list is still the same list')
})

t.test('a signature that was used stays used when the clock comes back', async t => {
  const hub = await build(t)
  const key = await aKey(hub, 'bank-1')
  const order = { nonce: 'a-nonce-of-sixteen', created: Date.parse(start_of_test) / 1000 }
  t.equal((await sendSigned(hub, key, 'GET', '/v1/me', undefined, { order })).statusCode, 200)
  jump(hub, 12 * hour_ms)
  await hub.loops.settle()
  jump(hub, 0)
  const again = await sendSigned(hub, key, 'GET', '/v1/me', undefined, { order })
  t.match([again.statusCode, again.json().errors[0].code], [401, 'NONCE_USED'])
})

t.test('an access token ends when the clock says so, and a new one is given at once after every jump', async t => {
  const hub = await build(t)
  const client = hub.sandbox.participants.find(({ participant_no }) => participant_no === 'bank-1')
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: client?.client_id ?? '', client_secret: client?.client_secret ?? '' }).toString()
  for (const ms of jumps_ms) {
    jump(hub, ms)
    const answer = await hub.app.inject({ method: 'POST', url: '/oauth/token', payload: form, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    t.equal(answer.statusCode, 200)
    const headers = { authorization: `Bearer ${answer.json().access_token}` }
    t.equal((await hub.app.inject({ url: '/v1/me', headers })).statusCode, 200)
    hub.clock.advance(hour_ms)
    t.equal((await hub.app.inject({ url: '/v1/me', headers })).statusCode, 401)
  }
})

t.test('a lease on an endpoint that was given by a clock far ahead holds up nobody', async t => {
  const hub = await build(t)
  const { endpoint_no } = (await hub.as('bank-1').post('/v1/webhook-endpoints', { url: 'http://127.0.0.1:19999/hooks' })).json()
  const at = (ms: number) => new Date(Date.parse(start_of_test) + ms).toISOString()
  const lease = (holder: string, ms: number) => hub.db.write(async sql => leaseEndpoint(sql, endpoint_no, holder, at(ms), at(ms + 60_000)))
  t.ok(await lease('one', 0))
  t.notOk(await lease('two', 30_000), 'held')
  t.ok(await lease('one', 24 * hour_ms), 'renewed by a clock that is ahead')
  t.ok(await lease('two', 60_000), 'taken over when the clock is right again')
})
