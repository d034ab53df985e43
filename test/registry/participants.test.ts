import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { frozenClock } from '../../src/clock.ts'
import { createCipher, newKeyring, parseKeyring } from '../../src/db/cipher.ts'
import { migrate, readMigrations } from '../../src/db/migrate.ts'
import { openDb } from '../../src/db/open.ts'
import { generateSm2KeyPair } from '../../src/http/sm.ts'
import { bootstrap } from '../../src/registry/participants/bootstrap.ts'
import { signerFinder } from '../../src/registry/participants/signing-keys.ts'
import { build, newKey, start_of_test, temporaryDatabase, type Built, type Caller } from '../helper.ts'

const bank = {
  participant_no: 'bank-4', role: 'BANK', name: '嘉陵示范银行（虚构）', uscc: '91500000MAXX0004XL', is_cooperating: true,
  users: [{ user_no: 'bank-4-user-1', name: '甲', duties: ['PREPARE', 'APPROVE'] }]
}
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
const change = (caller: Caller, no: string, version: number, body: unknown) => caller.send('PATCH', `/v1/participants/${no}`, body, { 'if-match': `"${version}"` })

/** Time for the resolver to forget: it remembers for less than a second. */
const aSecond = () => new Promise(resolve => { setTimeout(resolve, 950) })

async function tokenOf (hub: Built, client_id: string, client_secret: string): Promise<string | undefined> {
  const answer = await hub.app.inject({
    method: 'POST', url: '/oauth/token', payload: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' }
  })
  return answer.json().access_token
}
/** Who a request signature by that key would speak for; asked anew each time. */
const signer = async (hub: Built, key_no: string) => signerFinder(hub.db)(key_no, hub.clock.now())
const me = async (hub: Built, bearer: string) => hub.app.inject({ url: '/v1/me', headers: { authorization: `Bearer ${bearer}` } })

t.test('a participant is entered by one person and active through another', async t => {
  const hub = await build(t)
  const first = hub.as('platform-operator', 1)
  t.equal((await hub.as('platform-operator').post('/v1/participants', bank)).json().code, 'person_required')
  t.equal((await hub.as('bank-1', 1).post('/v1/participants', bank)).json().code, 'role_not_allowed')
  const key = newKey()
  const entered = await first.post('/v1/participants', bank, { 'idempotency-key': key })
  t.equal(entered.statusCode, 201)
  t.match(entered.json(), { status: 'PENDING_SECOND_PERSON', created_by: 'platform-operator-user-1', confirmed_by: null, users: [{ user_no: 'bank-4-user-1', status: 'ACTIVE' }], version: 1 })
  t.equal((await first.post('/v1/participants', bank, { 'idempotency-key': key })).headers['idempotency-replayed'], 'true')
  t.equal((await first.post('/v1/participants', bank)).json().code, 'own_work')
  t.equal((await hub.as('meic', 1).post('/v1/participants', { ...bank, name: 'Another' })).json().code, 'duplicate_key')

  const made = await first.post('/v1/participants/bank-4/clients', {})
  const { client_id, client_secret } = made.json() as { client_id: string, client_secret: string }
  t.equal(await tokenOf(hub, client_id, client_secret), undefined, 'nobody calls for it yet')

  const confirmed = await hub.as('meic', 1).post('/v1/participants', bank)
  t.equal(confirmed.statusCode, 200)
  t.match(confirmed.json(), { status: 'ACTIVE', confirmed_by: 'meic-user-1', version: 2 })
  const token = await tokenOf(hub, client_id, client_secret)
  t.match((await me(hub, token ?? '')).json(), { participant_no: 'bank-4', role: 'BANK', client_id, user_no: null })
  t.equal((await first.post('/v1/participants', bank)).statusCode, 200, 'later the stored object')
  await hub.loops.settle()
  const types = (await hub.as('meic').get('/v1/events')).json().items.map((each: { type: string }) => each.type)
  t.same(types.filter((type: string) => type.startsWith('participant.')), ['participant.proposed', 'participant.activated'])
})

t.test('a participant that cannot be is refused', async t => {
  const hub = await build(t)
  const first = hub.as('platform-operator', 1)
  t.match((await first.post('/v1/participants', { ...bank, uscc: '91500000MAXX0004X1' })).json(), { status: 422, code: 'uscc_check_digit', errors: [{ pointer: '/uscc' }] })
  t.match((await first.post('/v1/participants', { ...bank, uscc: hub.as('bank-1').uscc })).json(), { status: 409, code: 'duplicate_key', errors: [{ pointer: '/uscc' }] })
  t.match((await first.post('/v1/participants', { ...bank, users: [{ user_no: 'bank-1-user-1', name: '甲', duties: ['PREPARE'] }] })).json(), { status: 409, errors: [{ pointer: '/users/0/user_no' }] })
  t.equal((await first.post('/v1/participants', { ...bank, participant_no: 'bank-1' })).json().code, 'duplicate_key')
  t.equal((await first.get('/v1/participants/bank-4')).statusCode, 404, 'nothing of it was kept')
})

