/**
 * Consents of some enterprises against everything that may happen around them, in an order drawn by a seed: pushes, readings,
 * reports, retries, crashes, withdrawals and the end of a term, one after the other or some at once. Each enterprise has an
 * interleaving of its own; they share a hub, its loops and its crashes.
 */
import { setTimeout as pause } from 'node:timers/promises'
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

type Random = ReturnType<typeof seeded>

export const enterprises_per_play = 8
const recipients = ['bank-1', 'bank-2', 'guarantor-1'] as const
const feeds = [...recipients, 'park-1', 'meic', 'finance-bureau'] as const
const day_ms = 86_400_000

/** The running hub: after a crash another one on the same data. */
export interface Running {
  hub: Built
  messages: { to: string, body: string }[]
  crashes: number
  read_to: Record<string, string>
  close: () => Promise<void>
  /** what a deliberate hole puts off until the schedule is over */
  late: (() => Promise<unknown>)[]
  sabotage?: Sabotage
}
/** A deliberate hole around the sending of a withdrawal. */
export type Sabotage = (running: Running, authorization_no: string, send: () => Promise<LightMyRequestResponse>) => Promise<LightMyRequestResponse>
export interface Outcome { schedule: string[], disclosed: number[], faults: string[] }

/** Ends the process as it stands and begins again on the same data; nothing of its memory is left. */
async function crash (running: Running): Promise<void> {
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

interface Subject {
  uscc: string, authorization_no: string, need_no: string, lead_of: Map<string, string>, etag_of: Map<string, string>
  /** what must not leave once the authorization is over */
  secrets: Record<string, string>
  /** recipients that have read content */
  readers: Set<string>
  /** of the withdrawal, however often it is sent */
  key: string
  withdrawal: LightMyRequestResponse | null
  is_over: boolean
  reported: boolean
}

let planted = 0

function passed<T = Record<string, string>> (answer: LightMyRequestResponse): T {
  if (answer.statusCode >= 300) throw new Error(`${answer.statusCode} ${answer.body}`)
  return answer.json() as T
}

/** Enterprises with an authorization of some days each, and their needs. */
async function begin ({ hub }: Running, random: Random): Promise<Subject[]> {
  const today = beijingDate(hub.clock.now())
  const park = hub.as('park-1')
  const begun = await Promise.all(Array.from({ length: enterprises_per_play }, async () => {
    const mark = `cons${String(++planted).padStart(6, '0')}q`
    const secrets = {
      purpose: `${mark}a`, project: `${mark}b`, contact: `${mark}c`, person: `${mark}d`, note: `${mark}e`, phone: `137${String(planted * 7919 % 1e8).padStart(8, '0')}`,
      amount: `${4_000_000 + planted}.${String(planted % 90 + 10)}`
    }
    const [uscc, name] = [nextUscc(), `示范企业${planted}`]
    const given = passed(await park.post('/v1/authorizations', {
      grantor_uscc: uscc, grantor_name: name, ...whole({ valid_from: today, valid_to: addDays(today, 1 + random.next(3)) })
    }))
    const need = aNeed({
      uscc, name, project_code: undefined, project_name: secrets.project, purpose: secrets.purpose, amount: secrets.amount, contact_name: secrets.contact,
      contact_phone: secrets.phone, authorization_no: given.authorization_no, wants_guarantee: true
    })
    return { uscc, secrets, authorization_no: String(given.authorization_no), need }
  }))
  const { results } = passed<{ results: { need_no: string | null, findings: unknown }[] }>(await park.post('/v1/financing-needs/batches', { needs: begun.map(({ need }) => need) }))
  return begun.map(({ uscc, secrets, authorization_no }, index) => {
    const need_no = results[index]?.need_no
    if (typeof need_no !== 'string') throw new Error(JSON.stringify(results[index]))
    return {
      uscc, secrets, authorization_no, need_no, lead_of: new Map(), etag_of: new Map(), readers: new Set(), key: newKey(), withdrawal: null, is_over: false, reported: false
    }
  })
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

/** What is asked about one enterprise; asked before the end too, where it may be answered. */
const steps: Readonly<Record<string, Step>> = {
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
    const format = subject.lead_of.size % 2 === 0 ? 'json' : 'html'
    for (const [who, url] of [
      ['meic', `/v1/enterprises/${subject.uscc}/receipt?format=${format}`], ['meic', `/v1/enterprises/${subject.uscc}`],
      ['meic', `/v1/post-loan-reports?uscc=${subject.uscc}`], ['park-1', `/v1/post-loan-reports?uscc=${subject.uscc}`], ['park-1', `/v1/enterprises/${subject.uscc}`],
      ['park-1', `/v1/financing-needs/${subject.need_no}/recipients`], ['bank-1', `/v1/post-loan-reports?uscc=${subject.uscc}`]
    ] as const) inspect(subject, who, url, (await hub.as(who).get(url)).rawPayload, faults)
  },
  // From its acknowledgement on nothing leaves; sent again under its key it answers the same.
  withdraw: async (running, subject, faults) => {
    const { hub, sabotage } = running
    const send = async () =>
      hub.as('park-1').post(`/v1/authorizations/${subject.authorization_no}/withdraw`, { reason: '企业不再需要融资' }, { 'idempotency-key': subject.key })
    const answer = sabotage === undefined || subject.withdrawal !== null ? await send() : await sabotage(running, subject.authorization_no, send)
    if (answer.statusCode >= 300) {
      if (!subject.is_over) faults.push(`the withdrawal was refused: ${answer.body}`)
      return
    }
    if (sabotage === undefined && subject.withdrawal !== null && subject.withdrawal.body !== answer.body) faults.push('the withdrawal sent again answers otherwise')
    subject.withdrawal ??= answer
    subject.is_over = true
  }
}
const drawn_steps = Object.keys(steps).filter(name => name !== 'withdraw')

/** What happens to all at once. */
const shared: Readonly<Record<string, (running: Running, subjects: readonly Subject[]) => Promise<unknown>>> = {
  match: async ({ hub }) => matchNeeds(hub.db),
  expire: async ({ hub }) => expireLeads(hub.db),
  sequence: async ({ hub }) => sequence(hub.db),
  'lay out': async ({ hub }) => layOut(hub.db),
  crash,
  'end of term': async ({ hub }, subjects) => {
    hub.clock.advance(4 * day_ms)
    for (const subject of subjects) subject.is_over = true
  }
}

interface Item { name: string, subject: number | null }

function drawn (random: Random): Item[] {
  const items: Item[] = []
  const ends_by_term = random.next(3) === 0
  for (let subject = 0; subject < enterprises_per_play; subject++) {
    for (let many = 2 + random.next(4); many > 0; many--) items.push({ name: random.pick(drawn_steps), subject })
    // Without a withdrawal the term ends; sent once or, as after an answer that was lost, twice.
    for (let many = ends_by_term && random.next(2) === 0 ? 0 : 1 + random.next(2); many > 0; many--) items.push({ name: 'withdraw', subject })
  }
  for (const [name, many] of [['match', 2 + random.next(3)], ['expire', random.next(3)], ['sequence', random.next(3)], ['lay out', random.next(3)], ['crash', random.next(4) === 0 ? 1 : 0],
    ['end of term', ends_by_term ? 1 : 0]] as const) for (let left = many; left > 0; left--) items.push({ name, subject: null })
  for (let at = items.length - 1; at > 0; at--) {
    const other = random.next(at + 1)
    const [one, two] = [items[at], items[other]] as [Item, Item]
    items[at] = two
    items[other] = one
  }
  return items
}

/** Reads all feeds on, from where they were read to before, and looks for everybody's secrets: events are thin at all times. */
async function readFeeds ({ hub, read_to }: Running, subjects: readonly Subject[], faults: string[]): Promise<void> {
  for (const who of feeds) {
    for (let items = 200; items === 200;) {
      const answer = await hub.as(who).get(`/v1/events?after=${read_to[who] ?? '0'}&limit=200`)
      for (const subject of subjects) inspect(subject, who, 'the feed', answer.body, faults)
      const page = answer.json() as { items: unknown[], next_cursor: string }
      read_to[who] = page.next_cursor
      items = page.items.length
    }
  }
}

/** What the answer of a withdrawal lists is what left, and what the hub lists later. @returns how many had left */
async function compareLists (running: Running, subject: Subject, faults: string[]): Promise<number> {
  const { hub } = running
  const line = ({ recipient_no, lead_no }: { recipient_no: string, lead_no: string }): string => `${recipient_no} ${lead_no}`
  const left = (await leadsUnder(hub.db.read, subject.authorization_no)).map(line).sort()
  for (const each of left) {
    const [who, lead_no] = each.split(' ') as [typeof recipients[number], string]
    subject.lead_of.set(who, lead_no)
  }
  if (subject.withdrawal === null) return left.length
  const { disclosures } = subject.withdrawal.json() as { disclosures: { recipient_no: string, lead_no: string }[] }
  const listed = disclosures.map(line).sort()
  if (listed.join() !== left.join()) faults.push(`the answer lists ${listed.join(', ')}; what left is ${left.join(', ')}`)
  for (const who of subject.readers) if (!listed.some(each => each.startsWith(`${who} `))) faults.push(`${who} has read and is not listed`)
  const later = passed<{ items: { recipient_no: string, lead_no: string }[] }>(await hub.as('park-1').get(`/v1/authorizations/${subject.authorization_no}/disclosures`)).items.map(line).sort()
  if (later.join() !== listed.join()) faults.push('what the hub lists later is not what the answer listed')
  return listed.length
}

/** Every loop, every message and every reader once more, after the end of all. @returns to how many each had been disclosed */
async function settled (running: Running, subjects: readonly Subject[], faults: string[]): Promise<number[]> {
  const { hub, messages } = running
  for (const undone of running.late.splice(0)) await undone()
  await hub.loops.settle()
  for (const { to, body } of messages.splice(0)) for (const subject of subjects) inspect(subject, to, `a message ${body}`, body, faults)
  const disclosed: number[] = []
  for (const subject of subjects) disclosed.push(await compareLists(running, subject, faults))
  for (const who of recipients) {
    const { rawPayload } = await hub.as(who).get('/v1/leads?limit=200')
    for (const subject of subjects) inspect(subject, who, 'the inbox', rawPayload, faults)
    for (const subject of subjects) {
      const lead_no = subject.lead_of.get(who)
      for (const url of lead_no === undefined ? [] : [`/v1/leads/${lead_no}`, `/v1/leads/${lead_no}/events`]) inspect(subject, who, url, (await hub.as(who).get(url)).rawPayload, faults)
    }
  }
  for (const subject of subjects) await steps['authorities read']?.(running, subject, faults)
  for (const [who, url] of [
    ['meic', '/v1/leads/overdue'], ['auditor-1', '/v1/subsidy-packets'], ['finance-bureau', '/v1/holds'], ['meic', '/v1/reports/three-one-clock?period=2026Q1&format=csv']
  ] as const) {
    const { rawPayload } = await hub.as(who).get(url)
    for (const subject of subjects) inspect(subject, who, url, rawPayload, faults)
  }
  await readFeeds(running, subjects, faults)
  return disclosed
}

/** Plays the interleavings of some enterprises. */
export async function play (running: Running, random: Random): Promise<Outcome> {
  const faults: string[] = []
  const subjects = await begin(running, random)
  const schedule: string[] = []
  const run = async ({ name, subject }: Item): Promise<unknown> =>
    subject === null ? shared[name]?.(running, subjects) : steps[name]?.(running, subjects[subject] as Subject, faults)
  for (const items = drawn(random); items.length > 0;) {
    // Some at once, as callers would; a crash comes alone.
    const many = random.next(3) === 0 ? 2 + random.next(4) : 1
    const now = items.splice(0, Math.max(1, Math.min(many, items.findIndex(({ name }) => name === 'crash') >>> 0)))
    schedule.push(now.map(({ name, subject }) => subject === null ? name : `${subject} ${name}`).join(' ∥ '))
    await Promise.all(now.map(run))
  }
  return { schedule, disclosed: await settled(running, subjects, faults), faults }
}

const callers_at_once = 24

async function untilRead ({ readers }: Subject): Promise<void> {
  while (readers.size === 0) await pause()
}

/**
 * Withdrawals while loops push and send by themselves and many callers read, report and are told, none waiting for another.
 *
 * @returns how many questions were answered before and after their subject's end
 */
export async function playUnderLoad (running: Running, random: Random): Promise<Outcome & { before: number, after: number }> {
  const { hub, messages } = running
  const faults: string[] = []
  const asked = { before: 0, after: 0 }
  hub.loops.start()
  const subjects = await begin(running, random)
  const load = { is_on: true }
  const callers = Array.from({ length: callers_at_once }, async () => {
    while (load.is_on) {
      const subject = random.pick(subjects)
      asked[subject.is_over ? 'after' : 'before']++
      await steps[random.pick(drawn_steps)]?.(running, subject, faults)
    }
  })
  await Promise.all(subjects.map(async (subject, index) => {
    // Two while they are pushed, the others once somebody has read.
    if (index > 1) await untilRead(subject)
    await steps.withdraw?.(running, subject, faults)
  }))
  const ended_at = asked.after
  while (asked.after < ended_at + subjects.length * callers_at_once) await pause()
  load.is_on = false
  await Promise.all(callers)
  await hub.loops.stop()
  if (messages.length === 0) faults.push('no message was sent meanwhile')
  return { schedule: [], disclosed: await settled(running, subjects, faults), faults, ...asked }
}
