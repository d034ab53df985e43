import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import t from 'tap'
import { build, newKey, type Built } from '../helper.ts'

const assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const public_url = 'https://hub.example'

async function ask (hub: Built, form: Record<string, string> | string, headers: Record<string, string> = {}) {
  return hub.app.inject({
    method: 'POST', url: '/oauth/token', payload: typeof form === 'string' ? form : new URLSearchParams(form).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }
  })
}
const me = async (hub: Built, bearer: string) => hub.app.inject({ url: '/v1/me', headers: { authorization: `Bearer ${bearer}` } })
const basic = (id: string, secret: string) => ({ authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}` })
const aSecond = () => new Promise(resolve => { setTimeout(resolve, 950) })

function ofBank1 (hub: Built) {
  const found = hub.sandbox.participants.find(each => each.participant_no === 'bank-1')
  if (found === undefined) throw new Error('no bank-1')
  return found
}

/** A confirmed key of bank-1 with the client it proves. */
async function aKey (hub: Built, user_no?: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const body = { algorithm: 'ED25519', public_key_pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(), ...(user_no === undefined ? {} : { user_no }) }
  const { key_no } = (await hub.as('platform-operator', 1).post('/v1/participants/bank-1/keys', body)).json() as { key_no: string }
  await hub.as('meic', 1).post('/v1/participants/bank-1/keys', body)
  return { key_no, privateKey, client_id: user_no ?? 'client-bank-1' }
}

async function assertion (hub: Built, key: { key_no: string, privateKey: KeyObject, client_id: string }, changes: { aud?: string, jti?: string, ttl_s?: number } = {}): Promise<string> {
  const seconds = Math.floor(Date.parse(hub.clock.now()) / 1000)
  return new SignJWT({}).setProtectedHeader({ alg: 'EdDSA', kid: key.key_no }).setIssuer(key.client_id).setSubject(key.client_id).setAudience(changes.aud ?? `${public_url}/oauth/token`)
    .setJti(changes.jti ?? newKey()).setIssuedAt(seconds).setExpirationTime(seconds + (changes.ttl_s ?? 60)).sign(key.privateKey)
}
const byAssertion = (client_assertion: string) => ({ grant_type: 'client_credentials', client_assertion_type: assertion_type, client_assertion })

t.test('a secret of the sandbox gives a token of the machine, a person’s key one of the person', async t => {
  const hub = await build(t)
  const { client_id, client_secret, users } = ofBank1(hub)
  const posted = await ask(hub, { grant_type: 'client_credentials', client_id, client_secret })
  t.equal(posted.statusCode, 200)
  t.match(posted.headers, { 'cache-control': 'no-store', pragma: 'no-cache' })
  t.match(posted.json(), { token_type: 'Bearer', expires_in: 600 })
  t.match((await me(hub, posted.json().access_token)).json(), { participant_no: 'bank-1', user_no: null, client_id })
  const by_header = await ask(hub, { grant_type: 'client_credentials' }, basic(client_id, client_secret))
  t.equal((await me(hub, by_header.json().access_token)).statusCode, 200)
  const [user] = users
  const personal = await ask(hub, { grant_type: 'client_credentials', client_id: user?.user_no ?? '', client_secret: user?.api_key ?? '' })
  t.match((await me(hub, personal.json().access_token)).json(), { participant_no: 'bank-1', user_no: 'bank-1-user-1', duties: ['PREPARE', 'APPROVE'] })
})

t.test('refusals are those of RFC 6749', async t => {
  const hub = await build(t)
  const { client_id, client_secret, api_key, users } = ofBank1(hub)
  const grant = { grant_type: 'client_credentials', client_id, client_secret }
  const cases: [string, Record<string, string> | string, number, string, Record<string, string>?][] = [
    ['a wrong secret', { ...grant, client_secret: 'wrong' }, 401, 'invalid_client'],
    ['a secret of another client', { ...grant, client_id: 'client-bank-2' }, 401, 'invalid_client'],
    ['the machine’s api_key as a secret', { ...grant, client_secret: api_key }, 401, 'invalid_client'],
    ['a person’s key for the machine', { ...grant, client_secret: users[0]?.api_key ?? '' }, 401, 'invalid_client'],
    ['no secret', { grant_type: 'client_credentials', client_id }, 401, 'invalid_client'],
    ['a wrong header', { grant_type: 'client_credentials' }, 401, 'invalid_client', basic(client_id, 'wrong')],
    ['a broken header', { grant_type: 'client_credentials' }, 401, 'invalid_client', { authorization: 'Basic ???' }],
    ['another grant', { ...grant, grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['no grant', { client_id, client_secret }, 400, 'invalid_request'],
    ['a parameter twice', `${new URLSearchParams(grant).toString()}&client_id=x`, 400, 'invalid_request'],
    ['two ways at once', grant, 400, 'invalid_request', basic(client_id, client_secret)],
    ['an assertion without its type', { grant_type: 'client_credentials', client_assertion: 'a.b.c' }, 400, 'invalid_request'],
    ['an assertion that is none', byAssertion('a.b.c'), 401, 'invalid_client'],
    ['nothing', '', 400, 'invalid_request']
  ]
  for (const [name, form, status, error, headers] of cases) {
    const answer = await ask(hub, form, headers)
    t.equal(answer.statusCode, status, name)
    t.same(Object.keys(answer.json()).sort(), ['error', 'error_description'], name)
    t.equal(answer.json().error, error, name)
    t.equal(answer.headers['cache-control'], 'no-store')
    if (status === 401) t.ok(answer.headers['www-authenticate'], name)
  }
  t.equal((await hub.app.inject({ method: 'POST', url: '/oauth/token', payload: grant })).statusCode, 415, 'JSON is no form')
  t.equal((await hub.app.inject({
    method: 'POST', url: '/v1/subsidy-quotes', payload: 'kind=LEASE', headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Bearer ${api_key}` }
  })).statusCode, 415, 'a form is taken nowhere else')
})