t.test('a suspension counts at once, its end needs a second person', async t => {
  const hub = await build(t)
  const [first, second] = [hub.as('platform-operator', 1), hub.as('meic', 1)]
  t.equal((await me(hub, hub.sandbox.participants[2]?.api_key ?? '')).statusCode, 200)
  t.equal((await first.send('PATCH', '/v1/participants/bank-1', { status: 'SUSPENDED' })).statusCode, 428)
  t.match((await change(first, 'bank-1', 1, { status: 'SUSPENDED' })).json(), { status: 'SUSPENDED', version: 2 })
  await aSecond()
  t.equal((await hub.as('bank-1').get('/v1/me')).statusCode, 401)
  t.equal((await hub.as('bank-1', 1).get('/v1/me')).statusCode, 401)
  const asked = await change(first, 'bank-1', 2, { status: 'ACTIVE' })
  t.match(asked.json(), { status: 'SUSPENDED', proposed: { changes: { status: 'ACTIVE' }, proposed_by: 'platform-operator-user-1' }, version: 3 })
  t.equal((await change(first, 'bank-1', 3, { status: 'ACTIVE' })).json().code, 'own_work')
  t.equal((await change(second, 'bank-1', 2, { status: 'ACTIVE' })).statusCode, 412)
  t.match((await change(second, 'bank-1', 3, { status: 'ACTIVE' })).json(), { status: 'ACTIVE', proposed: null, version: 4 })
  await aSecond()
  t.equal((await hub.as('bank-1').get('/v1/me')).statusCode, 200)
})

t.test('a person added by one operator calls nobody until another has agreed', async t => {
  const hub = await build(t)
  const [first, second] = [hub.as('platform-operator', 1), hub.as('platform-operator', 2)]
  const users = [{ user_no: 'meic-user-9', name: '丙', duties: ['APPROVE'], status: 'ACTIVE' }]
  t.match((await change(first, 'meic', 1, { users, name: '示范市经济信息委' })).json(), { name: '示范市经济信息委（虚构）', proposed: { changes: { users } } })
  t.equal((await first.post('/v1/participants/meic/clients', { user_no: 'meic-user-9' })).json().code, 'participant_unknown')
  const done = await change(second, 'meic', 2, { users, name: '示范市经济信息委' })
  t.match(done.json(), { name: '示范市经济信息委', proposed: null })
  t.ok(done.json().users.some((user: { user_no: string }) => user.user_no === 'meic-user-9'))
  const { client_id, client_secret } = (await first.post('/v1/participants/meic/clients', { user_no: 'meic-user-9' })).json() as { client_id: string, client_secret: string }
  const token = await tokenOf(hub, client_id, client_secret) ?? ''
  t.match((await me(hub, token)).json(), { participant_no: 'meic', user_no: 'meic-user-9', duties: ['APPROVE'] })
  t.match((await change(first, 'meic', 3, { users: [{ ...users[0], status: 'SUSPENDED' }] })).json().users.find((user: { user_no: string }) => user.user_no === 'meic-user-9'), { status: 'SUSPENDED' })
  await aSecond()
  t.equal((await me(hub, token)).statusCode, 401, 'its token ends with it')
  t.equal((await hub.as('meic', 1).get('/v1/me')).statusCode, 200, 'the others go on')
})

t.test('everybody sees itself, MEIC and the operator see all', async t => {
  const hub = await build(t)
  const names = async (who: string, query = '') => (await hub.as(who).get(`/v1/participants${query}`)).json().items.map((each: { participant_no: string }) => each.participant_no)
  t.same(await names('bank-1'), ['bank-1'])
  t.same(await names('bank-1', '?role=PARK'), [])
  t.equal((await names('meic')).length, 20)
  t.same(await names('platform-operator', '?role=BANK'), ['bank-1', 'bank-2', 'bank-3'])
  t.same(await names('meic', '?limit=2'), ['auditor-1', 'auditor-2'])
  const foreign = await hub.as('bank-1').get('/v1/participants/bank-2')
  const missing = await hub.as('bank-1').get('/v1/participants/bank-9')
  t.equal(foreign.statusCode, 404)
  t.same({ ...foreign.json(), trace_id: '' }, { ...missing.json(), trace_id: '' })
  t.equal((await hub.as('bank-1').get('/v1/participants/bank-2/keys')).statusCode, 404)
  t.match((await hub.as('bank-1').get('/v1/participants/bank-1')).json(), { users: [{ user_no: 'bank-1-user-1' }] })
})

