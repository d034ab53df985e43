import { test } from 'tap'
import { constants, generateKeyPairSync, sign } from 'node:crypto'
import { createSigner, createVerifier, httpbis } from 'http-message-signatures'
import { checkContentDigest, contentDigest, importVerificationKey, SIGNATURE_ALGORITHMS, signRequest, verifyRequest } from '../../src/http/signature.ts'
import type { SignatureAlgorithm, SignatureReason, SignatureRules, SignatureVerdict, SignedRequest, SigningKey, SigningOrder, VerificationKey } from '../../src/http/signature.ts'
import { generateSm2KeyPair } from '../../src/http/sm.ts'
import { mutated, seeded } from './mutate.ts'

const NOW = new Date('2026-03-02T01:00:00.000Z')
const CREATED = NOW.getTime() / 1000
const BODY = Buffer.from('{"voucher_no":"V-1","interest_paid":"36575.00"}')
const NONCE = 'n-01JABCDEFGHJKMNP'

interface Pair { readonly signing: SigningKey, readonly checking: VerificationKey, readonly pem: string, readonly private_pem: string }

function pair (algorithm: SignatureAlgorithm): Pair {
  if (algorithm === 'sm2-sm3') {
    const key = generateSm2KeyPair()
    const pem = key.key.export({ type: 'spki', format: 'pem' }).toString()
    return { signing: { algorithm, key }, checking: importVerificationKey(algorithm, pem), pem, private_pem: '' }
  }
  const { publicKey, privateKey } = algorithm === 'ed25519'
    ? generateKeyPairSync('ed25519')
    : algorithm === 'ecdsa-p256-sha256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { signing: { algorithm, key: privateKey }, checking: importVerificationKey(algorithm, pem), pem, private_pem: privatePem }
}

const pairs = Object.fromEntries(SIGNATURE_ALGORITHMS.map(algorithm => [algorithm, pair(algorithm)])) as Record<SignatureAlgorithm, Pair>

function aRequest (over: Partial<SignedRequest> = {}): SignedRequest {
  return {
    method: 'POST', target_uri: 'https://hub.example/v1/interest-vouchers?dry_run=true&x=1', headers: { 'idempotency-key': 'key-0123456789abcdef', 'content-type': 'application/json' },
    body: BODY, ...over
  }
}

function signed (algorithm: SignatureAlgorithm, request = aRequest(), order: Partial<SigningOrder> = {}): SignedRequest {
  const added = signRequest(request, pairs[algorithm].signing, { keyid: `key-${algorithm}`, created: CREATED, nonce: NONCE, ...order })
  return { ...request, headers: { ...request.headers, ...added } }
}

const rules: SignatureRules = {
  now: NOW, needs_idempotency_key: true,
  findKey: keyid => SIGNATURE_ALGORITHMS.filter(algorithm => keyid === `key-${algorithm}`).map(algorithm => pairs[algorithm].checking)[0] ?? null
}

const reasonOf = async (request: SignedRequest, over: Partial<SignatureRules> = {}): Promise<SignatureReason | 'accepted'> => {
  const verdict = await verifyRequest(request, { ...rules, ...over })
  return verdict.ok ? 'accepted' : verdict.reason
}

const withHeader = (request: SignedRequest, name: string, value: string | readonly string[] | undefined): SignedRequest => ({ ...request, headers: { ...request.headers, [name]: value } })
const header = (request: SignedRequest, name: string): string => String(request.headers[name])

for (const algorithm of SIGNATURE_ALGORITHMS) {
  test(`${algorithm}: a signed write is accepted and its evidence returned`, async t => {
    const verdict = await verifyRequest(signed(algorithm), rules)
    t.ok(verdict.ok)
    if (!verdict.ok) return
    t.equal(verdict.keyid, `key-${algorithm}`)
    t.equal(verdict.nonce, NONCE)
    t.equal(verdict.created, CREATED)
    t.ok(verdict.keep_nonce_until.getTime() > NOW.getTime() + 300_000)
    t.match(verdict.signature_base, /^"@method": POST\n"@target-uri": https:\/\/hub\.example\/v1\/interest-vouchers\?dry_run=true&x=1\n"content-digest": sha-256=:/)
    t.match(verdict.signature_base, new RegExp(`"@signature-params": \\("@method" .*nonce="${NONCE}";keyid="key-${algorithm}";alg="${algorithm}"$`))
    t.ok(verdict.signature.length >= 64)
  })
}

