/**
 * Fuzz: node scripts/harness/fuzz.ts [requests] [--seed=n] [--outcomes] [--fault]
 *
 * Seeded requests over every operation of the contract, right and nearly right, by every role, machine and person. The hub may refuse
 * anything, but only as the contract says: no 5xx (503 with Retry-After aside), only declared statuses, bodies that fit their declared
 * schema, problems in their form and under a declared code. `--outcomes` prints what each request got, so that a run on PostgreSQL (DATABASE_URL) can be compared with one on
 * SQLite. `--fault` breaks one operation and one declared schema on purpose: both must be noticed.
 */
import type { LightMyRequestResponse } from 'fastify'
import { Compile } from 'typebox/schema'
import { build, type Built } from '../../test/helper.ts'
import { inventedName, inventedProject, inventedUscc } from '../bench/world.ts'
import { dice, inputs, type Dice, type Inputs, type Known, type Schema } from './inputs.ts'

export interface Mistake { request: string, status: number, why: string, body: string }
export interface FuzzReport { requests: number, operations: number, succeeded: number, server_errors: number, mistakes: Mistake[], outcomes: string[] }

interface Parameter { in: string, name: string, required?: boolean, schema: Schema }
interface Operation {
  id: string
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  callers: string[]
  parameters: Parameter[]
  body: Record<string, { schema: Schema, example?: unknown }>
  responses: Record<string, { description: string, content?: Record<string, { schema: Schema }> }>
}
interface Document {
  paths: Record<string, Record<string, {
    operationId: string, parameters?: Parameter[], requestBody?: { content: Operation['body'] }, responses: Operation['responses'], 'x-callers': string[] | string
  }>>
  components: { schemas: Record<string, Schema> }
}
interface Sent { method: Operation['method'], url: string, headers: Record<string, string>, payload?: string | Buffer }

const suspension_counts_ms = 1000
const enterprises = 6
const known_max = 60
/** Background work, and time, go on between requests. */
const settle_every = 40
const advance_every = 250
const advance_ms = 6 * 3_600_000
/** Numbers by which something is asked for again. */
const worth_keeping = /_no$|^row_id$|^uscc$|_uscc$|^project_code$|^digest$|^policy_code$|^seq$/
const broken_texts = ['', '{', '[]', '"text"', 'null', '{"a":1}}', '{"a":"\\u0000"}', '{"a":"\\ud800"}', '{"__proto__":{"a":1}}', '\u{FEFF}{}', '{"a":NaN}', `${'['.repeat(5000)}${']'.repeat(5000)}`]
const uploads = ['%PDF-1.4 receipt', '', '企业名称,统一社会信用代码,融资金额,期限,用途,授权\n', 'PK\u0003\u0004', '名称,代码\n甲,91500112MAXX00015Q\n', '\u0000\u0001\u0002', '{"a":1}']

function operationsOf (document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, declared]) => ({
    id: declared.operationId, method: method.toUpperCase() as Operation['method'], path, callers: [declared['x-callers']].flat(), parameters: declared.parameters ?? [],
    body: declared.requestBody?.content ?? {}, responses: declared.responses
  })))
}

const rootOf = (path: string): string => path.split('/').slice(0, 3).join('/')

/** Keeps numbers of an answer under the names of their fields. */
function harvest (known: Known, root: string, value: unknown, name = ''): void {
  if (Array.isArray(value)) for (const member of value.slice(0, 5)) harvest(known, root, member, name)
  else if (typeof value === 'object' && value !== null) for (const [field, member] of Object.entries(value)) harvest(known, root, member, field)
  else if (typeof value === 'string' && (name === 'number' || worth_keeping.test(name))) {
    const key = name === 'number' ? `number of ${root}` : name
    const values = known.get(key) ?? []
    known.set(key, values)
    if (values.includes(value)) return
    values.push(value)
    if (values.length > known_max) values.shift()
  }
}

