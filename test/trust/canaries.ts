/** Values that may never be readable at rest, and the places where they would show. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { aRow } from '../fixtures.ts'
import type { Built } from '../helper.ts'
import { knowEnterprise, name_1, uscc_1 } from '../lending/fixtures.ts'
import { givenNeed, leadFor } from '../matching/needs.ts'
import { anAccount, declare, paid, payable } from '../payment/fixtures.ts'
import { done } from '../subsidy/fixtures.ts'
import { aKey, bearerOf, sendSigned } from './signing.ts'

export const canaries = {
  phone: '13987654321', contact: '示范联系人甲乙丙', spoken_to: '示范受访人丁戊己', account: '5000987654321012', other_account: '5000876543210912',
  document: 'canary-document-body-7f3a9c', list: '示范联系人列表庚辛', list_phone: '13876543219', user: '示范经办人壬癸子', proposed_user: '示范复核人丑寅卯', kept_user: '示范复核人辰巳午', file: '示范人名文件未申酉'
}

/** The whole way from a list to a payment, with values that may not show. @returns secrets that were handed out */
export async function played (t: Parameters<typeof payable>[0]): Promise<{ hub: Built, secrets: Record<string, string>, lead_no: string, document_no: string, batch_no: string }> {
  const { hub } = await payable(t)
  await knowEnterprise(hub, uscc_1, name_1, { contact_name: canaries.contact, contact_phone: canaries.phone })

  const csv = ['企业名称,统一社会信用代码,融资需求金额（万元）,融资期限（月）,资金用途,是否授权,联系人,联系电话', `重庆江岸新材料有限公司（虚构）,91500115MAXX00023Y,300,24,设备更新,是,${canaries.list},${canaries.list_phone}`,
    `重庆无名企业（虚构）,错误代码,300,24,设备更新,是,${canaries.list} ${canaries.list_phone},`].join('\r\n')
  const list = done<{ list_no: string }>(await hub.as('park-1').upload('/v1/enterprise-lists', { name: `${canaries.file}.csv`, bytes: Buffer.from(csv), type: 'text/csv' }))
  for (let tries = 0; tries < 200 && !['DECIDED', 'REFUSED'].includes(done<{ status: string }>(await hub.as('park-1').get(`/v1/enterprise-lists/${list.list_no}`)).status); tries++) {
    await hub.loops.settle()
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  t.equal(done<{ status: string }>(await hub.as('park-1').get(`/v1/enterprise-lists/${list.list_no}`)).status, 'DECIDED')
  done(await hub.as('park-2').post('/v1/enterprise-lists', { rows: [aRow({ uscc: '91500120MAXX000311', name: '重庆第三企业（虚构）' })] }))
  const need = await givenNeed(hub, { enterprise: { contact_name: canaries.contact, contact_phone: canaries.phone } })
  await hub.loops.settle()
  const lead = await leadFor(hub, 'bank-1', need.need_no)
  t.match(lead.disclosure, { financing_need: { contact_name: canaries.contact, contact_phone: canaries.phone } }, 'who may read it reads it')
  done(await hub.as('bank-1').post(`/v1/leads/${lead.lead_no}/events`, { type: 'CONTACTED', occurred_at: hub.clock.now(), channel: 'PHONE', person: canaries.spoken_to, result: '已联系' }))
  t.match((await hub.as('bank-1').get(`/v1/leads/${lead.lead_no}/events`)).json().items[0], { person: canaries.spoken_to })

  const { document_no } = done<{ document_no: string }>(await hub.as('bank-1').upload('/v1/documents', {
    name: `${canaries.file}.pdf`, bytes: Buffer.from(canaries.document), type: 'application/pdf' }))
  t.match(decodeURIComponent(String((await hub.as('bank-1').get(`/v1/documents/${document_no}`)).headers['content-disposition'])), canaries.file)
  t.match((await hub.as('park-1').get(`/v1/enterprise-lists/${list.list_no}`)).json(), { file_name: `${canaries.file}.csv` })
  await declare(hub, 'bank-1', { account_no: canaries.account })
  const key = await aKey(hub, 'bank-1', 'sm2-sm3')
  const signed = await sendSigned(hub, key, 'POST', '/v1/subsidy-accounts', anAccount({ account_no: canaries.other_account }), { authorization: bearerOf(hub, 'bank-1') })
  t.equal(signed.statusCode, 201, 'the body of a signed request is kept as proof, sealed')
  const batch = await paid(hub)
  const instruction = await hub.as('finance-bureau', 1).get(`/v1/payment-batches/${batch.batch_no}/instruction`)
  t.match(instruction.body, canaries.account, 'the bureau reads the account in the instruction')
  const endpoint = done<{ secret: string }>(await hub.as('bank-1').post('/v1/webhook-endpoints', { url: 'http://127.0.0.1:9999/hook' }))
  const client = done<{ client_secret: string }>(await hub.as('platform-operator', 1).post('/v1/participants/bank-1/clients', {}))
  // Names of users: of a participant that waits for its second person, in a change that was proposed, and in one that counts.
  const operator = (user: number) => hub.as('platform-operator', user)
  const newcomer = { participant_no: 'bank-9', role: 'BANK', name: '示范银行戊（虚构）', uscc: '91500000MAYY00309C', users: [{ user_no: 'bank-9-user-1', name: canaries.user, duties: ['PREPARE'] }] }
  t.match(done(await operator(1).post('/v1/participants', newcomer)), { status: 'PENDING_SECOND_PERSON', users: [{ name: canaries.user }] })
  const users = (name: string) => ({ users: [{ user_no: 'bank-1-user-7', name, duties: ['APPROVE'], status: 'ACTIVE' }] })
  const change = async (user: number, version: number, name: string) =>
    operator(user).send('PATCH', '/v1/participants/bank-1', users(name), { 'if-match': `"${version}"` })
  t.match(done(await change(1, 1, canaries.kept_user)), { proposed: { changes: users(canaries.kept_user) } }, 'who may read a proposal reads the name')
  t.match(done<{ users: unknown[] }>(await change(2, 2, canaries.kept_user)).users.at(-1), { name: canaries.kept_user })
  t.match(done(await change(1, 3, canaries.proposed_user)), { proposed: { changes: users(canaries.proposed_user) } })
  return {
    hub, lead_no: lead.lead_no, document_no, batch_no: batch.batch_no, secrets: { webhook: endpoint.secret.replace(/^whsec_/, ''), client: client.client_secret, api_key: hub.sandbox.participants[2]?.api_key ?? '' }
  }
}

/** Every way in which bytes could show: as they are, and in base64 at any alignment. */
function formsOf (value: string): Buffer[] {
  const shifted = [0, 1, 2].map(shift => Buffer.concat([Buffer.alloc(shift), Buffer.from(value)]).toString('base64').slice(shift === 0 ? 0 : shift + 1).replace(/=+$/, '').slice(0, -2))
  return [Buffer.from(value), Buffer.from(value, 'utf16le'), Buffer.from(encodeURIComponent(value)), ...shifted.map(text => Buffer.from(text))]
}

function filesUnder (folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)).filter(name => statSync(name).isFile())
}

/** `name in place` of every value that shows in files, texts or database; nothing when all is sealed. */
export async function shownIn (hub: Pick<Built, 'config' | 'logged'>, values: Record<string, string>, folders: readonly string[]): Promise<string[]> {
  const places = new Map<string, Buffer>(folders.flatMap(filesUnder).map(file => [file, readFileSync(file)]))
  places.set('the log', Buffer.from(hub.logged.join('')))
  if (hub.config.database_url !== null) for (const [table, text] of await dump(hub.config.database_url)) places.set(`table ${table}`, text)
  return [...places].flatMap(([place, bytes]) => Object.entries(values).filter(([, value]) => formsOf(value).some(form => bytes.includes(form))).map(([name]) => `${name} in ${place}`))
}

/** Every row of every table of a PostgreSQL database, as text. */
export async function dump (url: string): Promise<Map<string, Buffer>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ tablename: string }>("select tablename from pg_tables where schemaname = 'public'")
    const texts = new Map<string, Buffer>()
    for (const { tablename } of rows) texts.set(tablename, Buffer.from((await client.query(`select t::text as line from ${tablename} t`)).rows.map(({ line }) => line).join('\n')))
    return texts
  } finally {
    await client.end()
  }
}