for (const algorithm of SIGNATURE_ALGORITHMS.filter(name => name !== 'sm2-sm3')) {
  test(`${algorithm}: an independent implementation signs for us and checks ours`, async t => {
    const { pem, private_pem } = pairs[algorithm]
    const request = withHeader(aRequest(), 'content-digest', contentDigest(BODY))
    const theirSigner = createSigner(private_pem, algorithm, `key-${algorithm}`)
    // That library salts with all the room there is; RFC 9421 §3.3.1 says 64 bytes, and one rule is enough.
    const withSalt = async (data: Buffer) => sign('sha512', data, { key: private_pem, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 })
    const theirs = await httpbis.signMessage({
      key: algorithm === 'rsa-pss-sha512' ? { ...theirSigner, sign: withSalt } : theirSigner, name: 'sig1', fields: ['@method', '@target-uri', '@authority', '@path', '@query', 'content-digest', 'idempotency-key', 'content-type'],
      params: ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'], paramValues: { created: NOW, expires: new Date(NOW.getTime() + 60_000), nonce: NONCE, tag: 'say "hub" \\ here' }
    }, { method: request.method, url: request.target_uri, headers: request.headers as Record<string, string> })
    const headers = Object.fromEntries(Object.entries(theirs.headers).map(([name, value]) => [name.toLowerCase(), value]))
    t.equal(await reasonOf({ ...request, headers }), 'accepted')

    const ours = signed(algorithm)
    const verdict = await httpbis.verifyMessage({
      keyLookup: async () => ({ id: `key-${algorithm}`, algs: [algorithm], verify: createVerifier(pem, algorithm) }), notAfter: new Date(NOW.getTime() + 1000), requiredFields: ['content-digest']
    }, { method: ours.method, url: ours.target_uri, headers: ours.headers as Record<string, string> })
    t.equal(verdict, true)
  })
}

test('a read needs neither digest nor idempotency key, and an empty query is signed as one', async t => {
  const read = aRequest({ method: 'GET', target_uri: 'https://hub.example/v1/leads', headers: {}, body: Buffer.alloc(0) })
  t.equal(await reasonOf(signed('ed25519', read), { needs_idempotency_key: false }), 'accepted')
  const parts = signed('ed25519', read, { components: ['@method', '@authority', '@path', '@query'] })
  const verdict = await verifyRequest(parts, { ...rules, needs_idempotency_key: false })
  t.ok(verdict.ok && verdict.signature_base.includes('"@query": ?\n'))
  t.equal(await reasonOf({ ...parts, target_uri: 'https://hub.example/v1/x/../leads' }, { needs_idempotency_key: false }), 'SIGNATURE_WRONG')
  t.equal(await reasonOf({ ...parts, target_uri: 'https://hub.example/v1/leads?limit=1' }, { needs_idempotency_key: false }), 'SIGNATURE_WRONG')
})

test('what must be signed and is not, is named', async t => {
  const signing = (components: string[]) => signed('ed25519', aRequest(), { components })
  t.equal(await reasonOf(signing(['@target-uri', 'content-digest', 'idempotency-key'])), 'COMPONENT_MISSING')
  t.equal(await reasonOf(signing(['@method', 'content-digest', 'idempotency-key'])), 'COMPONENT_MISSING')
  t.equal(await reasonOf(signing(['@method', '@authority', '@path', 'content-digest', 'idempotency-key'])), 'COMPONENT_MISSING')
  t.equal(await reasonOf(signing(['@method', '@target-uri', 'idempotency-key'])), 'COMPONENT_MISSING')
  t.equal(await reasonOf(signing(['@method', '@target-uri', 'content-digest'])), 'COMPONENT_MISSING')
  t.equal(await reasonOf(signing(['@method', '@target-uri', 'content-digest']), { needs_idempotency_key: false }), 'COMPONENT_MISSING', 'sent, so it must be signed')
  t.equal(await reasonOf(signed('ed25519', aRequest({ headers: {} }))), 'COMPONENT_MISSING')
  t.equal(await reasonOf(withHeader(signed('ed25519'), 'idempotency-key', undefined)), 'COMPONENT_ABSENT')
})

