/** The hub as a user starts it: an empty folder, a free port, a second start (contract §2). */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startHub, until } from '../../scripts/bench/hub.ts'
import { temporaryDatabase } from '../helper.ts'
import { name_1, uscc_1 } from './client.ts'

const SEEDED: Record<string, number> = {
  PARK: 2, BANK: 3, GUARANTOR: 2, RE_GUARANTOR: 1, LESSOR: 1, INSURER: 1, AUDITOR: 2, MEIC: 1, DISTRICT_MEIC: 1, FINANCE_BUREAU: 1, REGULATOR_VIEWER: 1, PARTNER_PLATFORM: 1,
  PLATFORM_OPERATOR: 1, ENTERPRISE: 2
}

t.test('a sandbox is seeded once, kept over restarts, and only its address is written again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-journey-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const { target } = await temporaryDatabase(t)
  const env: Record<string, string> = target.startsWith('postgres') ? { DATABASE_URL: target } : { DATABASE_URL: '' }
  const path = join(folder, 'sandbox.json')
  const first = await startHub(env, folder)
  t.teardown(() => first.stop())
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(first.sandbox.base_url, first.base_url)
  const { participants, consortia } = first.sandbox
  const count: Record<string, number> = {}
  for (const participant of participants) {
    count[participant.role] = (count[participant.role] ?? 0) + 1
    t.same(Object.keys(participant).sort(), ['api_key', 'client_id', 'client_secret', 'name', 'participant_no', 'role', 'uscc', 'users'])
    const two = ['MEIC', 'FINANCE_BUREAU', 'AUDITOR', 'PLATFORM_OPERATOR'].includes(participant.role)
    t.ok(participant.users.length >= (two ? 2 : 1), participant.participant_no)
    for (const user of participant.users) {
      t.same(Object.keys(user).sort(), ['api_key', 'duties', 'name', 'user_no'])
      t.ok(user.duties.length > 0 && user.duties.every(duty => duty === 'PREPARE' || duty === 'APPROVE'))
    }
  }
  t.same(count, SEEDED)
  const [bank_1, bank_2, bank_3] = participants.filter(each => each.role === 'BANK').map(each => each.participant_no)
  t.same(consortia.map(each => [...each.banks].sort()), [[bank_1, bank_2], [bank_1, bank_3]], 'bank 1 in both, 2 in the first, 3 in the second')
  for (const consortium of consortia) t.equal(consortium.guarantors.length, 1)
  t.equal((await fetch(`${first.base_url}/health/ready`)).status, 200)
  const year = String(new Date(Date.now() + 8 * 3_600_000).getUTCFullYear())
  const budgets = await first.call<{ items: { year: string | number }[] }>('meic', 'GET', '/v1/budgets')
  t.ok(budgets.items.some(budget => String(budget.year) === year), 'a budget for the current year')

  const { list_no } = await first.call<{ list_no: string }>('park-1', 'POST', '/v1/enterprise-lists', { rows: [{ name: name_1, uscc: uscc_1, amount: '5000000.00', term_months: 36, purpose: '设备', consent: true }] })
  await until(async () => (await first.call<{ items: unknown[] }>('bank-1', 'GET', '/v1/leads')).items[0], 'the lead')
  const before = readFileSync(path, 'utf8')
  await first.stop()

  const second = await startHub(env, folder)
  t.teardown(() => second.stop())
  t.equal(readFileSync(path, 'utf8'), before.replace(first.base_url, second.base_url), 'only base_url is written again')
  t.equal((await second.call<{ status: string }>('park-1', 'GET', `/v1/enterprise-lists/${list_no}`)).status, 'DECIDED')
  t.equal((await second.call<{ items: unknown[] }>('bank-1', 'GET', '/v1/leads')).items.length, 1)
})

t.test('events reach a feed that waits and a webhook that is signed, thin and replayable', async (t) => {
  const got: { headers: Record<string, unknown>, body: string }[] = []
  const receiver = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => { text += chunk.toString() })
    request.on('end', () => {
      got.push({ headers: request.headers, body: text })
      response.writeHead(204).end()
    })
  })
  await new Promise<void>(resolve => { receiver.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => receiver.close())
  const address = receiver.address()
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port')
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-journey-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const { target } = await temporaryDatabase(t)
  const hub = await startHub(target.startsWith('postgres') ? { DATABASE_URL: target } : { DATABASE_URL: '' }, folder)
  t.teardown(() => hub.stop())
  const endpoint = await hub.call<{ endpoint_no: string, secret: string, public_key: string }>('bank-1', 'POST', '/v1/webhook-endpoints', { url: `http://127.0.0.1:${address.port}/hook` })
  t.match(endpoint.secret, /^whsec_/)
  const shown = await hub.call<{ secret?: string }>('bank-1', 'GET', `/v1/webhook-endpoints/${endpoint.endpoint_no}`)
  t.equal(shown.secret, undefined, 'a secret is shown once')
  await until(async () => (await hub.call<{ verified: boolean }>('bank-1', 'GET', `/v1/webhook-endpoints/${endpoint.endpoint_no}`)).verified || undefined, 'the endpoint to be verified')
  interface Feed { items: { type: string }[], next_cursor: string }
  const start = await until(async () => {
    const { items, next_cursor } = await hub.call<Feed>('bank-1', 'GET', '/v1/events')
    return items.some(item => item.type === 'webhook_endpoint.verified') ? next_cursor : undefined
  }, 'the event of the verification')
  const waiting = hub.call<Feed>('bank-1', 'GET', `/v1/events?after=${encodeURIComponent(start)}&wait=20`)
  await hub.call('park-1', 'POST', '/v1/enterprise-lists', { rows: [{ name: name_1, uscc: uscc_1, amount: '5000000.00', term_months: 36, purpose: '购置数控设备', consent: true }] })
  const { items } = await waiting
  t.ok(items.some(item => item.type === 'lead.pushed'), JSON.stringify(items))
  const hook = await until(async () => got.find(each => each.body.includes('lead.pushed')), 'the webhook')
  for (const secret of [uscc_1, name_1, '5000000.00', '购置数控设备']) t.notMatch(hook.body, new RegExp(secret.replaceAll('.', '\\.')), 'a webhook is thin')
  for (const header of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) t.type(hook.headers[header], 'string', header)
  const before = got.length
  await hub.call('bank-1', 'POST', `/v1/webhook-endpoints/${endpoint.endpoint_no}/replay`, { event_no: String(hook.headers['webhook-id']) })
  await until(async () => got.slice(before).find(each => each.headers['webhook-id'] === hook.headers['webhook-id']), 'the same message under its old number')
  // An attempt is recorded after it was made, a batch at a time.
  const attempts = await until(async () => {
    const { items } = await hub.call<{ items: { outcome: string }[] }>('bank-1', 'GET', `/v1/webhook-endpoints/${endpoint.endpoint_no}/attempts`)
    return items.length >= 2 ? items : undefined
  }, 'both attempts on record')
  t.ok(attempts.every(({ outcome }) => outcome !== undefined))
  await hub.call('bank-1', 'POST', `/v1/webhook-endpoints/${endpoint.endpoint_no}/test`)
  const rotated = await hub.call<{ secret: string }>('bank-1', 'POST', `/v1/webhook-endpoints/${endpoint.endpoint_no}/rotate-secret`)
  t.not(rotated.secret, endpoint.secret)
})
