import { test } from 'tap'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { SignJWT } from 'jose'
import { createTokenIssuer, createTokenVerifier, importAssertionKey, verifyClientAssertion } from '../../src/http/tokens.ts'
import type { AssertionAlgorithm, AssertionRules, TokenAlgorithm, TokenSigningKey } from '../../src/http/tokens.ts'
import { mutated, seeded } from './mutate.ts'

const NOW = new Date('2026-03-02T01:00:00.000Z')
const SECONDS = NOW.getTime() / 1000
const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000)
const ISSUER = 'https://hub.example'
const TOKEN_ENDPOINT = 'https://hub.example/oauth/token'
const AUDIENCE = 'https://hub.example/v1'
const GRANT = { participant_no: 'part_bank1', client_id: 'client_bank1' }

function keyPair (alg: AssertionAlgorithm) {
  switch (alg) {
    case 'EdDSA': return generateKeyPairSync('ed25519')
    case 'ES256': return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'PS256': return generateKeyPairSync('rsa', { modulusLength: 2048 })
  }
}

function tokenKey (alg: TokenAlgorithm, kid = `hub-${alg}`): TokenSigningKey {
  const { publicKey, privateKey } = keyPair(alg)
  return { kid, alg, public_key: publicKey, private_key: privateKey }
}

const reasonOf = (verdict: { ok: true } | { ok: false, reason: string }): string => verdict.ok ? 'accepted' : verdict.reason
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Bends a compact token as a text, in its header, in its payload, and in its parts. */
function * bentTokens (good: string, others: readonly string[], count: number, seed: number): Generator<string> {
  const random = seeded(seed)
  const [head = '', body = '', signature = ''] = good.split('.')
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<string, unknown>
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
  const bends = [
    () => mutated(good, random), () => `${head}.${body}.${mutated(signature, random)}`, () => `${mutated(head, random)}.${body}.${signature}`, () => `${head}.${mutated(body, random)}.${signature}`,
    () => `${encoded({ ...header, alg: random.pick(['none', 'HS256', 'RS256', 'ES384', 'EdDSA', 'ES256', 'PS256', '']) })}.${body}.${random.pick([signature, ''])}`,
    () => `${encoded({ ...header, [random.pick(['crit', 'jwk', 'kid', 'typ', 'b64', 'jku', 'zip'])]: random.pick(['x', ['exp'], {}, false, 1]) })}.${body}.${signature}`,
    () => `${head}.${encoded({ ...claims, [random.pick(Object.keys(claims))]: random.pick(['admin', SECONDS + 600, null, {}, ['x']]) })}.${signature}`,
    () => `${head}.${body}.${random.pick(others).split('.')[2]}`,
    () => `${random.pick(others).split('.')[0]}.${body}.${signature}`,
    () => `${head}.${random.pick(others).split('.')[1]}.${signature}`,
    () => good.split('.').toReversed().join('.'), () => `${good}${random.pick(['=', ' ', '\n', '.', '.e30', 'A'])}`, () => `${random.pick(['=', ' ', '\n', '.', 'A'])}${good}`
  ]
  for (let tried = 0; tried < count;) {
    const bent = random.pick(bends)()
    if (bent === good || others.includes(bent)) continue
    tried += 1
    yield bent
  }
}

