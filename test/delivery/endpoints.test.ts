import { verify as verifySignature } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import t from 'tap'
import { addEndpoint, alterEndpoint, ownEndpoint } from '../../src/delivery/service.ts'
import { networksOf } from '../../src/delivery/addresses.ts'
import { createDialler, machine_net } from '../../src/delivery/dialler.ts'
import { keyringFromFile } from '../../src/db/cipher.ts'
import { noteHealth } from '../../src/delivery/store.ts'
import { admit } from '../../src/http/access.ts'
import { hubCipher } from '../../src/http/sm.ts'
import { build, newKey, type Built } from '../helper.ts'
import { receiver, until, type Got } from './receivers.ts'

t.setTimeout(120_000)

async function endpointOf (hub: Built, participant_no: string, body: Record<string, unknown>) {
  const answer = await hub.as(participant_no).post('/v1/webhook-endpoints', body)
  if (answer.statusCode !== 201) throw new Error(answer.body)
  return answer.json() as { endpoint_no: string, secret: string, public_key: string, verified: boolean, version: number }
}

async function test (hub: Built, participant_no: string, endpoint_no: string): Promise<void> {
  const answer = await hub.as(participant_no).post(`/v1/webhook-endpoints/${endpoint_no}/test`, undefined)
  if (answer.statusCode !== 202) throw new Error(answer.body)
  await hub.loops.settle()
}

const spki_head = Buffer.from('302a300506032b6570032100', 'hex')

function verifiesByPublicKey ({ headers, body }: Got, public_key: string): boolean {
  const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
  const key = { key: Buffer.concat([spki_head, Buffer.from(public_key.slice('whpk_'.length), 'base64')]), format: 'der', type: 'spki' } as const
  return String(headers['webhook-signature']).split(' ').filter(each => each.startsWith('v1a,'))
    .some(each => verifySignature(null, content, key, Buffer.from(each.slice('v1a,'.length), 'base64')))
}

/** Verifies by two libraries of others; they look at the real time, so the hub's clock is set to it. */
function verifies ({ headers, body }: Got, secret: string): boolean {
  const flat = headers as Record<string, string>
  try {
    new StandardWebhook(secret).verify(body, flat)
    new SvixWebhook(secret).verify(body, flat)
    return true
  } catch {
    return false
  }
}

t.test('a new address answers a signed challenge, then gets thin signed messages that others’ libraries verify', async t => {
  const hub = await build(t, { now: new Date().toISOString() })
  const hook = await receiver(t)
  const endpoint = await endpointOf(hub, 'bank-1', { url: hook.url })
  t.equal(endpoint.verified, false)
  await test(hub, 'bank-1', endpoint.endpoint_no)
  await until(t, 'the test message', () => hook.messages().length === 1)
  t.equal(hook.got[0]?.message.type, 'webhook_endpoint.challenge')
  const [message] = hook.messages() as [Got]
  t.same(Object.keys(message.message), ['type', 'timestamp', 'data'])
  t.match(message.message, { type: 'webhook_endpoint.tested', data: { subject: endpoint.endpoint_no } })
  t.equal(message.headers['webhook-id'], message.message.data.event_no)
  for (const got of hook.got) {
    t.ok(verifies(got, endpoint.secret), `v1 of ${got.message.type}`)
    t.ok(verifiesByPublicKey(got, endpoint.public_key), `v1a of ${got.message.type}`)
  }
  t.notOk(verifies({ ...message, body: `${message.body} ` }, endpoint.secret), 'a changed body is noticed')
  await until(t, 'recorded', async () => (await hub.as('bank-1').get(`/v1/webhook-endpoints/${endpoint.endpoint_no}/attempts`)).json().items.length === 1)
  const shown = (await hub.as('bank-1').get(`/v1/webhook-endpoints/${endpoint.endpoint_no}`)).json()
  t.match(shown, { verified: true, pending: 0, dead: 0, consecutive_failures: 0 })
  t.notOk('secret' in shown)
})

t.test('while a secret is rotated both sign; a day later only the new one does', async t => {
  const hub = await build(t, { now: new Date().toISOString() })
  const hook = await receiver(t)
  const endpoint = await endpointOf(hub, 'bank-1', { url: hook.url })
  const rotated = (await hub.as('bank-1').post(`/v1/webhook-endpoints/${endpoint.endpoint_no}/rotate-secret`, undefined)).json()
  t.not(rotated.secret, endpoint.secret)
  await test(hub, 'bank-1', endpoint.endpoint_no)
  await until(t, 'the message', () => hook.messages().length === 1)
  const [message] = hook.messages() as [Got]
  t.ok(verifies(message, endpoint.secret))
  t.ok(verifies(message, rotated.secret))
  t.equal(String(message.headers['webhook-signature']).split(' ').length, 4)
  hub.clock.advance(24 * 3_600_000)
  await until(t, 'idle', async () => (await hub.as('bank-1').get(`/v1/webhook-endpoints/${endpoint.endpoint_no}`)).json().pending === 0)
  await test(hub, 'bank-1', endpoint.endpoint_no)
  await until(t, 'the second message', () => hook.messages().length === 2)
  t.equal(String(hook.messages()[1]?.headers['webhook-signature']).split(' ').length, 2)
})

