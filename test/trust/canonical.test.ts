import { test } from 'tap'
import * as fc from 'fast-check'
import { createHash } from 'node:crypto'
import { canonical, digestOf, sha256Hex } from '../../src/db/canonical.ts'

test('the sample of RFC 8785 §3.2.2 comes out byte for byte', async t => {
  const input = JSON.parse(String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`) as unknown
  t.equal(canonical(input), String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],`
    + String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`)
})

test('keys are sorted by UTF-16 code unit, as in RFC 8785 §3.2.3', async t => {
  const input = JSON.parse(String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
    "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`) as object
  const order = [...canonical(input).matchAll(/:"([^"]*)"/g)].map(match => match[1])
  t.same(order, ['Carriage Return', 'One', 'Control', 'Latin Small Letter O With Diaeresis', 'Euro Sign', 'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh'])
})

test('numbers are written as RFC 8785 appendix B writes them', async t => {
  const samples: Array<[string, string]> = [
    ['0000000000000000', '0'], ['8000000000000000', '0'], ['0000000000000001', '5e-324'], ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'], ['4430000000000000', '295147905179352830000'], ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'], ['444b1ae4d6e2ef4f', '999999999999999900000'], ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'], ['3eb0c6f7a0b5ed8d', '0.000001'], ['41b3de4355555553', '333333333.3333332'],
    ['becbf647612f3696', '-0.0000033333333333333333']
  ]
  for (const [hex, out] of samples) t.equal(canonical(Buffer.from(hex, 'hex').readDoubleBE(0)), out)
})

test('what JSON cannot say is a bug, never dropped or bent', async t => {
  const date = new Date(0)
  for (const wrong of [undefined, NaN, Infinity, -Infinity, 1n, Symbol('s'), () => 1, date, new Map(), Buffer.from('a'), '\ud800', '\udc00x']) {
    t.throws(() => canonical(wrong), TypeError)
    t.throws(() => canonical({ member: wrong }), TypeError)
    t.throws(() => canonical([wrong]), TypeError)
  }
  t.throws(() => canonical({ '\ud800': 1 }), TypeError)
  t.throws(() => canonical(Array.from({ length: 2 }, () => undefined)), TypeError)
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  t.throws(() => canonical(cycle), RangeError)
})

test('the text is JSON, means the same, and does not depend on the order of members', async t => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), value => {
    const out = canonical(value)
    const back = JSON.parse(out) as unknown
    const shuffled = JSON.parse(JSON.stringify(value, (_key, member: unknown) => (
      typeof member === 'object' && member !== null && !Array.isArray(member) ? Object.fromEntries(Object.entries(member).toReversed()) : member
    ))) as unknown
    return canonical(back) === out && canonical(shuffled) === out
  }), { numRuns: 1000, seed: 20260112 }))
})

test('a digest is the SHA-256 of the canonical UTF-8 bytes', async t => {
  t.equal(sha256Hex('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  t.equal(sha256Hex('融桥'), createHash('sha256').update(Buffer.from('融桥', 'utf8')).digest('hex'))
  t.equal(digestOf({ b: 1, a: '融' }), sha256Hex('{"a":"融","b":1}'))
  t.not(digestOf({ a: '1' }), digestOf({ a: 1 }))
})
