import { test } from 'tap'
import * as fc from 'fast-check'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  AES_256_GCM, createCipher, keyringFromFile, keyringOf, newKeyring, parseKeyring, rotatedKeyring, SealError
} from '../../src/db/cipher.ts'
import { SM4_CTR_HMAC_SM3 } from '../../src/http/sm.ts'

const ACCOUNT = '6222021234567890123'
const PLACE = 'subsidy_accounts.account_no.acc_01'
const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'opened'
  } catch (error) {
    return error instanceof SealError ? error.code : 'another error'
  }
}

for (const suites of [[AES_256_GCM], [SM4_CTR_HMAC_SM3, AES_256_GCM]] as const) {
  const name = suites[0].name

  test(`${name}: any text comes back as it went, and no two sealings look alike`, async t => {
    const cipher = createCipher(parseKeyring(newKeyring('k1')), suites)
    t.doesNotThrow(() => fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ unit: 'binary' }), (text, place) => (
      cipher.open(cipher.seal(text, place), place) === text
    )), { numRuns: 300, seed: 1 }))
    t.not(cipher.seal(ACCOUNT, PLACE), cipher.seal(ACCOUNT, PLACE))
    t.notMatch(cipher.seal(ACCOUNT, PLACE), ACCOUNT)
    t.match(cipher.seal('', PLACE), new RegExp(`^v1\\.k1\\.${name}\\.`))
  })

  test(`${name}: a value moved to another row, column or table does not open`, async t => {
    const cipher = createCipher(parseKeyring(newKeyring('k1')), suites)
    const sealed = cipher.seal(ACCOUNT, PLACE)
    for (const place of ['subsidy_accounts.account_no.acc_02', 'subsidy_accounts.account_name.acc_01', '', `${PLACE}\0`]) {
      t.equal(codeOf(() => cipher.open(sealed, place)), 'SEAL_BROKEN')
    }
  })

  test(`${name}: no character of a sealed value can change, in this process or a later one`, async t => {
    const text = newKeyring('k1')
    const sealed = createCipher(parseKeyring(text), suites).seal(ACCOUNT, PLACE)
    const later = createCipher(parseKeyring(text), suites)
    t.equal(later.open(sealed, PLACE), ACCOUNT)
    let opened = 0
    for (let at = 0; at < sealed.length; at++) {
      for (const other of ['A', 'b', '_', '.']) {
        const bent = sealed.slice(0, at) + other + sealed.slice(at + 1)
        if (bent !== sealed && codeOf(() => later.open(bent, PLACE)) === 'opened') opened += 1
      }
      if (codeOf(() => later.open(sealed.slice(0, at), PLACE)) === 'opened') opened += 1
    }
    t.equal(opened, 0)
  })
}

test('a rotated keyring opens the old, seals under the new, and reseals row by row', async t => {
  const first = newKeyring('k1')
  const second = rotatedKeyring(first, 'k2')
  const old = createCipher(parseKeyring(first))
  const now = createCipher(parseKeyring(second))
  const sealed = old.seal(ACCOUNT, PLACE)
  t.equal(now.open(sealed, PLACE), ACCOUNT)
  const moved = now.reseal(sealed, PLACE)
  t.match(moved, /^v1\.k2\./)
  t.equal(now.open(moved, PLACE), ACCOUNT)
  t.equal(now.reseal(moved, PLACE), moved, 'nothing is written twice')
  t.equal(codeOf(() => old.open(moved, PLACE)), 'KEY_UNKNOWN')
  t.equal(codeOf(() => now.reseal(sealed, 'elsewhere')), 'SEAL_BROKEN')
  t.equal(now.blindIndex(ACCOUNT), old.blindIndex(ACCOUNT), 'lookups survive the rotation')
})

test('changing the suite moves values over by reseal and opens both meanwhile', async t => {
  const ring = parseKeyring(newKeyring('k1'))
  const aes = createCipher(ring)
  const both = createCipher(ring, [SM4_CTR_HMAC_SM3, AES_256_GCM])
  const sealed = aes.seal(ACCOUNT, PLACE)
  const moved = both.reseal(sealed, PLACE)
  t.match(moved, /^v1\.k1\.sm4-ctr-hmac-sm3\./)
  t.equal(both.open(moved, PLACE), both.open(sealed, PLACE))
  t.equal(codeOf(() => aes.open(moved, PLACE)), 'SUITE_UNKNOWN')
})

test('a blind index is equal for equal values and depends on the key', async t => {
  const one = createCipher(parseKeyring(newKeyring('k1')))
  t.equal(one.blindIndex(ACCOUNT), one.blindIndex(ACCOUNT))
  t.match(one.blindIndex(ACCOUNT), /^[0-9a-f]{64}$/)
  t.not(one.blindIndex(ACCOUNT), one.blindIndex('6222021234567890124'))
  t.not(one.blindIndex(ACCOUNT), createCipher(parseKeyring(newKeyring('k1'))).blindIndex(ACCOUNT))
  t.throws(() => one.blindIndex('\ud800'), TypeError)
  t.throws(() => one.seal('\ud800', PLACE), TypeError)
})

test('a keyring file is read only when nobody else can, and its mistakes never show a key', async t => {
  const path = join(t.testdir(), 'keyring.json')
  writeFileSync(path, newKeyring('k1'), { mode: 0o600 })
  t.equal(keyringFromFile(path).current.id, 'k1')
  chmodSync(path, 0o640)
  t.throws(() => keyringFromFile(path), /owner only/)
  const secret = Buffer.alloc(32, 1).toString('base64')
  for (const text of [`{"current":"k1","keys":[{"id":"k1","key":"${secret}"`, '{}', '[]', `{"current":"k2","keys":[{"id":"k1","key":"${secret}"}],"index_key":"${secret}"}`,
    `{"current":"k1","keys":[{"id":"k1","key":"${secret}"},{"id":"k1","key":"${secret}"}],"index_key":"${secret}"}`,
    `{"current":"k1","keys":[{"id":"k1","key":"c2hvcnQ="}],"index_key":"${secret}"}`, `{"current":"k1","keys":[{"id":"k1","key":"${secret}"}]}`,
    `{"current":"K.1","keys":[{"id":"K.1","key":"${secret}"}],"index_key":"${secret}"}`]) {
    try {
      parseKeyring(text)
      t.fail('accepted')
    } catch (error) {
      t.notMatch(String((error as Error).stack), secret.slice(0, 10))
      t.match(String(error), /keyring/)
    }
  }
  t.throws(() => rotatedKeyring(newKeyring('k1'), 'k1'), /twice/)
  t.throws(() => keyringOf([], 'k1', Buffer.alloc(32)), /current/)
})

test('sealing and opening a field costs far less than a query', async t => {
  const cipher = createCipher(parseKeyring(newKeyring('k1')))
  const count = 20_000
  const sealed: string[] = []
  const start = process.hrtime.bigint()
  for (let i = 0; i < count; i++) sealed.push(cipher.seal(ACCOUNT, PLACE))
  const middle = process.hrtime.bigint()
  for (const text of sealed) cipher.open(text, PLACE)
  const end = process.hrtime.bigint()
  t.comment(`seal ${(Number(middle - start) / count / 1000).toFixed(1)} µs, open ${(Number(end - middle) / count / 1000).toFixed(1)} µs`)
  t.ok(Number(end - start) / count / 1000 < 200, 'both together, on any machine')
})