t.test('the secret is shown once and never kept in plain: not in the database’s kept answers, not in the log', async t => {
  const hub = await build(t)
  const hook = await receiver(t)
  const key = newKey()
  const post = () => hub.as('bank-1').post('/v1/webhook-endpoints', { url: hook.url }, { 'idempotency-key': key })
  const first = (await post()).json()
  const again = await post()
  t.equal(again.headers['idempotency-replayed'], 'true')
  t.same(again.json(), first, 'the same request gets the same answer')
  const list = await hub.as('bank-1').get('/v1/webhook-endpoints')
  t.notOk(list.body.includes(first.secret))
  t.notOk(hub.logged.some(line => line.includes(first.secret)))
  const kept = await hub.db.read.select({ body: sql<string>`body` }).from(sql`idempotent_answers`)
  t.ok(kept.length > 0)
  t.notOk(kept.some(({ body }) => body.includes(first.secret)))
})

t.test('an endpoint belongs to its owner: for others it is missing, with every verb', async t => {
  const hub = await build(t)
  const hook = await receiver(t)
  const { endpoint_no } = await endpointOf(hub, 'bank-1', { url: hook.url })
  const path = `/v1/webhook-endpoints/${endpoint_no}`
  const other = hub.as('bank-2')
  t.same((await other.get('/v1/webhook-endpoints')).json().items, [])
  const answers = [await other.get(path), await other.send('PATCH', path, { status: 'PAUSED' }, { 'if-match': '"1"' }), await other.send('DELETE', path, undefined, { 'if-match': '"1"' }),
    await other.post(`${path}/rotate-secret`, undefined), await other.post(`${path}/test`, undefined), await other.get(`${path}/attempts`),
    await other.post(`${path}/replay`, { from: '2026-03-18T00:00:00Z' })]
  for (const answer of answers) t.equal(answer.statusCode, 404)
})

t.test('changing needs the version; pausing holds messages back and resuming sends them', async t => {
  const hub = await build(t)
  const hook = await receiver(t)
  const { endpoint_no } = await endpointOf(hub, 'bank-1', { url: hook.url })
  await hub.loops.settle()
  await until(t, 'verified', async () => (await hub.as('bank-1').get(`/v1/webhook-endpoints/${endpoint_no}`)).json().verified)
  const path = `/v1/webhook-endpoints/${endpoint_no}`
  t.equal((await hub.as('bank-1').send('PATCH', path, { status: 'PAUSED' })).statusCode, 428)
  t.equal((await hub.as('bank-1').send('PATCH', path, { status: 'PAUSED' }, { 'if-match': '"9"' })).statusCode, 412)
  const etag = String((await hub.as('bank-1').get(path)).headers.etag)
  const paused = await hub.as('bank-1').send('PATCH', path, { status: 'PAUSED' }, { 'if-match': etag })
  t.equal(paused.json().status, 'PAUSED')
  await test(hub, 'bank-1', endpoint_no)
  t.equal(hook.messages().length, 0)
  t.equal((await hub.as('bank-1').send('PATCH', path, { status: 'ACTIVE' }, { 'if-match': String(paused.headers.etag) })).statusCode, 200)
  await hub.loops.settle()
  await until(t, 'what was held back', () => hook.messages().length === 1)
  const removed = await hub.as('bank-1').send('DELETE', path, undefined, { 'if-match': '*' })
  t.equal(removed.statusCode, 204, removed.body)
  t.equal((await hub.as('bank-1').get(path)).statusCode, 404)
})

