/**
 * One enterprise's consent against everything that may happen around it, in an order drawn by a seed: pushes, readings,
 * reports, retries, crashes, a withdrawal or the end of its term, one after the other or two at once.
 */
import { pino } from 'pino'
import type { LightMyRequestResponse } from 'fastify'
import { buildApp } from '../../../src/app.ts'
import { openDb } from '../../../src/db/open.ts'
import { layOut } from '../../../src/delivery/laying-out.ts'
import { sequence } from '../../../src/journal/events.ts'
import { expireLeads } from '../../../src/matching/leads/ending.ts'
import { matchNeeds } from '../../../src/matching/leads/pushing.ts'
import { leadsUnder } from '../../../src/matching/leads/store.ts'
import { beijingDate } from '../../../src/policy/calendar.ts'
import { addDays } from '../../../src/policy/period.ts'
import { aNeed } from '../../fixtures.ts'
import { newKey, type Built } from '../../helper.ts'
import { nextUscc } from '../../matching/needs.ts'
import { textsOf } from '../isolation/canaries.ts'
import { whole } from '../isolation/story.ts'
import type { seeded } from '../mutate.ts'

const recipients = ['bank-1', 'bank-2', 'guarantor-1'] as const
const day_ms = 86_400_000
const rounds_per_sending = 8

/** The running hub: after a crash another one on the same data. */
export interface Running { hub: Built, messages: { to: string, body: string }[], crashes: number, read_to: Record<string, string>, ended: Subject[], close: () => Promise<void>, sabotage?: Sabotage }
/** A deliberate hole: what goes wrong right after the acknowledgement of a withdrawal. */
export type Sabotage = (hub: Built, authorization_no: string, answer: LightMyRequestResponse) => Promise<LightMyRequestResponse>
export interface Outcome { schedule: string[], pushed: number, disclosed: number, faults: string[] }

/** Ends the process as it stands and begins again on the same data; nothing of its memory is left. */
export async function crash (running: Running): Promise<void> {
  const { hub } = running
  const target = hub.config.database_url ?? `${hub.config.data_dir}/hub.sqlite`
  await running.close()
  const db = openDb(target, hub.clock)
  const built = await buildApp({ config: hub.config, db, log: pino({ level: 'info' }, { write: line => { hub.logged.push(line) } }) })
  built.ready.value = true
  await built.app.ready()
  // Callers hold the first app: what they send goes to the one that runs now.
  hub.app.inject = built.app.inject.bind(built.app) as typeof hub.app.inject
  Object.assign(hub, { db, loops: built.loops })
  running.close = async () => {
    await built.app.close()
    await db.close()
  }
  running.crashes++
}

export interface Subject {
  uscc: string, authorization_no: string, need_no: string, lead_of: Map<string, string>, etag_of: Map<string, string>
  /** what must not leave once the authorization is over */
  secrets: Record<string, string>
  /** recipients that have read content */
  readers: Set<string>
  withdrawal: { key: string, answer: LightMyRequestResponse } | null
  is_over: boolean
  reported: boolean
}

let planted = 0

async function begin ({ hub }: Running, days: number): Promise<Subject> {
  const mark = `cons${String(++planted).padStart(6, '0')}q`
  const secrets = {
    purpose: `${mark}a`, project: `${mark}b`, contact: `${mark}c`, person: `${mark}d`, note: `${mark}e`, phone: `137${String(planted * 7919 % 1e8).padStart(8, '0')}`,
    amount: `${4_000_000 + planted}.${String(planted % 90 + 10)}`
  }
  const uscc = nextUscc()
  const today = beijingDate(hub.clock.now())
  const park = hub.as('park-1')
  const given = passed(await park.post('/v1/authorizations', { grantor_uscc: uscc, grantor_name: `示范企业${planted}`, ...whole({ valid_from: today, valid_to: addDays(today, days) }) }))
  const need = passed(await park.post('/v1/financing-needs', aNeed({
    uscc, name: `示范企业${planted}`, project_code: undefined, project_name: secrets.project, purpose: secrets.purpose, amount: secrets.amount, contact_name: secrets.contact,
    contact_phone: secrets.phone, authorization_no: given.authorization_no, wants_guarantee: true
  })))
  return {
    uscc, secrets, authorization_no: String(given.authorization_no), need_no: String(need.need_no), lead_of: new Map(), etag_of: new Map(), readers: new Set(), withdrawal: null, is_over: false,
    reported: false
  }
}

function passed (answer: LightMyRequestResponse): Record<string, unknown> {
  if (answer.statusCode >= 300) throw new Error(`${answer.statusCode} ${answer.body}`)
  return answer.json()
}

type Step = (running: Running, subject: Subject, faults: string[]) => Promise<void>

/** Looks for what must not leave in an answer that was asked for after the end. */
function inspect (subject: Subject, who: string, where: string, text: string | Buffer, faults: string[]): void {
  for (const part of textsOf(text)) {
    for (const [name, value] of Object.entries(subject.secrets)) if (part.includes(value)) faults.push(`${who} is told ${name} by ${where}`)
  }
}