test('a signature counts for five minutes either way and not past its own expiry', async t => {
  for (const [created, reason] of [[-300, 'accepted'], [-301, 'CREATED_TOO_OLD'], [300, 'accepted'], [301, 'CREATED_IN_FUTURE']] as const) {
    t.equal(await reasonOf(signed('ed25519', aRequest(), { created: CREATED + created })), reason)
  }
  t.equal(await reasonOf(signed('ed25519', aRequest(), { expires: CREATED + 1 })), 'accepted')
  t.equal(await reasonOf(signed('ed25519', aRequest(), { expires: CREATED })), 'SIGNATURE_EXPIRED')
  t.equal(await reasonOf(signed('ed25519', aRequest(), { created: CREATED + 60, expires: CREATED + 30 })), 'SIGNATURE_EXPIRED')
})

test('unknown keys, borrowed keys and changed algorithms are refused', async t => {
  t.equal(await reasonOf(signed('ed25519', aRequest(), { keyid: 'nobody' })), 'KEY_UNKNOWN')
  t.equal(await reasonOf(signed('ed25519', aRequest(), { keyid: 'key-sm2-sm3' })), 'ALGORITHM_MISMATCH')
  const bare = signed('ed25519')
  t.equal(await reasonOf(withHeader(bare, 'signature-input', header(bare, 'signature-input').replace(';alg="ed25519"', ''))), 'SIGNATURE_WRONG')
  const p256 = pairs['ecdsa-p256-sha256'].pem
  t.throws(() => importVerificationKey('ed25519', p256), TypeError)
  t.throws(() => importVerificationKey('rsa-pss-sha512', p256), TypeError)
  t.throws(() => importVerificationKey('sm2-sm3', p256), TypeError)
  t.throws(() => importVerificationKey('ecdsa-p256-sha256', pairs['sm2-sm3'].pem), TypeError)
  t.throws(() => importVerificationKey('ecdsa-p256-sha256', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'pem' }).toString()), TypeError)
  t.throws(() => importVerificationKey('rsa-pss-sha512', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' }).toString()), TypeError)
  t.throws(() => importVerificationKey('ed25519', 'no key'), TypeError)
})