t.test('a key is registered by one person and counts through another', async t => {
  const hub = await build(t)
  const [first, second] = [hub.as('platform-operator', 1), hub.as('meic', 1)]
  const { publicKey } = generateKeyPairSync('ed25519')
  const body = { algorithm: 'ED25519', public_key_pem: pem(publicKey) }
  const path = '/v1/participants/bank-1/keys'
  const registered = await first.post(path, body)
  t.equal(registered.statusCode, 201)
  t.match(registered.json(), { status: 'PENDING_SECOND_PERSON', valid_from: '2026-03-18', valid_to: '2028-03-18' })
  const { key_no } = registered.json() as { key_no: string }
  t.equal(await signer(hub, key_no), null)
  t.equal((await first.post(path, body)).json().code, 'own_work')
  t.equal((await second.post('/v1/participants/bank-2/keys', body)).json().code, 'duplicate_key', 'one key, one owner')
  t.equal((await second.post(path, { ...body, valid_to: '2040-01-01' })).json().code, 'duplicate_key', 'other content')
  t.match((await second.post(path, body)).json(), { key_no, status: 'ACTIVE', confirmed_by: 'meic-user-1' })
  t.match(await signer(hub, key_no), { key: { algorithm: 'ed25519' }, principal: { participant_no: 'bank-1', user_no: null } })
  t.equal((await hub.as('bank-1', 1).post(`${path}/${key_no}/retire`, { reason: 'x' })).json().code, 'role_not_allowed')
  t.match((await first.post(`${path}/${key_no}/retire`, { reason: 'replaced' })).json(), { status: 'RETIRED', retired_by: 'platform-operator-user-1' })
  t.equal((await first.post(`${path}/${key_no}/retire`, { reason: 'replaced' })).json().code, 'state_conflict')
  t.equal(await signer(hub, key_no), null)
  t.same((await hub.as('bank-1').get(path)).json().items.map((each: { key_no: string, status: string }) => [each.key_no, each.status]), [[key_no, 'RETIRED']])
})

t.test('keys of every algorithm are taken, unfit ones are refused', async t => {
  const hub = await build(t)
  const first = hub.as('platform-operator', 1)
  const send = async (body: object) => first.post('/v1/participants/bank-1/keys', body)
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const sm2 = generateSm2KeyPair()
  t.equal((await send({ algorithm: 'ECDSA_P256', public_key_jwk: p256.publicKey.export({ format: 'jwk' }) })).statusCode, 201)
  t.equal((await send({ algorithm: 'ECDSA_P256', public_key_pem: pem(p256.publicKey) })).json().code, 'own_work', 'the same key in another form')
  t.equal((await send({ algorithm: 'RSA_PSS', public_key_pem: pem(rsa.publicKey) })).statusCode, 201)
  t.equal((await send({ algorithm: 'SM2', public_key_pem: pem(sm2.key) })).statusCode, 201)
  t.equal((await send({ algorithm: 'ED25519', public_key_pem: pem(generateKeyPairSync('x25519').publicKey) })).json().code, 'key_unfit')
  t.equal((await send({ algorithm: 'ED25519', public_key_pem: pem(p256.publicKey) })).json().code, 'key_unfit')
  t.equal((await send({ algorithm: 'RSA_PSS', public_key_pem: pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey) })).json().code, 'key_unfit')
  t.equal((await send({ algorithm: 'ECDSA_P256', public_key_pem: p256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() })).json().code, 'key_unfit', 'a private key')
  t.equal((await send({ algorithm: 'ECDSA_P256', public_key_jwk: p256.privateKey.export({ format: 'jwk' }) })).statusCode, 400, 'a private key as JWK')
  t.equal((await send({ algorithm: 'SM2' })).statusCode, 400)
  const fresh = pem(generateKeyPairSync('ed25519').publicKey)
  t.equal((await send({ algorithm: 'ED25519', public_key_pem: fresh, valid_from: '2026-03-18', valid_to: '2026-03-18' })).json().code, 'period_reversed')
  t.equal((await send({ algorithm: 'ED25519', public_key_pem: fresh, user_no: 'bank-2-user-1' })).json().code, 'participant_unknown')
})

t.test('a production hub begins with persons entered on the machine, once', async t => {
  const { target } = await temporaryDatabase(t)
  await migrate(target, readMigrations(join(import.meta.dirname, '../../migrations')))
  const db = openDb(target, frozenClock(start_of_test))
  db.useCipher(createCipher(parseKeyring(newKeyring('any'))))
  t.teardown(() => db.close())
  const user = (user_no: string) => ({ user_no, name: '甲', duties: ['APPROVE' as const], algorithm: 'ED25519' as const, public_key_pem: pem(generateKeyPairSync('ed25519').publicKey) })
  const first = { participant_no: 'operator', role: 'PLATFORM_OPERATOR' as const, name: '运营方（虚构）', uscc: '91500000MAYY00181G', users: [user('operator-1'), user('operator-2')] }
  await t.rejects(bootstrap(db, [{ ...first, users: [user('operator-1')] }]), /two|2 persons/, 'one person alone could decide nothing')
  await t.rejects(bootstrap(db, [{ ...first, uscc: '91500000MAYY00181X', users: [{ ...user('operator-1'), public_key_pem: 'none' }, user('operator-2')] }]), /uscc.*public_key_pem/, 'every mistake is told')
  const clients = await bootstrap(db, [first])
  t.same(clients.map(({ participant_no, user_no }) => `${participant_no} ${user_no}`), ['operator operator-1', 'operator operator-2'])
  const found = await signerFinder(db)(clients[1]?.key_no ?? '', start_of_test)
  t.match(found?.principal, { participant_no: 'operator', role: 'PLATFORM_OPERATOR', user_no: 'operator-2', duties: ['APPROVE'] })
  await t.rejects(bootstrap(db, [first]), /already/)
})
