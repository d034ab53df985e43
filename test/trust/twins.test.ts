/** The same voucher sent many times at once is one voucher with one answer, whichever process it reaches. */
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { request } from 'undici'
import { nextKey, startHub } from '../../scripts/bench/hub.ts'
import { bearer, bringLoans, bringNeeds, inventedVoucher } from '../../scripts/bench/world.ts'
import { temporaryDatabase } from '../helper.ts'

t.setTimeout(600_000)

const at_once = 200
const rounds = process.env.FULL === '1' ? 100 : 2

t.test(`${at_once} equal submissions at once, ${rounds} rounds: one row, one answer, with the same key and with a key each`, async t => {
  const { target, folder } = await temporaryDatabase(t)
  const env: Record<string, string> = target.startsWith('postgres') ? { DATABASE_URL: target } : {}
  const first = await startHub(env, folder)
  t.teardown(() => first.stop())
  const second = target.startsWith('postgres') ? await startHub(env, folder) : first
  t.teardown(() => second.stop())
  await bringNeeds(first, 1, 2)
  await bringLoans(first, 1, 2)
  const { document_no } = await first.upload<{ document_no: string }>('bank-1', '/v1/documents', 'receipt.pdf', Buffer.from('%PDF-1.4 receipt'))
  const path = '/v1/interest-vouchers'
  for (let round = 0; round < rounds; round++) {
    for (const keys of ['one key', 'a key each'] as const) {
      const number = round * 2 + (keys === 'one key' ? 0 : 1)
      const body = inventedVoucher(number, 1, 2, document_no)
      const one_key = nextKey()
      const answers = await Promise.all(Array.from({ length: at_once }, async (_, index) => {
        const hub = index % 2 === 0 ? first : second
        const answer = await request(hub.base_url + path, {
          method: 'POST', body: JSON.stringify(body),
          headers: { ...bearer(hub, 'bank-1'), 'content-type': 'application/json', 'idempotency-key': keys === 'one key' ? one_key : nextKey() }
        })
        return { status: answer.statusCode, text: await answer.body.text(), replayed: answer.headers['idempotency-replayed'] }
      }))
      const texts = new Set(answers.map(({ text }) => text))
      t.equal(texts.size, 1, `round ${round}, ${keys}: one answer ${texts.size === 1 ? '' : [...texts].slice(0, 3).join(' | ')}`)
      const made = answers.filter(({ status, replayed }) => status === 201 && replayed === undefined)
      t.equal(made.length, 1, `round ${round}, ${keys}: made once`)
      t.equal(answers.filter(({ status }) => status === (keys === 'one key' ? 201 : 200)).length, keys === 'one key' ? at_once : at_once - 1, `round ${round}, ${keys}: the others got the first`)
      const { items } = await second.call<{ items: { voucher_no: string }[] }>('bank-1', 'GET', `${path}?limit=200`)
      t.equal(items.filter(({ voucher_no }) => voucher_no === body.voucher_no).length, 1, `round ${round}, ${keys}: one row`)
    }
  }

  // The other process has just let the bank in, and remembers it; a second later it does not.
  const me = async (): Promise<number> => {
    const answer = await request(`${second.base_url}/v1/me`, { headers: bearer(second, 'bank-1') })
    await answer.body.dump()
    return answer.statusCode
  }
  t.equal(await me(), 200)
  const keeper = first.participant('meic').users[0]
  const suspended = await request(`${first.base_url}/v1/participants/bank-1`, {
    method: 'PATCH', body: JSON.stringify({ status: 'SUSPENDED' }), headers: { authorization: `Bearer ${keeper?.api_key}`, 'content-type': 'application/json', 'if-match': '"1"' }
  })
  t.equal(suspended.statusCode, 200, await suspended.body.text())
  await pause(1000)
  t.equal(await me(), 401, 'a suspension counts in every process within a second')
})