/** One institution reads its inbox, single lead, reports and reasons, also with the mark of what it read before. */
function reading (who: typeof recipients[number]): Step {
  return async ({ hub }, subject, faults) => {
    const was_over = subject.is_over
    const caller = hub.as(who)
    const ask = async (url: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> => {
      const answer = await caller.get(url, headers)
      if (was_over) inspect(subject, who, url, answer.rawPayload, faults)
      else if (answer.body.includes(subject.secrets.phone ?? '')) subject.readers.add(who)
      return answer
    }
    const page = await ask(`/v1/leads?uscc=${subject.uscc}`)
    const [lead] = (page.json() as { items: { lead_no: string }[] }).items
    if (lead !== undefined) subject.lead_of.set(who, lead.lead_no)
    const inbox = await ask('/v1/leads?limit=5', subject.etag_of.has(who) ? { 'if-none-match': subject.etag_of.get(who) ?? '' } : {})
    if (inbox.headers.etag !== undefined) subject.etag_of.set(who, String(inbox.headers.etag))
    const lead_no = subject.lead_of.get(who)
    if (lead_no === undefined) return
    for (const url of [`/v1/leads/${lead_no}`, `/v1/leads/${lead_no}/events`, `/v1/financing-needs/${subject.need_no}/recipients`]) await ask(url)
  }
}

const steps: Readonly<Record<string, Step>> = {
  match: async ({ hub }) => { await matchNeeds(hub.db) },
  expire: async ({ hub }) => { await expireLeads(hub.db) },
  sequence: async ({ hub }) => { await sequence(hub.db) },
  'lay out': async ({ hub }) => { await layOut(hub.db) },
  'bank 1 reads': reading('bank-1'),
  'bank 2 reads': reading('bank-2'),
  'guarantor reads': reading('guarantor-1'),
  'bank 1 reports': async ({ hub }, subject) => {
    const lead_no = subject.lead_of.get('bank-1')
    if (lead_no === undefined) return
    await hub.as('bank-1', 1).post(`/v1/leads/${lead_no}/events`, {
      type: 'CONTACTED', occurred_at: hub.clock.now(), channel: 'PHONE', person: subject.secrets.person, result: subject.secrets.note
    })
  },
  'park reports': async ({ hub }, subject, faults) => {
    const was_over = subject.is_over
    const answer = await hub.as('park-1').post('/v1/post-loan-reports', {
      report_no: `PL-${subject.need_no}`, uscc: subject.uscc, as_of: beijingDate(hub.clock.now()), note: subject.secrets.note
    })
    if (was_over && !subject.reported && answer.statusCode < 300) faults.push('a post-loan report was taken in after the end')
    subject.reported ||= answer.statusCode < 300
  },
  'authorities read': async ({ hub }, subject, faults) => {
    if (!subject.is_over) return
    for (const [who, url] of [
      ['meic', `/v1/enterprises/${subject.uscc}/receipt`], ['meic', `/v1/enterprises/${subject.uscc}/receipt?format=html`], ['meic', `/v1/enterprises/${subject.uscc}`],
      ['meic', `/v1/post-loan-reports?uscc=${subject.uscc}`], ['park-1', `/v1/post-loan-reports?uscc=${subject.uscc}`], ['park-1', `/v1/enterprises/${subject.uscc}`],
      ['park-1', `/v1/financing-needs/${subject.need_no}/recipients`], ['bank-1', `/v1/post-loan-reports?uscc=${subject.uscc}`]
    ] as const) inspect(subject, who, url, (await hub.as(who).get(url)).rawPayload, faults)
  }
}

/** What authorities read about everybody at once: asked once for some rounds together, as it grows with them. */
async function readAbout ({ hub }: Running, ended: readonly Subject[], faults: string[]): Promise<void> {
  for (const [who, url] of [
    ['meic', '/v1/leads/overdue'], ['auditor-1', '/v1/subsidy-packets'], ['finance-bureau', '/v1/holds'], ['meic', '/v1/reports/three-one-clock?period=2026Q1&format=csv']
  ] as const) {
    const { rawPayload } = await hub.as(who).get(url)
    for (const subject of ended) inspect(subject, who, url, rawPayload, faults)
  }
}

async function withdraw ({ hub }: Running, subject: Subject, key: string): Promise<LightMyRequestResponse> {
  return hub.as('park-1').post(`/v1/authorizations/${subject.authorization_no}/withdraw`, { reason: '企业不再需要融资' }, { 'idempotency-key': key })
}

/** The withdrawal; from its acknowledgement on nothing leaves. Sent again under its key it answers the same. */
const withdrawing: Step = async (running, subject, faults) => {
  const key = subject.withdrawal?.key ?? newKey()
  const answer = await withdraw(running, subject, key)
  if (answer.statusCode >= 300) {
    if (!subject.is_over) faults.push(`the withdrawal was refused: ${answer.body}`)
    return
  }
  if (running.sabotage === undefined && subject.withdrawal !== null && subject.withdrawal.answer.body !== answer.body) faults.push('the withdrawal sent again answers otherwise')
  subject.withdrawal ??= { key, answer: await running.sabotage?.(running.hub, subject.authorization_no, answer) ?? answer }
  subject.is_over = true
}

const ending: Step = async ({ hub }, subject) => {
  hub.clock.advance(4 * day_ms)
  subject.is_over = true
}

/** Events and messages of the whole round, and what the answer of the withdrawal lists. */
async function settled (running: Running, subject: Subject, from_seq: Readonly<Record<string, string>>, faults: string[]): Promise<number> {
  const { hub, messages, ended } = running
  ended.push(subject)
  // Sending looks at every loop: some rounds together.
  if (ended.length >= rounds_per_sending) {
    await hub.loops.settle()
    for (const { to, body } of messages.splice(0)) for (const one of ended) inspect(one, to, `a message ${body}`, body, faults)
    await readAbout(running, ended, faults)
    ended.length = 0
  } else while (await sequence(hub.db) > 0 || await matchNeeds(hub.db) > 0 || await expireLeads(hub.db) > 0) continue
  const under = await leadsUnder(hub.db.read, subject.authorization_no)
  for (const name of ['bank 1 reads', 'bank 2 reads', 'guarantor reads', 'authorities read']) await steps[name]?.(running, subject, faults)
  for (const [who, after] of Object.entries(from_seq)) inspect(subject, who, 'the feed', (await hub.as(who).get(`/v1/events?after=${after}&limit=200`)).body, faults)
  if (subject.withdrawal === null) return under.length
  const { disclosures } = subject.withdrawal.answer.json() as { disclosures: { recipient_no: string, lead_no: string }[] }
  const listed = disclosures.map(({ recipient_no, lead_no }) => `${recipient_no} ${lead_no}`).sort()
  const left = under.map(({ recipient_no, lead_no }) => `${recipient_no} ${lead_no}`).sort()
  if (JSON.stringify(listed) !== JSON.stringify(left)) faults.push(`the answer lists ${JSON.stringify(listed)}, what left is ${JSON.stringify(left)}`)
  for (const who of subject.readers) if (!listed.some(each => each.startsWith(`${who} `))) faults.push(`${who} has read and is not listed`)
  const again = passed(await hub.as('park-1').get(`/v1/authorizations/${subject.authorization_no}/disclosures`)) as unknown as { items: { recipient_no: string, lead_no: string }[] }
  const later = again.items.map(({ recipient_no, lead_no }) => `${recipient_no} ${lead_no}`).sort()
  if (JSON.stringify(later) !== JSON.stringify(listed)) faults.push('what the hub lists later is not what the answer listed')
  return listed.length
}

/** Plays one round. */
export async function round (running: Running, random: ReturnType<typeof seeded>): Promise<Outcome> {
  const faults: string[] = []
  const subject = await begin(running, 1 + random.next(3))
  const from_seq: Record<string, string> = {}
  for (const who of [...recipients, 'park-1', 'meic', 'finance-bureau']) from_seq[who] = await endOfFeed(running, who)
  const names = Object.keys(steps)
  const drawn = Array.from({ length: 8 + random.next(8) }, () => random.pick(names))
  const end = random.next(5) === 0 ? 'end of term' : 'withdraw'
  drawn.splice(random.next(drawn.length), 0, end)
  if (end === 'withdraw' && random.next(2) === 0) drawn.push('withdraw')
  drawn.splice(random.next(drawn.length), 0, 'match')
  if (random.next(12) === 0) drawn.splice(random.next(drawn.length), 0, 'crash')
  const schedule: string[] = []
  for (let at = 0; at < drawn.length; at++) {
    const [name = '', next] = [drawn[at], drawn[at + 1]]
    const run = async (step: string): Promise<void> => {
      if (step === 'crash') await crash(running)
      else await (step === 'withdraw' ? withdrawing : step === 'end of term' ? ending : steps[step])?.(running, subject, faults)
    }
    // Two at once, as two callers would; a crash comes alone.
    if (random.next(4) === 0 && next !== undefined && ![name, next].includes('crash')) {
      schedule.push(`${name} ∥ ${next}`)
      await Promise.all([run(name), run(next)])
      at++
    } else {
      schedule.push(name)
      await run(name)
    }
  }
  const disclosed = await settled(running, subject, from_seq, faults)
  return { schedule, pushed: subject.lead_of.size, disclosed, faults }
}

/** Reads a feed to its end, from where it was read to before. */
async function endOfFeed ({ hub, read_to }: Running, who: string): Promise<string> {
  for (;;) {
    const { items, next_cursor } = (await hub.as(who).get(`/v1/events?after=${read_to[who] ?? '0'}&limit=200`)).json() as { items: unknown[], next_cursor: string }
    read_to[who] = next_cursor
    if (items.length < 200) return next_cursor
  }
}