t.test('nothing is sent to a participant that is suspended; what came meanwhile follows when it is back', async t => {
  const hub = await build(t)
  const hook = await receiver(t)
  const { endpoint_no } = await endpointOf(hub, 'bank-1', { url: hook.url })
  await hub.loops.settle()
  await until(t, 'verified', async () => (await hub.as('bank-1').get(`/v1/webhook-endpoints/${endpoint_no}`)).json().verified)
  await hub.loops.settle()
  const before = hook.messages().length
  const move = async (user: number, status: string) => {
    const etag = String((await hub.as('platform-operator', user).get('/v1/participants/bank-1')).headers.etag)
    t.equal((await hub.as('platform-operator', user).send('PATCH', '/v1/participants/bank-1', { status }, { 'if-match': etag })).statusCode, 200)
  }
  const { version } = (await hub.as('meic').get('/v1/consortia/consortium-1')).json()
  await move(1, 'SUSPENDED')
  t.equal((await hub.as('meic', 1).send('PATCH', '/v1/consortia/consortium-1', { agreement_date: '2026-03-01' }, { 'if-match': `"${version}"` })).json().code, 'participant_unknown')
  t.equal((await hub.as('meic', 1).post('/v1/consortia/consortium-1/terminate', { reason: 'ended' })).statusCode, 200)
  hub.clock.advance(60_000)
  await hub.loops.settle()
  await setTimeout(200)
  t.equal(hook.messages().length, before)
  for (const user of [1, 2]) await move(user, 'ACTIVE')
  await hub.loops.settle()
  await until(t, 'what came meanwhile', () => hook.messages().some(({ body }) => body.includes('consortium.terminated')))
})

t.test('only the chosen events are sent, and only those of the owner', async t => {
  const hub = await build(t)
  await hub.loops.settle()
  const all = await receiver(t)
  const some = await receiver(t)
  const meic = await endpointOf(hub, 'meic', { url: all.url })
  await endpointOf(hub, 'meic', { url: some.url, event_types: ['lead.*'] })
  t.equal((await hub.as('meic').post('/v1/webhook-endpoints', { url: some.url, event_types: ['nothing.known'] })).json().code, 'rule_broken')
  const loaded = await hub.as('platform-operator', 1).post('/v1/calendars', { year: 2027, version: '2027.1', source: 'https://calendar.example', off_days: ['2027-01-01'], make_up_work_days: [] })
  t.equal(loaded.statusCode, 201)
  await test(hub, 'meic', meic.endpoint_no)
  await until(t, 'both messages', () => all.messages().length === 2)
  t.same(all.messages().map(({ message }) => message.type).sort(), ['calendar.loaded', 'webhook_endpoint.tested'])
  t.same(some.messages(), [])
})

t.test('where two persons are asked, nothing is called before the second has sent the same address; a new address begins anew', async t => {
  const hub = await build(t)
  const hook = await receiver(t)
  const cipher = hubCipher(hub.config, keyringFromFile(`${hub.config.data_dir}/keys/kek.json`))
  const person = (user_no: string | null) => admit({ participant_no: 'bank-1', role: 'BANK', name: '', uscc: '', user_no, duties: [], client_id: 'client-bank-1' })
  const sent = { url: hook.url, event_types: ['webhook_endpoint.tested'] }
  const add = async (user_no: string | null, body = sent) => hub.db.write((sql, now) => addEndpoint(sql, now, person(user_no), cipher, body, { two_persons: true }))
  const kept = async () => ownEndpoint(hub.db.read, person(null), endpoint_no)
  const { endpoint: { endpoint_no }, secret_no } = await add('one')
  t.type(secret_no, 'string')
  await test(hub, 'bank-1', endpoint_no)
  t.equal(hook.got.length, 0, 'not even the challenge')
  t.match((await hub.as('bank-1').get(`/v1/webhook-endpoints/${endpoint_no}`)).json(), { confirmed: false, verified: false })
  await t.rejects(add('one'), { code: 'own_work' })
  t.equal((await add(null)).endpoint.confirmed_by, null, 'a machine agrees to nothing')
  t.not((await add('two', { ...sent, url: `${hook.url}/other` })).endpoint.endpoint_no, endpoint_no, 'another address is another endpoint')
  await t.rejects(hub.db.write(sql => noteHealth(sql, endpoint_no, { verified_at: '2026-03-18T02:00:00.000Z' })), 'not even by the sender')
  t.same([(await add('two')).secret_no, (await kept()).confirmed_by], [null, 'two'], 'the secret is shown once')
  await until(t, 'the challenge, then what waited', async () => {
    await hub.loops.settle()
    return hook.got.length >= 2
  })
  t.same([(await kept()).verified_at !== null, hook.got.map(({ message }) => message.type)], [true, ['webhook_endpoint.challenge', 'webhook_endpoint.tested']], 'the challenge, then what waited')

  const before = hook.got.length
  const dialler = createDialler(machine_net, async () => ({ sandbox: true, opened: networksOf([]) }))
  await alterEndpoint(hub.db, dialler, person('two'), endpoint_no, String((await kept()).version), { url: `${hook.url}/moved` }, { two_persons: true })
  await test(hub, 'bank-1', endpoint_no)
  t.equal(hook.got.length, before, 'a new address waits again')
  await t.rejects(add('two', { ...sent, url: `${hook.url}/moved` }), { code: 'own_work' })
  await add('one', { ...sent, url: `${hook.url}/moved` })
  await until(t, 'called once the other person has agreed', async () => {
    await hub.loops.settle()
    return hook.got.length > before
  })
})
