import { test } from 'tap'
import * as fc from 'fast-check'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { sm2, sm3 as oracleSm3, sm4 } from 'sm-crypto-v2'
import { generateSm2KeyPair, importSm2PrivateKey, importSm2PublicKey, SM2_DEFAULT_USER_ID, sm2Z, sm3, SM4_CTR_HMAC_SM3, SM_NODE } from '../../src/http/sm.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const unhex = (text: string): Buffer => Buffer.from(text, 'hex')

/** GM/T 0003.5-2012 annex A.2: the published key, message and signature. */
const PUBLISHED = {
  d: '3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8',
  point: '0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13',
  z: 'b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3',
  e: 'f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640',
  signature: 'f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa'
}
const message = Buffer.from('message digest')

function scalarOf (pem: string): string {
  return hex(createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' }).subarray(36, 68))
}

test('SM3 gives the digests of GM/T 0004 and of the oracle', async t => {
  t.equal(hex(sm3('abc')), '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0')
  t.equal(hex(sm3('abcd'.repeat(16))), 'debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732')
  t.equal(hex(sm3('ab', Buffer.from('c'))), hex(sm3('abc')))
  t.doesNotThrow(() => fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), bytes => hex(sm3(bytes)) === oracleSm3(bytes)), { numRuns: 200, seed: 4 }))
})

test('the published SM2 signature of GM/T 0003.5 verifies, and nothing near it', async t => {
  const key = importSm2PublicKey(unhex(PUBLISHED.point))
  t.equal(hex(sm2Z(key, SM2_DEFAULT_USER_ID)), PUBLISHED.z)
  t.equal(hex(sm3(unhex(PUBLISHED.z), message)), PUBLISHED.e)
  t.ok(SM_NODE.verify(key, message, unhex(PUBLISHED.signature)))
  t.notOk(SM_NODE.verify(key, message, unhex(PUBLISHED.signature), ''), 'an empty identity is another identity')
  t.notOk(SM_NODE.verify(key, Buffer.from('message digesu'), unhex(PUBLISHED.signature)))
  let accepted = 0
  for (let bit = 0; bit < 512; bit++) {
    const bent = unhex(PUBLISHED.signature)
    bent[bit >> 3] = (bent[bit >> 3] as number) ^ (1 << (bit & 7))
    if (SM_NODE.verify(key, message, bent)) accepted += 1
  }
  t.equal(accepted, 0)
})

test('signatures that are no pair of scalars are false, never an error', async t => {
  const key = importSm2PublicKey(unhex(PUBLISHED.point))
  const n = 'fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123'
  for (const signature of ['', '00', '00'.repeat(64), 'ff'.repeat(64), n + n, PUBLISHED.signature + '00', PUBLISHED.signature.slice(2), '00'.repeat(32) + PUBLISHED.signature.slice(64)]) {
    t.equal(SM_NODE.verify(key, message, unhex(signature)), false)
  }
})

test('an independent implementation accepts our signatures and we accept its', async t => {
  for (let i = 0; i < 60; i++) {
    const key = generateSm2KeyPair()
    const pem = key.private_key.export({ type: 'pkcs8', format: 'pem' }).toString()
    const userId = i % 2 === 0 ? SM2_DEFAULT_USER_ID : `用户${i}@example.com`
    const text = Buffer.from(`消息 ${i}`.repeat(i))
    const ours = SM_NODE.sign(key, text, userId)
    t.equal(ours.length, 64)
    t.ok(SM_NODE.verify(key, text, ours, userId))
    t.ok(sm2.doVerifySignature(new Uint8Array(text), hex(ours), hex(key.point), { hash: true, userId }))
    const theirs = unhex(sm2.doSignature(new Uint8Array(text), scalarOf(pem), { hash: true, userId }))
    t.ok(SM_NODE.verify(key, text, theirs, userId))
    t.notOk(SM_NODE.verify(key, text, theirs, `${userId}x`))
  }
})

test('a key that came out of key generation still signs SM2, not ECDSA', async t => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' })
  const fresh = importSm2PrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  const signature = SM_NODE.sign(fresh, message)
  t.ok(sm2.doVerifySignature(new Uint8Array(message), hex(signature), hex(fresh.point), { hash: true }))
  t.ok(SM_NODE.verify(importSm2PublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString()), message, signature))
  t.ok(SM_NODE.verify(importSm2PublicKey(publicKey.export({ type: 'spki', format: 'der' })), message, signature))
})

test('keys of another curve, compressed points and points off the curve are refused', async t => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  t.throws(() => importSm2PublicKey(p256.publicKey.export({ type: 'spki', format: 'pem' }).toString()), TypeError)
  t.throws(() => importSm2PrivateKey(p256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()), TypeError)
  t.throws(() => importSm2PublicKey(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()), TypeError)
  const off = unhex(PUBLISHED.point)
  off[64] = (off[64] as number) ^ 1
  for (const wrong of ['', 'nonsense', off, unhex(PUBLISHED.point).subarray(1), unhex(`03${PUBLISHED.point.slice(2, 66)}`), Buffer.alloc(65)]) {
    t.throws(() => importSm2PublicKey(wrong), TypeError)
  }
  t.throws(() => sm2Z(importSm2PublicKey(unhex(PUBLISHED.point)), 'x'.repeat(8192)), RangeError)
})

