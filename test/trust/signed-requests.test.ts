/** Signed requests over HTTP: who sent exactly this, once; RFC 9421, JR/T 0185-2020. */
import { readFileSync } from 'node:fs'
import { createHash, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { pino } from 'pino'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { AES_256_GCM, createCipher } from '../../src/db/cipher.ts'
import { forgetNonces, request_signatures } from '../../src/http/signed-requests.ts'
import { importVerificationKey, verifyRequest, SIGNATURE_ALGORITHMS } from '../../src/http/signature.ts'
import { loadHubKeys } from '../../src/db/keys.ts'
import { findKey } from '../../src/registry/participants/access-store.ts'
import { build, newKey, type Built } from '../helper.ts'
import { aKey, bearerOf, sendSigned, signedHeaders } from './signing.ts'

const path = '/v1/policies/TECH_RENO_LOAN/versions'
const proposal = {
  version: '2028-01-01.1', title: 'Continued', title_zh: '延续', effective_from: '2028-01-01', effective_to: '2030-12-31', parameters: { project_year_ceiling: '12000000.00' }
}
const proofs = (hub: Built) => hub.db.read.select().from(request_signatures)

t.test('a right signature passes beside a bearer and instead of one, with every algorithm', async t => {
  const hub = await build(t)
  for (const algorithm of SIGNATURE_ALGORITHMS) {
    const key = await aKey(hub, 'bank-1', algorithm)
    const beside = await sendSigned(hub, key, 'GET', '/v1/me', undefined, { authorization: bearerOf(hub, 'bank-1') })
    t.equal(beside.statusCode, 200, `${algorithm} beside a bearer`)
    const instead = await sendSigned(hub, key, 'GET', '/v1/me')
    t.equal(instead.statusCode, 200, `${algorithm} instead of a bearer`)
    t.match(instead.json(), { participant_no: 'bank-1', user_no: null, client_id: key.key_no })
  }
})

t.test('a key bound to a person calls as that person', async t => {
  const hub = await build(t)
  const key = await aKey(hub, 'meic', 'sm2-sm3', { user_no: 'meic-user-1' })
  t.match((await sendSigned(hub, key, 'GET', '/v1/me')).json(), { participant_no: 'meic', user_no: 'meic-user-1' })
  t.equal((await sendSigned(hub, key, 'POST', path, proposal)).statusCode, 201)
  const [proof] = await proofs(hub)
  t.match(proof, { participant_no: 'meic', user_no: 'meic-user-1', operation: 'proposePolicyVersion', keyid: key.key_no, algorithm: 'sm2-sm3' })
})

t.test('the proof of a signed decision can be checked again from what is stored', async t => {
  const hub = await build(t)
  const key = await aKey(hub, 'meic', 'ecdsa-p256-sha256', { user_no: 'meic-user-1' })
  const idempotency_key = newKey()
  t.equal((await sendSigned(hub, key, 'POST', path, proposal, { headers: { 'idempotency-key': idempotency_key } })).statusCode, 201)
  const [proof, ...others] = await proofs(hub)
  t.equal(others.length, 0)
  if (proof === undefined) throw new Error('no proof')
  t.equal(proof.idempotency_key, idempotency_key)
  t.notMatch(proof.body, 'Continued', 'the body is sealed')
  const cipher = createCipher(loadHubKeys(hub.config).keyring, [AES_256_GCM])
  const body = cipher.open(proof.body, `request_signatures/body/${proof.signature_no}`)
  t.same(JSON.parse(body), proposal)
  t.ok(proof.signature_base.includes(createHash('sha256').update(body).digest('base64')), 'the signed digest is the body\'s')
  const held = await findKey(hub.db.read, proof.keyid)
  const params = /"@signature-params": (.*)$/.exec(proof.signature_base)?.[1] ?? ''
  const verdict = await verifyRequest({
    method: 'POST', target_uri: `http://localhost:80${path}`, body: Buffer.from(body),
    headers: {
      'idempotency-key': idempotency_key, 'content-digest': `sha-256=:${createHash('sha256').update(body).digest('base64')}:`,
      'signature-input': `hub=${params}`, signature: `hub=:${proof.signature}:`
    }
  }, { now: new Date(proof.at), needs_idempotency_key: true, findKey: () => importVerificationKey('ecdsa-p256-sha256', held?.public_key ?? '') })
  t.equal(verdict.ok, true)
})

t.test('a refused decision leaves no proof, and its signature cannot be sent again', async t => {
  const hub = await build(t)
  const key = await aKey(hub, 'meic', 'ed25519', { user_no: 'meic-user-1' })
  const order = { nonce: 'a-nonce-of-sixteen' }
  const headers = { 'idempotency-key': newKey() }
  const broken = { ...proposal, effective_from: '2031-01-01' }
  t.equal((await sendSigned(hub, key, 'POST', path, broken, { order, headers })).statusCode, 422)
  const again = await sendSigned(hub, key, 'POST', path, broken, { order, headers })
  t.match([again.statusCode, again.json().errors[0].code], [401, 'NONCE_USED'])
  t.same(await proofs(hub), [])
})

t.test('a signature works once: sent again with the same key it is refused, signed anew it gets the first answer', async t => {
  const hub = await build(t)
  const key = await aKey(hub, 'meic', 'ed25519', { user_no: 'meic-user-1' })
  const headers = { 'idempotency-key': newKey() }
  const order = { nonce: 'a-nonce-of-sixteen' }
  t.equal((await sendSigned(hub, key, 'POST', path, proposal, { headers, order })).statusCode, 201)
  const replayed = await sendSigned(hub, key, 'POST', path, proposal, { headers, order })
  t.match([replayed.statusCode, replayed.json().code, replayed.json().errors[0].code], [401, 'signature_invalid', 'NONCE_USED'])
  const anew = await sendSigned(hub, key, 'POST', path, proposal, { headers })
  t.match([anew.statusCode, anew.headers['idempotency-replayed']], [201, 'true'])
  t.equal((await proofs(hub)).length, 1, 'one decision, one proof')
})

t.test('of forty equal signed requests at once one passes', async t => {
  const hub = await build(t)
  const key = await aKey(hub, 'bank-1')
  const order = { nonce: 'a-nonce-of-sixteen' }
  const answers = await Promise.all(Array.from({ length: 40 }, () => sendSigned(hub, key, 'GET', '/v1/me', undefined, { order })))
  t.same(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
  t.same(answers.filter(({ statusCode }) => statusCode === 401).length, 39)
})

t.test('nonces are forgotten a day after their signatures are too old, and not before', async t => {
  const hub = await build(t)
  const [one, other] = [await aKey(hub, 'bank-1'), await aKey(hub, 'bank-1')]
  const order = { nonce: 'a-nonce-of-sixteen' }
  t.equal((await sendSigned(hub, one, 'GET', '/v1/me', undefined, { order })).statusCode, 200)
  hub.clock.advance(290_000)
  t.equal((await sendSigned(hub, other, 'GET', '/v1/me', undefined, { order })).statusCode, 200, 'the same nonce under another key')
  t.equal(await forgetNonces(hub.db), 0)
  hub.clock.advance(20_000)
  t.equal(await forgetNonces(hub.db), 0)
  hub.clock.advance(86_400_000)
  t.equal(await forgetNonces(hub.db), 1, 'the older one only')
  const created = Date.parse(hub.clock.now()) / 1000 - 20
  const again = await sendSigned(hub, other, 'GET', '/v1/me', undefined, { order: { ...order, created } })
  t.match([again.statusCode, again.json().errors[0].code], [401, 'NONCE_USED'])
})

t.test('what was changed on the way is refused with the reason', async t => {
  const hub = await build(t)
  const key = await aKey(hub, 'meic', 'ed25519', { user_no: 'meic-user-1' })
  const other = JSON.stringify({ ...proposal, title: 'Changed' })
  const now_s = Date.parse(hub.clock.now()) / 1000
  const stranger = await aKey(hub, 'bank-1')
  const cases: [string, Promise<{ statusCode: number, json (): { code: string, errors: { code: string }[] } }>][] = [
    ['DIGEST_MISMATCH', sendSigned(hub, key, 'POST', path, proposal, { sent: { body: other } })],
    ['SIGNATURE_WRONG', sendSigned(hub, key, 'POST', path, proposal, { sent: { headers: { 'idempotency-key': newKey() } } })],
    ['SIGNATURE_WRONG', sendSigned(hub, key, 'POST', path, proposal, { signed_url: `https://elsewhere.example${path}` })],
    ['SIGNATURE_WRONG', sendSigned(hub, key, 'GET', '/v1/me', undefined, { sent: { url: '/v1/policies' } })],
    ['CREATED_TOO_OLD', sendSigned(hub, key, 'POST', path, proposal, { order: { created: now_s - 301 } })],
    ['CREATED_IN_FUTURE', sendSigned(hub, key, 'POST', path, proposal, { order: { created: now_s + 301 } })],
    ['COMPONENT_MISSING', sendSigned(hub, key, 'POST', path, proposal, { order: { components: ['@method', '@target-uri', 'content-digest'] } })],
    ['KEY_UNKNOWN', sendSigned(hub, { ...key, key_no: 'key_00000000000000000000000000' }, 'POST', path, proposal)],
    ['KEY_NOT_OF_CALLER', sendSigned(hub, stranger, 'POST', path, proposal, { authorization: bearerOf(hub, 'meic', 1) })],
    ['KEY_NOT_OF_CALLER', sendSigned(hub, key, 'POST', path, proposal, { authorization: bearerOf(hub, 'meic', 2) })]
  ]
  for (const [reason, sending] of cases) {
    const answer = await sending
    t.match([answer.statusCode, answer.json().code, answer.json().errors[0]?.code], [401, 'signature_invalid', reason], reason)
  }
  t.equal((await hub.as('meic', 1).get('/v1/policies')).json().items.length, 3, 'nothing was proposed')
})

t.test('keys that are not in force, retired, or of suspended owners count for nothing', async t => {
  const hub = await build(t)
  for (const over of [
    { status: 'RETIRED' }, { status: 'PENDING_SECOND_PERSON', confirmed_by: null }, { valid_from: '2026-03-19' }, { valid_from: '2025-01-01', valid_to: '2026-03-18' }
  ] as const) {
    const answer = await sendSigned(hub, await aKey(hub, 'bank-1', 'ed25519', over), 'GET', '/v1/me')
    t.match([answer.statusCode, answer.json().errors[0].code], [401, 'KEY_UNKNOWN'], JSON.stringify(over))
  }
})

t.test('a role that may not, and a machine where a person has to call, are refused by signature as well', async t => {
  const hub = await build(t)
  const role = await sendSigned(hub, await aKey(hub, 'bank-1'), 'POST', path, proposal)
  t.match([role.statusCode, role.json().code], [403, 'role_not_allowed'])
  const machine = await sendSigned(hub, await aKey(hub, 'meic'), 'POST', path, proposal)
  t.match([machine.statusCode, machine.json().code], [403, 'person_required'])
})

t.test('a document signed as multipart is taken in whole, and refused when a byte differs', async t => {
  const hub = await build(t)
  const key = await aKey(hub, 'bank-1')
  const body = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\ncontent-type: application/pdf\r\n\r\n%PDF-1.7 contract\r\n--x--\r\n'
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const signed = signedHeaders(key, hub.clock.now(), 'POST', 'http://localhost:80/v1/documents', body, { ...headers, 'idempotency-key': newKey() })
  const changed = await hub.app.inject({ method: 'POST', url: '/v1/documents', headers: signed, payload: body.replace('contract', 'contrast') })
  t.match([changed.statusCode, changed.json().errors[0].code], [401, 'DIGEST_MISMATCH'])
  const taken = await hub.app.inject({ method: 'POST', url: '/v1/documents', headers: signed, payload: body })
  t.equal(taken.statusCode, 201, taken.body)
  t.equal(taken.json().sha256, createHash('sha256').update('%PDF-1.7 contract').digest('hex'))
})

t.test('a park signs its list once, and every enterprise of it has an authorization of its own', async t => {
  const hub = await build(t)
  const key = await aKey(hub, 'park-1')
  const workbook = readFileSync(new URL('../../scripts/examples/park-list.xlsx', import.meta.url))
  const text = '--x\r\ncontent-disposition: form-data; name="declared_row_count"\r\n\r\n12\r\n--x\r\ncontent-disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
  const body = Buffer.concat([Buffer.from(text), workbook, Buffer.from('\r\n--x--\r\n')])
  const headers = signedHeaders(key, hub.clock.now(), 'POST', 'http://localhost:80/v1/enterprise-lists', body, { 'content-type': 'multipart/form-data; boundary=x', 'idempotency-key': newKey() })
  const sent = await hub.app.inject({ method: 'POST', url: '/v1/enterprise-lists', headers, payload: body })
  t.equal(sent.statusCode, 202, sent.body)
  const [proof] = await proofs(hub)
  if (proof === undefined) throw new Error('no proof')
  t.match(proof, { participant_no: 'park-1', operation: 'sendEnterpriseList' })
  const kept = createCipher(loadHubKeys(hub.config).keyring, [AES_256_GCM]).open(proof.body, `request_signatures/body/${proof.signature_no}`)
  t.ok(Buffer.from(kept.replace(/^base64:/u, ''), 'base64').equals(body), 'the exact bytes, count and file')
  t.ok(proof.signature_base.includes(createHash('sha256').update(body).digest('base64')), 'and their digest is signed')
  await hub.loops.settle()
  const park = hub.as('park-1')
  const list = (await park.get(`/v1/enterprise-lists/${sent.json().list_no}`)).json()
  t.equal(list.status, 'DECIDED', JSON.stringify(list.refusal))
  const rows = (await park.get(`/v1/enterprise-lists/${list.list_no}/rows?limit=200`)).json().items as { authorization_no: string | null, uscc: string }[]
  const given = rows.flatMap(({ authorization_no }) => authorization_no ?? [])
  t.equal(new Set(given).size, list.counts.ACCEPTED + list.counts.ACCEPTED_WITH_REMARK, 'one for each row that went in')
  const all = await Promise.all(given.map(async no => (await park.get(`/v1/authorizations/${no}`)).json()))
  t.ok(all.every(({ method, status, list_no }) => method === 'PARK_DECLARED' && status === 'ACTIVE' && list_no === list.list_no))
  t.equal(new Set(all.map(({ evidence_digest }) => evidence_digest)).size, all.length, 'each bound to its own row')
  const [first, second] = given
  t.equal((await park.post(`/v1/authorizations/${first}/withdraw`, { reason: '企业撤回' })).statusCode, 200)
  t.same([(await park.get(`/v1/authorizations/${first}`)).json().status, (await park.get(`/v1/authorizations/${second}`)).json().status], ['WITHDRAWN', 'ACTIVE'], 'and withdrawn for itself')
})

t.test('production wants decisions about money signed; a key of the sandbox is not accepted there', async t => {
  const hub = await build(t)
  const { app } = await buildApp({ db: hub.db, config: { ...hub.config, hub_mode: 'production', public_url: 'https://hub.example' }, log: pino({ level: 'silent' }) })
  t.teardown(() => app.close())
  const key = await aKey(hub, 'meic', 'ed25519', { user_no: 'meic-user-1' })
  const send = async (authorization: string) =>
    app.inject({ method: 'POST', url: path, payload: proposal, headers: { authorization, 'idempotency-key': newKey() } })
  const with_sandbox_key = await send(bearerOf(hub, 'meic', 1))
  t.match([with_sandbox_key.statusCode, with_sandbox_key.json().code], [401, 'unauthenticated'])

  const client_assertion = await new SignJWT().setProtectedHeader({ alg: 'EdDSA', kid: key.key_no }).setIssuer('meic-user-1').setSubject('meic-user-1')
    .setAudience('https://hub.example/oauth/token').setJti(newKey()).setIssuedAt(Date.parse(hub.clock.now()) / 1000).setExpirationTime(Date.parse(hub.clock.now()) / 1000 + 60)
    .sign(key.held.key as KeyObject)
  const token = await app.inject({
    method: 'POST', url: '/oauth/token', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ grant_type: 'client_credentials', client_assertion, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' }).toString()
  })
  t.equal(token.statusCode, 200, token.body)
  const authorization = `Bearer ${token.json().access_token}`
  const unsigned = await send(authorization)
  t.match([unsigned.statusCode, unsigned.json().code], [401, 'signature_required'])
  const signed = await sendSigned({ ...hub, app }, key, 'POST', path, proposal, { signed_url: `https://hub.example${path}`, authorization })
  t.equal(signed.statusCode, 201, signed.body)
})