t.test('a token ends after ten minutes, with its participant and with its key', async t => {
  const hub = await build(t, { config: { public_url } })
  const key = await aKey(hub)
  const token = (await ask(hub, byAssertion(await assertion(hub, key)))).json().access_token as string
  t.match((await me(hub, token)).json(), { participant_no: 'bank-1', user_no: null })
  hub.clock.advance(599_000)
  t.equal((await me(hub, token)).statusCode, 200)
  hub.clock.advance(1000)
  t.equal((await me(hub, token)).statusCode, 401, 'at once')

  const next = (await ask(hub, byAssertion(await assertion(hub, key)))).json().access_token as string
  t.equal((await me(hub, next)).statusCode, 200)
  await hub.as('meic', 1).post(`/v1/participants/bank-1/keys/${key.key_no}/retire`, { reason: 'lost' })
  t.equal((await ask(hub, byAssertion(await assertion(hub, key)))).statusCode, 401, 'no new token')
  await aSecond()
  t.equal((await me(hub, next)).statusCode, 401, 'and the old one ends')

  const { client_id, client_secret } = ofBank1(hub)
  const secret = (await ask(hub, { grant_type: 'client_credentials', client_id, client_secret })).json().access_token as string
  t.equal((await me(hub, secret)).statusCode, 200)
  await hub.as('meic', 1).send('PATCH', '/v1/participants/bank-1', { status: 'SUSPENDED' }, { 'if-match': '"1"' })
  await aSecond()
  t.equal((await me(hub, secret)).statusCode, 401)
})

t.test('an assertion works once, for this hub, for the owner of its key', async t => {
  const hub = await build(t, { config: { public_url } })
  const key = await aKey(hub)
  const one = await assertion(hub, key)
  t.equal((await ask(hub, byAssertion(one))).statusCode, 200)
  t.equal((await ask(hub, byAssertion(one))).statusCode, 401, 'a second time')
  const racing = await assertion(hub, key)
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(hub, byAssertion(racing))))
  t.equal(answers.filter(each => each.statusCode === 200).length, 1, 'five at once')
  t.equal((await ask(hub, byAssertion(await assertion(hub, key, { aud: 'https://other.example' })))).statusCode, 401, 'for another hub')
  t.equal((await ask(hub, byAssertion(await assertion(hub, key, { ttl_s: 3600 })))).statusCode, 401, 'for too long')
  t.equal((await ask(hub, byAssertion(await assertion(hub, { ...key, client_id: 'client-bank-2' })))).statusCode, 401, 'for another participant')
  t.equal((await ask(hub, byAssertion(await assertion(hub, { ...key, client_id: 'bank-1-user-1' })))).statusCode, 401, 'a machine’s key for a person')
  t.equal((await ask(hub, { ...byAssertion(await assertion(hub, key)), client_id: 'client-bank-2' })).statusCode, 401, 'another client_id beside it')
  const other = generateKeyPairSync('ed25519').privateKey
  t.equal((await ask(hub, byAssertion(await assertion(hub, { ...key, privateKey: other })))).statusCode, 401, 'by another key')
  const person = await aKey(hub, 'bank-1-user-1')
  const token = (await ask(hub, byAssertion(await assertion(hub, person)))).json().access_token as string
  t.match((await me(hub, token)).json(), { participant_no: 'bank-1', user_no: 'bank-1-user-1' })
})

t.test('in production only registered keys count', async t => {
  const sandbox = await build(t, { config: { public_url } })
  const key = await aKey(sandbox)
  const { buildApp } = await import('../../src/app.ts')
  const { pino } = await import('pino')
  const production = await buildApp({ config: { ...sandbox.config, hub_mode: 'production', kek_file: `${sandbox.config.data_dir}/keys/kek.json` }, db: sandbox.db, log: pino({ level: 'silent' }) })
  await production.app.ready()
  t.teardown(() => production.app.close())
  const hub = { ...sandbox, ...production }
  const { client_id, client_secret, api_key, users } = ofBank1(sandbox)
  t.equal((await me(hub, api_key)).statusCode, 401)
  t.equal((await me(hub, users[0]?.api_key ?? '')).statusCode, 401)
  t.equal((await ask(hub, { grant_type: 'client_credentials', client_id, client_secret })).statusCode, 401)
  t.equal((await ask(hub, { grant_type: 'client_credentials' }, basic(client_id, client_secret))).statusCode, 401)
  const token = (await ask(hub, byAssertion(await assertion(sandbox, key)))).json().access_token as string
  t.match((await me(hub, token)).json(), { participant_no: 'bank-1', client_id })
  t.equal((await ask(hub, byAssertion(await assertion(sandbox, key, { aud: 'http://localhost:80/oauth/token' })))).statusCode, 401, 'only the published address')
})