/** A body and its media type, mostly well-formed. */
function bodyOf ({ body }: Operation, { chance, pick, below }: Dice, made: Inputs, base: Sent): Sent {
  const media = Object.keys(body)
  if (media.length === 0) return chance(0.05) ? { ...base, headers: { ...base.headers, 'content-type': 'application/json' }, payload: pick(broken_texts) } : base
  const type = pick(media)
  const with_type = { ...base, headers: { ...base.headers, 'content-type': chance(0.01) ? pick(['text/plain', 'application/xml', 'a/b;c', '']) : type } }
  if (type === 'multipart/form-data') {
    const boundary = 'rongqiao-fuzz-boundary'
    const part = (head: string, text: string) => `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n${text}\r\n`
    const parts = [part(`name="${pick(['file', 'file', 'file', 'other'])}"; filename="${pick(['a.pdf', '表.csv', 'x.xlsx', '../a', ''])}"`, pick(uploads))]
    if (chance(0.4)) parts.push(part(`name="${pick(['declaration', 'declared_row_count', 'declared_amount', 'x'])}"`, pick(['true', '1', '0.00', 'no', ''])))
    const text = parts.join('') + (chance(0.95) ? `--${boundary}--\r\n` : '')
    return { ...with_type, headers: { ...with_type.headers, 'content-type': `multipart/form-data; boundary=${boundary}` }, payload: Buffer.from(text) }
  }
  const { schema, example } = body[type] ?? { schema: {} }
  let value = example !== undefined && chance(0.55) ? made.vary(example, '') : made.make(schema, '')
  for (let spoils = pick([0, 0, 0, 1, 1, 2]); spoils > 0; spoils--) value = made.spoil(value)
  if (type === 'application/x-www-form-urlencoded') {
    return { ...with_type, payload: Object.entries(value ?? {}).map(([name, text]) => `${name}=${encodeURIComponent(String(text).toWellFormed())}`).join('&') }
  }
  return { ...with_type, payload: chance(0.02) ? pick(broken_texts) : JSON.stringify(value).slice(0, chance(0.01) ? below(60) : undefined) }
}

/** One request to the operation, by somebody. */
function requestTo (operation: Operation, random: Dice, made: Inputs, known: Known, callers: Callers, key: string): Sent {
  const { chance, pick } = random
  const { method, path, parameters } = operation
  const headers: Record<string, string> = chance(0.2) ? { 'accept-language': 'zh-CN' } : {}
  const caller = callers.one(operation, random)
  if (caller !== null) headers.authorization = `Bearer ${caller}`
  let url = path
  const query: string[] = []
  for (const { in: place, name, required, schema } of parameters) {
    const wanted = required === true || chance(0.3)
    if (place === 'path') {
      const numbers = known.get(name === 'number' ? `number of ${rootOf(path)}` : name) ?? []
      const value = numbers.length > 0 && chance(0.85) ? pick(numbers) : chance(0.5) ? String(made.make(schema, name)) : made.oddString()
      url = url.replace(`{${name}}`, encodeURIComponent(value.toWellFormed()))
    } else if (place === 'query' && wanted && name !== 'wait') {
      const value = chance(0.15) ? made.spoil(made.make(schema, name)) : made.make(schema, name)
      query.push(`${name}=${encodeURIComponent(String(value).toWellFormed())}`)
    } else if (name === 'Idempotency-Key' && chance(0.99)) headers['idempotency-key'] = key
    else if (name === 'If-Match' && chance(0.95)) headers['if-match'] = pick(['"1"', '"2"', '"3"', '*', 'W/"1"', 'x', '"99999999999999999999"'])
    else if (name === 'If-None-Match' && chance(0.3)) headers['if-none-match'] = pick(['"1"', '"x"', '*'])
  }
  if (chance(0.02)) query.push(pick(['extra=1', 'limit=-1', 'cursor=%F0%9F', 'limit=1&limit=2', '__proto__=1', 'cursor=eyJ9']))
  return bodyOf(operation, random, made, { method, url: query.length === 0 ? url : `${url}?${query.join('&')}`, headers })
}

interface Callers { one (operation: Operation, random: Dice): string | null }

function callersOf ({ sandbox }: Built): Callers {
  const all = sandbox.participants.map(({ role, api_key, users }) => ({ role, keys: [api_key, ...users.map(user => user.api_key)] }))
  return {
    one ({ callers }, { chance, pick }) {
      if (callers.includes('public') && chance(0.7)) return null
      if (chance(0.002)) return pick([null, 'wrong', '', 'é'])
      const meant = all.filter(({ role }) => callers.includes(role))
      const { keys } = pick(meant.length > 0 && chance(0.9) ? meant : all)
      return pick([...keys, ...keys.slice(1)])
    }
  }
}

/** What does not fit a declared schema, or null. */
type Fits = (schema: Schema, value: unknown) => string | null

/** Each schema is compiled once; its references lead into the document. */
function fitsOf ({ components }: Document): Fits {
  const compiled = new Map<Schema, ReturnType<typeof Compile>>()
  return (schema, value) => {
    let made = compiled.get(schema)
    if (made === undefined) compiled.set(schema, made = Compile({ ...schema, components } as never))
    return made.Check(value) ? null : `the body does not fit its schema: ${JSON.stringify(made.Errors(value)[1].slice(0, 3))}`
  }
}