for (const alg of ['EdDSA', 'ES256'] as const) {
  test(`${alg}: an issued token says who it speaks for until it expires, first seen or seen before`, async t => {
    const key = tokenKey(alg)
    const issued = await createTokenIssuer({ issuer: ISSUER, audience: AUDIENCE, lifetime_s: 600, key }).issue(GRANT, 'jti-1', NOW)
    t.match(issued, { token_type: 'Bearer', expires_in: 600, jti: 'jti-1' })
    const verifier = createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, findKey: kid => kid === key.kid ? key : undefined })
    const expected = { ok: true, ...GRANT, jti: 'jti-1', expires_at: later(600) }
    t.same(await verifier.verify(issued.access_token, NOW), expected)
    t.same(await verifier.verify(issued.access_token, later(599)), expected)
    t.equal(reasonOf(await verifier.verify(issued.access_token, later(600))), 'TOKEN_EXPIRED')
    t.equal(reasonOf(await verifier.verify(issued.access_token, later(601))), 'TOKEN_EXPIRED')
  })

  test(`${alg}: of 1,500 bent tokens none is accepted, before or after the right one was seen`, async t => {
    const key = tokenKey(alg)
    const issuer = createTokenIssuer({ issuer: ISSUER, audience: AUDIENCE, lifetime_s: 600, key })
    const good = (await issuer.issue(GRANT, 'jti-1', NOW)).access_token
    const others = [(await issuer.issue({ participant_no: 'part_park', client_id: 'client_park' }, 'jti-2', NOW)).access_token]
    const verifier = createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, findKey: kid => kid === key.kid ? key : undefined })
    let accepted = 0
    for (const bent of bentTokens(good, others, 750, 7519)) if ((await verifier.verify(bent, NOW)).ok) accepted += 1
    t.equal(reasonOf(await verifier.verify(good, NOW)), 'accepted')
    for (const bent of bentTokens(good, others, 750, 7520)) if ((await verifier.verify(bent, NOW)).ok) accepted += 1
    t.equal(accepted, 0)
  })
}

test('the corpus catches a verifier with a seeded bug', async t => {
  const key = tokenKey('EdDSA')
  const issuer = createTokenIssuer({ issuer: ISSUER, audience: AUDIENCE, lifetime_s: 600, key })
  const good = (await issuer.issue(GRANT, 'jti-1', NOW)).access_token
  const verifier = createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, findKey: kid => kid === key.kid ? key : undefined })
  const bugs: Record<string, (token: string) => string> = {
    'trims what it is given': token => token.replaceAll(/[^A-Za-z0-9_.-]/g, ''), 'cuts what follows': token => token.slice(0, good.length), 'forgets the payload': token => [token.split('.')[0], good.split('.')[1], token.split('.')[2]].join('.')
  }
  for (const [name, bug] of Object.entries(bugs)) {
    let accepted = 0
    for (const bent of bentTokens(good, [good], 500, 1)) if ((await verifier.verify(bug(bent), NOW)).ok) accepted += 1
    t.ok(accepted > 0, name)
  }
})

test('tokens of another issuer, audience, type, key or age are refused by reason', async t => {
  const key = tokenKey('EdDSA')
  const verifier = createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, findKey: kid => kid === key.kid ? key : undefined })
  const make = (over: Record<string, unknown>, header: Record<string, unknown> = {}, signingKey = key) => new SignJWT({
    iss: ISSUER, aud: AUDIENCE, sub: GRANT.participant_no, client_id: GRANT.client_id, jti: 'j', iat: SECONDS, exp: SECONDS + 600, ...over
  }).setProtectedHeader({ alg: 'EdDSA', kid: key.kid, typ: 'at+jwt', ...header }).sign(signingKey.private_key)
  const cases: Array<[Promise<string>, string]> = [
    [make({}), 'accepted'], [make({ iss: 'https://other.example' }), 'CLAIM_WRONG'],
    [make({ aud: 'https://other.example' }), 'CLAIM_WRONG'], [make({ exp: SECONDS }), 'TOKEN_EXPIRED'],
    [make({ exp: SECONDS + 901 }), 'CLAIM_WRONG'], [make({ iat: SECONDS + 60, exp: SECONDS + 600 }), 'CLAIM_WRONG'],
    [make({ exp: undefined }), 'CLAIM_WRONG'], [make({ jti: undefined }), 'CLAIM_WRONG'],
    [make({ sub: '' }), 'CLAIM_WRONG'], [make({ client_id: 7 }), 'CLAIM_WRONG'], [make({}, { typ: 'JWT' }), 'CLAIM_WRONG'],
    [make({}, { typ: undefined }), 'CLAIM_WRONG'],
    [make({}, { kid: 'other' }), 'KEY_UNKNOWN'], [make({}, { kid: undefined }), 'KEY_UNKNOWN'],
    [make({}, {}, tokenKey('EdDSA')), 'SIGNATURE_WRONG'],
    [make({ nbf: SECONDS + 60 }), 'CLAIM_WRONG']
  ]
  for (const [token, reason] of cases) t.equal(reasonOf(await verifier.verify(await token, NOW)), reason)
  const spki = key.public_key.export({ type: 'spki', format: 'pem' })
  const confused = `${encoded({ alg: 'HS256', kid: key.kid, typ: 'at+jwt' })}.${encoded({ iss: ISSUER })}`
  t.equal(reasonOf(await verifier.verify(`${confused}.${createHmac('sha256', spki).update(confused).digest('base64url')}`, NOW)), 'ALGORITHM_NOT_ALLOWED')
  for (const token of ['', '.', '..', 'a.b', 'a.b.c.d', 'x'.repeat(10_000)]) t.equal(reasonOf(await verifier.verify(token, NOW)), 'TOKEN_MALFORMED')
})