test('authenticated SM4 opens what it sealed, in its place, and nothing that was touched', async t => {
  const key = SM4_CTR_HMAC_SM3.keyed(Buffer.alloc(32, 5))
  const place = Buffer.from('place')
  t.doesNotThrow(() => fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 40 }), (plain, associated) => (
    key.open(key.seal(plain, associated), associated)?.equals(plain) === true
  )), { numRuns: 200, seed: 5 }))
  const sealed = key.seal(Buffer.from('6222021234567890123'), place)
  let opened = 0
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const bent = Buffer.from(sealed)
    bent[bit >> 3] = (bent[bit >> 3] as number) ^ (1 << (bit & 7))
    if (key.open(bent, place) !== null) opened += 1
  }
  for (let end = 0; end < sealed.length; end++) if (key.open(sealed.subarray(0, end), place) !== null) opened += 1
  t.equal(opened, 0)
  t.equal(key.open(sealed, Buffer.from('other')), null)
  t.equal(SM4_CTR_HMAC_SM3.keyed(Buffer.alloc(32, 6)).open(sealed, place), null)
  t.equal(key.open(key.seal(Buffer.from('b'), Buffer.from('aa')).subarray(0), Buffer.from('a')), null)
})

test('the SM4 beneath is the SM4 of GM/T 0002', async t => {
  const block = '0123456789abcdeffedcba9876543210'
  t.equal(sm4.encrypt(new Uint8Array(unhex(block)), new Uint8Array(unhex(block)), { padding: 'none', output: 'string' }), '681edf34d206965e86b3e94f536e4246')
  const { createCipheriv } = await import('node:crypto')
  const cipher = createCipheriv('sm4-ecb', unhex(block), null).setAutoPadding(false)
  t.equal(cipher.update(block, 'hex', 'hex') + cipher.final('hex'), '681edf34d206965e86b3e94f536e4246')
})

test('the counter mode and the MAC beneath give the published values', async t => {
  const { createCipheriv, createHmac } = await import('node:crypto')
  const cipher = createCipheriv('sm4-ctr', unhex('0123456789abcdeffedcba9876543210'), unhex('000102030405060708090a0b0c0d0e0f'))
  const plain = unhex('aabbccddeeffaabb'.replaceAll(/../g, pair => pair.repeat(8)))
  t.equal(cipher.update(plain, undefined, 'hex'), 'ac3236cb970cc20791364c395a1342d1a3cbc1878c6f30cd074cce385cdd70c7f234bc0e24c11980fd1286310ce37b926e02fcd0faa0baf38b2933851d824514', 'draft-ribose-cfrg-sm4 A.2.5')
  const key = unhex('0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425')
  t.equal(createHmac('sm3', key).update(Buffer.alloc(50, 0xcd)).digest('hex'), '220bf579ded555393f0159f66c99877822a3ecf610d1552154b41d44b94db3ae', 'GM/T 0042')
})

test('an independent implementation opens what authenticated SM4 sealed', async t => {
  const mac = (key: Uint8Array, data: Uint8Array): Buffer => unhex(oracleSm3(new Uint8Array(data), { mode: 'hmac', key: hex(key) }))
  /** HKDF of one block, RFC 5869. */
  const derived = (secret: Uint8Array, info: string, bytes: number) => mac(mac(Buffer.alloc(32), secret), Buffer.concat([Buffer.from(info), Buffer.from([1])])).subarray(0, bytes)
  const counted = (key: Uint8Array, iv: Buffer, data: Buffer): Buffer => {
    const counter = BigInt(`0x${hex(iv)}`)
    return Buffer.from(data.map((byte, at) => {
      const block = ((counter + BigInt(at >> 4)) % (1n << 128n)).toString(16).padStart(32, '0')
      return byte ^ (unhex(sm4.encrypt(new Uint8Array(unhex(block)), new Uint8Array(key), { padding: 'none', output: 'string' }))[at & 15] as number)
    }))
  }
  for (const length of [0, 1, 16, 19, 100]) {
    const secret = Buffer.alloc(32, length + 1)
    const plain = Buffer.from('6222021234567890123'.repeat(6)).subarray(0, length)
    const place = Buffer.from('place')
    const sealed = SM4_CTR_HMAC_SM3.keyed(secret).seal(plain, place)
    const body = sealed.subarray(0, -32)
    t.equal(hex(counted(derived(secret, 'rongqiao sm4-ctr v1', 16), body.subarray(0, 16), body.subarray(16))), hex(plain), `${length} bytes`)
    const head = Buffer.alloc(8)
    head.writeBigUInt64BE(BigInt(place.length))
    t.equal(hex(mac(derived(secret, 'rongqiao hmac-sm3 v1', 32), Buffer.concat([head, place, body]))), hex(sealed.subarray(-32)))
  }
})