/** What is wrong with an answer, or null. */
function wrongIn ({ id, responses }: Operation, answer: LightMyRequestResponse, fits: Fits): string | null {
  const { statusCode, headers, body } = answer
  if (statusCode === 503 && headers['retry-after'] !== undefined) return null
  if (statusCode >= 500) return `${id} failed`
  const declared = responses[statusCode]
  if (declared === undefined) return `${id} does not declare ${statusCode}`
  const media = String(headers['content-type']).split(';')[0] ?? ''
  if (statusCode < 400) {
    if (declared.content === undefined) return body === '' ? null : `${id} declares no body for ${statusCode}`
    const content = declared.content[media] ?? declared.content['*/*']
    return content === undefined ? `${id} does not declare ${media} for ${statusCode}` : media === 'application/json' ? fits(content.schema, JSON.parse(body)) : null
  }
  if (media !== 'application/problem+json') return declared.content?.[media] === undefined ? 'a refusal that is no problem' : null
  const { type, title, status, detail, code, trace_id, errors } = JSON.parse(body) as Record<string, unknown>
  if (status !== statusCode || type !== `urn:rongqiao:problem:${String(code)}`) return 'status or type do not fit'
  if (![title, detail, code, trace_id].every(text => typeof text === 'string' && text !== '')) return 'title, detail, code or trace_id is missing'
  if (!Array.isArray(errors)) return 'errors is no array'
  const named = (errors as Record<string, unknown>[]).every(each =>
    typeof each.pointer === 'string' && /^[A-Z][A-Z0-9_]*$/.test(String(each.code)) && [each.message, each.message_zh].every(text => typeof text === 'string' && text !== ''))
  if (!named) return 'an error without pointer, code or both languages'
  return declared.description.includes(`\`${String(code)}\``) ? null : `${id} does not declare the code ${String(code)}`
}

/** Enterprises with authorizations, needs, loans and vouchers: so that requests reach what lies behind the first check. */
async function settleIn (hub: Built, known: Known): Promise<void> {
  const keep = (path: string, answer: LightMyRequestResponse) => {
    if (answer.statusCode >= 400) throw new Error(`${path}: ${answer.statusCode} ${answer.body}`)
    harvest(known, path, answer.json())
  }
  const post = async (who: string, path: string, body: unknown) => keep(path, await hub.as(who).post(path, body))
  keep('/v1/documents', await hub.as('bank-1').upload('/v1/documents', { name: 'a.pdf', bytes: Buffer.from('%PDF-1.4 contract') }))
  const document_no = known.get('document_no')?.[0]
  for (let n = 1; n <= enterprises; n++) {
    const uscc = inventedUscc(n)
    await post('park-1', '/v1/authorizations', {
      recipients: ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'AUDITOR', 'FISCAL'], purposes: ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT', 'SUBSIDY_SETTLEMENT'],
      scopes: ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED', 'CREDIT_CONTRACT', 'INTEREST_PAYMENT', 'GUARANTEE', 'SUBSIDY_ACCOUNT'],
      covers_history_from: '2024-06-09', valid_from: '2026-01-12', valid_to: '2030-01-12', method: 'PORTAL_CONFIRM', evidence_digest: 'a'.repeat(64),
      grantor_uscc: uscc, grantor_name: inventedName(n)
    })
    await post('park-1', '/v1/financing-needs', {
      uscc, project_code: inventedProject(n), project_name: '生产线智能化改造项目', amount: '3000000.00', term_months: 36, purpose: '设备购置',
      authorization_no: known.get('authorization_no')?.at(-1)
    })
    const span = { start_date: '2024-07-01', maturity_date: '2029-07-01' }
    await post('bank-1', '/v1/loan-contracts', {
      loan_contract_no: `HT-${n}`, borrower_uscc: uscc, project_code: inventedProject(n), contract_amount: '3000000.00', land_amount: '0.00', signed_date: '2024-07-01', ...span,
      annual_rate_pct: '3.60', document_no
    })
    await post('bank-1', '/v1/drawdowns', {
      iou_no: `JJ-${n}`, loan_contract_no: `HT-${n}`, amount: '3000000.00', land_amount: '0.00', disbursed_date: '2024-07-01', maturity_date: '2029-07-01'
    })
  }
  await hub.loops.settle()
}