test('headers that could be read in two ways are refused before any key is looked up', async t => {
  const request = signed('ed25519')
  const input = header(request, 'signature-input')
  const signature = header(request, 'signature')
  const cases: Array<[string, string | readonly string[] | undefined, SignatureReason]> = [
    ['signature-input', undefined, 'SIGNATURE_MISSING'], ['signature', undefined, 'SIGNATURE_MISSING'],
    ['signature-input', [input, input], 'SIGNATURE_AMBIGUOUS'], ['signature', [signature, signature], 'SIGNATURE_AMBIGUOUS'],
    ['signature-input', `${input}, ${input.replace('hub=', 'two=')}`, 'SIGNATURE_MALFORMED'],
    ['signature', `${signature}, ${signature.replace('hub=', 'two=')}`, 'SIGNATURE_MALFORMED'],
    ['signature', signature.replace('hub=', 'two='), 'SIGNATURE_MALFORMED'], ['signature-input', ` ${input}`, 'SIGNATURE_MALFORMED'],
    ['signature-input', input.replace('" "', '"  "'), 'SIGNATURE_MALFORMED'],
    ['signature-input', input.replace(';created', '; created'), 'SIGNATURE_MALFORMED'],
    ['signature-input', input.replace('"@method"', '"@method";req'), 'SIGNATURE_MALFORMED'],
    ['signature-input', input.replace('"@method"', '"@method" "@method"'), 'SIGNATURE_MALFORMED'],
    ['signature-input', `${input};created=1`, 'SIGNATURE_MALFORMED'], ['signature-input', `${input};colour="red"`, 'PARAMETER_UNKNOWN'],
    ['signature-input', input.replace(/;created=\d+/, ''), 'PARAMETER_MISSING'],
    ['signature-input', input.replace(/;nonce="[^"]*"/, ''), 'PARAMETER_MISSING'],
    ['signature-input', input.replace(/;keyid="[^"]*"/, ''), 'PARAMETER_MISSING'],
    ['signature-input', input.replace(/created=(\d+)/, 'created="$1"'), 'SIGNATURE_MALFORMED'],
    ['signature-input', input.replace(/created=(\d+)/, 'created=-$1'), 'SIGNATURE_MALFORMED'],
    ['signature-input', input.replace(/created=(\d+)/, 'created=0$1'), 'SIGNATURE_MALFORMED'],
    ['signature-input', input.replace(NONCE, 'short'), 'SIGNATURE_MALFORMED'],
    ['signature-input', input.replace('"@method"', '"@method" "@status"'), 'COMPONENT_UNKNOWN'],
    ['signature-input', input.replace('"@method"', '"@method" "X-Upper"'), 'COMPONENT_UNKNOWN'],
    ['signature-input', input.replace('"@method"', '"@method" "x-not-sent"'), 'COMPONENT_ABSENT'],
    ['signature-input', 'a'.repeat(5000), 'SIGNATURE_MALFORMED'], ['signature', 'hub=:AB:', 'SIGNATURE_MALFORMED'],
    ['signature', 'hub=::', 'SIGNATURE_MALFORMED']
  ]
  for (const [name, value, reason] of cases) t.equal(await reasonOf(withHeader(request, name, value), { findKey: () => null }), reason, `${name}: ${String(value).slice(0, 80)}`)
})

test('a body is proven by its digest alone, in the forms of RFC 9530', async t => {
  const body = Buffer.from('{"hello": "world"}\n')
  const sha256 = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:'
  const sha512 = 'sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:'
  t.equal(contentDigest(body), sha256)
  t.equal(checkContentDigest(sha256, body), null)
  t.equal(checkContentDigest(`${sha256}, ${sha512}`, body), null)
  t.equal(checkContentDigest(`${sha512}, unixsum=:AAAA:`, body), null)
  t.equal(checkContentDigest(`${sha256}, ${sha512}`, Buffer.from('{}')), 'DIGEST_MISMATCH')
  t.equal(checkContentDigest(`${sha256}, ${sha512.replace('YMA', 'YMB')}`, body), 'DIGEST_MISMATCH', 'every digest given must be right')
  t.equal(checkContentDigest('md5=:AAAA:', body), 'DIGEST_MISSING')
  t.equal(checkContentDigest(undefined, body), 'DIGEST_MISSING')
  for (const wrong of ['', 'sha-256', sha256.replace('=:', ':'), `${sha256}, ${sha256}`, sha256.replace('bDg=', 'bDh='), `${sha256},${sha512}`]) t.equal(checkContentDigest(wrong, body), 'DIGEST_MALFORMED', wrong)
  t.equal(await reasonOf({ ...signed('ed25519'), body: Buffer.from('{}') }), 'DIGEST_MISMATCH')
  t.equal(await reasonOf({ ...signed('ed25519'), body: Buffer.alloc(0) }), 'DIGEST_MISMATCH')
})

type Judge = (request: SignedRequest) => Promise<SignatureVerdict>

/** Every way in which a request is bent on its way here; returns how many were tried and how many came through. */
async function corpus (algorithm: SignatureAlgorithm, count: number, judge: Judge): Promise<{ tried: number, accepted: number }> {
  const random = seeded(9421)
  const good = signed(algorithm)
  const others = [
    signed(algorithm, aRequest({ body: Buffer.from('{"voucher_no":"V-2"}') })), signed(algorithm, aRequest(), { nonce: `${NONCE}-2` }),
    signed(algorithm === 'ed25519' ? 'sm2-sm3' : 'ed25519', aRequest(), { keyid: `key-${algorithm}` })
  ]
  const bends: Array<() => SignedRequest> = [
    ...['signature', 'signature-input', 'content-digest', 'idempotency-key'].map(name => () => withHeader(good, name, mutated(header(good, name), random))),
    () => withHeader(good, 'signature', `hub=:${mutated(header(good, 'signature').slice(5, -1), random)}:`),
    () => withHeader(good, 'signature-input', header(good, 'signature-input').replace(/"[^"]*"/, name => random.pick(['', '"@path"', '"@method" "date"', name.toUpperCase()]))),
    () => withHeader(good, 'signature-input', header(good, 'signature-input').split(' ').toReversed().join(' ')),
    () => withHeader(good, 'signature-input', header(good, 'signature-input').replace(String(CREATED), String(CREATED + 1 + random.next(200)))),
    () => ({ ...good, method: random.pick(['PUT', 'DELETE', 'post', 'GET', mutated('POST', random)]) }),
    () => ({ ...good, target_uri: mutated(good.target_uri, random) }),
    () => ({ ...good, target_uri: good.target_uri.replace(/\?.*/, random.pick(['', '?', '?x=1&dry_run=true', '?dry_run=false&x=1'])) }),
    () => ({ ...good, body: Buffer.from(mutated(BODY.toString(), random)) }),
    () => {
      const body = Buffer.from(mutated(BODY.toString(), random))
      return { ...withHeader(good, 'content-digest', contentDigest(body)), body }
    },
    () => withHeader(good, 'signature', header(random.pick(others), 'signature')),
    () => withHeader(good, 'signature-input', header(random.pick(others), 'signature-input')),
    () => withHeader(good, random.pick(['signature', 'signature-input', 'content-digest', 'idempotency-key']), undefined)
  ]
  const same = JSON.stringify(good)
  let tried = 0
  let accepted = 0
  while (tried < count) {
    const bent = random.pick(bends)()
    if (JSON.stringify(bent) === same) continue
    tried += 1
    if ((await judge(bent)).ok) accepted += 1
  }
  return { tried, accepted }
}

test('the corpus catches verifiers with a seeded bug', async t => {
  const honest = aRequest()
  const bugs: Record<string, Judge> = {
    'forgets the body': request => verifyRequest({ ...request, body: BODY }, rules),
    'forgets the query': request => verifyRequest({ ...request, target_uri: request.target_uri.split('?')[0] + '?dry_run=true&x=1' }, rules),
    'folds the method': request => verifyRequest({ ...request, method: request.method.toUpperCase() }, rules),
    'takes any idempotency key': request => verifyRequest(withHeader(request, 'idempotency-key', header(honest, 'idempotency-key')), rules),
    'cleans the signature up': request => verifyRequest(withHeader(request, 'signature', header(request, 'signature').replaceAll(/[^A-Za-z0-9+/=:]/g, '')), rules)
  }
  for (const [name, judge] of Object.entries(bugs)) t.ok((await corpus('ed25519', 600, judge)).accepted > 0, name)
})

for (const algorithm of SIGNATURE_ALGORITHMS) {
  test(`${algorithm}: of 800 bent requests none is accepted`, async t => {
    t.same(await corpus(algorithm, 800, request => verifyRequest(request, rules)), { tried: 800, accepted: 0 })
    t.equal(await reasonOf(signed(algorithm)), 'accepted')
  })
}

test('what one check costs', async t => {
  for (const algorithm of SIGNATURE_ALGORITHMS) {
    const request = signed(algorithm)
    const count = 200
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i++) await verifyRequest(request, rules)
    t.comment(`${algorithm}: ${(Number(process.hrtime.bigint() - start) / count / 1000).toFixed(0)} µs a request`)
  }
})