test('the cache is bounded, and forgetting makes a retired key count at once', async t => {
  const key = tokenKey('EdDSA')
  const issuer = createTokenIssuer({ issuer: ISSUER, audience: AUDIENCE, lifetime_s: 300, key })
  const keys = new Map([[key.kid, key]])
  const verifier = createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, findKey: kid => keys.get(kid), cache_max: 2 })
  const tokens = await Promise.all(['a', 'b', 'c'].map(async jti => (await issuer.issue(GRANT, jti, NOW)).access_token))
  for (const token of [...tokens, ...tokens]) t.equal(reasonOf(await verifier.verify(token, NOW)), 'accepted')
  keys.clear()
  verifier.forget()
  t.equal(reasonOf(await verifier.verify(tokens[2] as string, NOW)), 'KEY_UNKNOWN')
  t.throws(() => createTokenIssuer({ issuer: ISSUER, audience: AUDIENCE, lifetime_s: 901, key }), RangeError)
  t.throws(() => createTokenIssuer({ issuer: ISSUER, audience: AUDIENCE, lifetime_s: 299, key }), RangeError)
  t.throws(() => createTokenIssuer({ issuer: ISSUER, audience: AUDIENCE, lifetime_s: 300, key: { ...key, alg: 'ES256' } }), TypeError)
})

const clientKeys = Object.fromEntries((['EdDSA', 'ES256', 'PS256'] as const).map(alg => [alg, keyPair(alg)])) as Record<AssertionAlgorithm, ReturnType<typeof keyPair>>
const rules: AssertionRules = {
  now: NOW, audiences: [TOKEN_ENDPOINT, ISSUER],
  findKey: (clientId, kid) => {
    const alg = (['EdDSA', 'ES256', 'PS256'] as const).find(name => kid === `key-${name}`)
    if (clientId !== GRANT.client_id || alg === undefined) return null
    return importAssertionKey(alg, clientKeys[alg].publicKey.export({ type: 'spki', format: 'pem' }).toString())
  }
}
const assertion = (alg: AssertionAlgorithm, over: Record<string, unknown> = {}, header: Record<string, unknown> = {}) => new SignJWT({
  iss: GRANT.client_id, sub: GRANT.client_id, aud: TOKEN_ENDPOINT, jti: 'assertion-1', iat: SECONDS, exp: SECONDS + 300, ...over
}).setProtectedHeader({ alg, kid: `key-${alg}`, ...header }).sign(clientKeys[alg].privateKey)

for (const alg of ['EdDSA', 'ES256', 'PS256'] as const) {
  test(`${alg}: a client's assertion is accepted, and of 800 bent ones none`, async t => {
    const good = await assertion(alg)
    t.same(await verifyClientAssertion(good, rules), { ok: true, client_id: GRANT.client_id, kid: `key-${alg}`, jti: 'assertion-1', keep_jti_until: later(331) })
    const others = [await assertion(alg, { jti: 'assertion-2' })]
    let accepted = 0
    for (const bent of bentTokens(good, others, 800, 7523)) if ((await verifyClientAssertion(bent, rules)).ok) accepted += 1
    t.equal(accepted, 0)
  })
}