export async function fuzz (t: { teardown (undo: () => unknown): unknown }, options: { requests: number, seed: number, fault?: boolean }): Promise<FuzzReport> {
  const hub = await build(t)
  const document = (await hub.app.inject({ url: '/openapi.json' })).json() as Document
  const operations = operationsOf(document)
  const known: Known = new Map([['policy_code', ['TECH_RENO_LOAN', 'PARK_TECH_GUARANTEE', 'FISCAL_FINANCE_LINKAGE']], ['url', ['http://127.0.0.1:9/hooks']],
    ['report', ['institution-ranking', 'three-one-clock', 'subsidy-progress', 'park-performance', 'guarantee-breaker', 'average-guarantee-fee', 'supply-chain-reward', 'fund-performance', 'district-ledger']],
    ['participant_no', hub.sandbox.participants.map(({ participant_no }) => participant_no)], ['consortium_no', hub.sandbox.consortia.map(({ consortium_no }) => consortium_no)]])
  await settleIn(hub, known)
  const random = dice(options.seed)
  const made = inputs(random, document.components.schemas, known)
  const callers = callersOf(hub)
  const report: FuzzReport = { requests: 0, operations: operations.length, succeeded: 0, server_errors: 0, mistakes: [], outcomes: [] }
  let last: Sent | undefined
  const broken = hub.app.operations.get('listLeads') as { callers: unknown } | undefined
  if (options.fault === true && broken !== undefined) {
    broken.callers = undefined
    const declared = document.paths['/v1/me']?.get?.responses[200]?.content?.['application/json']
    if (declared !== undefined) declared.schema = { allOf: [declared.schema, { required: ['no_such_field'] }] }
  }
  const fits = fitsOf(document)

  for (let n = 0; n < options.requests; n++) {
    // Every operation once, then at random.
    const operation = n < operations.length ? operations[n] as Operation : random.pick(operations)
    const again = last !== undefined && random.chance(0.03)
    const sent = again && last !== undefined ? last : requestTo(operation, random, made, known, callers, `fuzz-${options.seed}-${String(n).padStart(12, '0')}`)
    const asked = again ? operations.find(({ id }) => id === report.outcomes.at(-1)?.split(' ')[0]) ?? operation : operation
    last = sent
    // From ever other addresses: how many wrong credentials a minute brings must not depend on how fast the hub is.
    const answer = await hub.app.inject({ ...sent, remoteAddress: `10.0.${Math.floor(n / 250) % 256}.1` })
    const why = wrongIn(asked, answer, fits)
    const is_json = /json/.test(String(answer.headers['content-type'])) && answer.body !== ''
    const code = answer.statusCode < 400 || !is_json ? '' : String((answer.json() as { code?: unknown }).code)
    report.requests++
    report.outcomes.push(`${asked.id} ${answer.statusCode} ${code}`)
    // A suspension counts within a second of the machine's time: wait it out, or the two databases tell it apart by their speed.
    if (asked.id === 'changeParticipant' && answer.statusCode < 300) await new Promise(resolve => setTimeout(resolve, suspension_counts_ms))
    if (answer.statusCode < 300) {
      report.succeeded++
      if (is_json && !asked.path.startsWith('/openapi')) harvest(known, rootOf(asked.path), answer.json())
    }
    if (answer.statusCode >= 500 && why !== null) report.server_errors++
    if (why !== null) report.mistakes.push({ request: `#${n} ${sent.method} ${sent.url} ${String(sent.payload ?? '').slice(0, 600)}`, status: answer.statusCode, why, body: answer.body.slice(0, 500) })
    if (n % advance_every === advance_every - 1) hub.clock.advance(advance_ms)
    if (n % settle_every === settle_every - 1) await hub.loops.settle()
  }
  if (report.server_errors > 0) for (const line of hub.logged.filter(text => text.includes('"bug"')).slice(0, 20)) console.error(line.slice(0, 1200))
  return report
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  const undone: (() => unknown)[] = []
  const seed = Number(words.find(word => word.startsWith('--seed='))?.slice(7) ?? 20260112)
  const requests = Number(words.find(word => !word.startsWith('--')) ?? 50_000)
  const { outcomes, mistakes, ...figures } = await fuzz({ teardown: undo => undone.unshift(undo) }, { requests, seed, fault: words.includes('--fault') })
  for (const undo of undone) await undo()
  const said = words.includes('--outcomes') ? JSON.stringify(outcomes) : JSON.stringify({ ...figures, mistakes: mistakes.length })
  // An exit cuts off what a pipe has not taken yet.
  await new Promise<void>(resolve => { process.stdout.write(`${said}\n`, () => resolve()) })
  for (const mistake of mistakes.slice(0, 40)) console.error(JSON.stringify(mistake))
  process.exit(mistakes.length === 0 ? 0 : 1)
}