test('assertions that are too long, meant for others, or of somebody else are refused by reason', async t => {
  const cases: Array<[Promise<string>, string]> = [
    [assertion('EdDSA', { aud: ISSUER }), 'accepted'], [assertion('EdDSA', { aud: [ISSUER, TOKEN_ENDPOINT] }), 'accepted'],
    [assertion('EdDSA', { iat: undefined }), 'accepted'],
    [assertion('EdDSA', { exp: SECONDS + 331 }), 'CLAIM_WRONG'], [assertion('EdDSA', { exp: SECONDS - 31 }), 'TOKEN_EXPIRED'],
    [assertion('EdDSA', { exp: undefined }), 'CLAIM_WRONG'],
    [assertion('EdDSA', { aud: 'https://other.example' }), 'CLAIM_WRONG'],
    [assertion('EdDSA', { aud: [ISSUER, 'https://other.example'] }), 'CLAIM_WRONG'],
    [assertion('EdDSA', { aud: undefined }), 'CLAIM_WRONG'],
    [assertion('EdDSA', { jti: undefined }), 'CLAIM_WRONG'], [assertion('EdDSA', { sub: 'client_other' }), 'CLAIM_WRONG'],
    [assertion('EdDSA', { iss: 'client_other', sub: 'client_other' }), 'KEY_UNKNOWN'],
    [assertion('EdDSA', { iss: undefined }), 'CLAIM_WRONG'], [assertion('EdDSA', { nbf: SECONDS + 60 }), 'CLAIM_WRONG'],
    [assertion('EdDSA', { iat: SECONDS + 60 }), 'CLAIM_WRONG'],
    [assertion('EdDSA', {}, { kid: 'key-nobody' }), 'KEY_UNKNOWN'],
    [assertion('EdDSA', {}, { kid: 'key-ES256' }), 'ALGORITHM_NOT_ALLOWED'],
    [assertion('EdDSA', {}, { kid: undefined }), 'KEY_UNKNOWN'],
    [assertion('EdDSA', { exp: SECONDS + 10.5 }), 'CLAIM_WRONG']
  ]
  for (const [token, reason] of cases) t.equal(reasonOf(await verifyClientAssertion(await token, rules)), reason)
  const head = `${encoded({ alg: 'RS256', kid: 'key-PS256' })}.${encoded({ iss: GRANT.client_id, sub: GRANT.client_id, aud: ISSUER, jti: 'x', exp: SECONDS + 60 })}`
  t.equal(reasonOf(await verifyClientAssertion(`${head}.${sign('sha256', Buffer.from(head), clientKeys.PS256.privateKey).toString('base64url')}`, rules)), 'ALGORITHM_NOT_ALLOWED')
})

test('a key that does not fit its algorithm cannot be registered', async t => {
  const pem = (alg: AssertionAlgorithm) => clientKeys[alg].publicKey.export({ type: 'spki', format: 'pem' }).toString()
  t.throws(() => importAssertionKey('EdDSA', pem('ES256')), TypeError)
  t.throws(() => importAssertionKey('ES256', pem('EdDSA')), TypeError)
  t.throws(() => importAssertionKey('PS256', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' }).toString()), TypeError)
  t.throws(() => importAssertionKey('EdDSA', 'nonsense'), TypeError)
})

test('a token seen before costs a small part of a first check', async t => {
  for (const alg of ['EdDSA', 'ES256'] as const) {
    const key = tokenKey(alg)
    const { access_token } = await createTokenIssuer({ issuer: ISSUER, audience: AUDIENCE, lifetime_s: 600, key }).issue(GRANT, 'jti-1', NOW)
    const verifier = createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, findKey: kid => kid === key.kid ? key : undefined })
    const timed = async (count: number, before: () => void): Promise<number> => {
      const start = process.cpuUsage()
      for (let i = 0; i < count; i++) {
        before()
        await verifier.verify(access_token, NOW)
      }
      const { user, system } = process.cpuUsage(start)
      return (user + system) / count
    }
    const first = await timed(300, () => verifier.forget())
    const cached = await timed(20_000, () => {})
    t.comment(`${alg}: first ${first.toFixed(0)} µs, cached ${cached.toFixed(2)} µs`)
    t.ok(cached < first / 5, 'a token that is known costs next to nothing')
  }
})
