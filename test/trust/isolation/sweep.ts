/** Sends calls, searches every answer for what its receiver may not know, and keeps what every operation said to whom. */
import { textsOf, type Leak } from './canaries.ts'
import type { Answer, Call, Transport } from './calls.ts'
import type { World } from './world.ts'

export interface Wrong { where: string, who: string, what: string }
export interface Swept {
  calls: number
  leaks: Leak[]
  wrong: Wrong[]
  /** operations that answered 2xx, and those that refused somebody who may not */
  succeeded: Set<string>
  refused: Set<string>
}

export const nothing = (): Swept => ({ calls: 0, leaks: [], wrong: [], succeeded: new Set(), refused: new Set() })

const moving_headers = /^(x-trace-id|date|ratelimit.*|x-ratelimit.*|content-length|retry-after)$/

/** An answer without what differs by nature: trace id, the number that was asked for, counters of limits. */
export function fingerprint (answer: Answer, call: Call): string {
  const asked = decodeURIComponent(call.url.split('?')[0] ?? '').split('/').filter(part => /\d/.test(part) && part !== 'v1')
  let body = answer.body.toString().replace(/"trace_id":"[^"]*"/, '"trace_id":""')
  for (const part of asked) body = body.replaceAll(part, '«asked»')
  const headers = Object.entries(answer.headers).filter(([name]) => !moving_headers.test(name)).sort()
  return JSON.stringify([answer.status, headers, body])
}

const log_of_all: ReadonlySet<string> = new Set(['listAuditLog', 'getAuditProof'])

const nameOf = (call: Call) => `${call.operation} ${call.method} ${call.url} (${call.variant})`

/** One call and everything that is asked of its answer. */
export async function sent (world: World, transport: Transport, call: Call, into: Swept): Promise<Answer> {
  const answer = await transport(call)
  into.calls++
  const who = call.who?.participant_no ?? 'nobody'
  const request = JSON.stringify([call.url, call.headers, call.body ?? null])
  const where = nameOf(call)
  // MEIC reads the whole log (§2), which names everything by its number.
  const reads_all = who === 'meic' && log_of_all.has(call.operation)
  for (const received of reads_all ? [] : [JSON.stringify(answer.headers), ...textsOf(answer.body)]) into.leaks.push(...world.canaries.leaks({ who, sent: request, received, where }))
  if (call.method !== 'GET' && answer.status < 300) world.canaries.told(request, who)
  if (call.expected !== null && answer.status !== call.expected) into.wrong.push({ where, who, what: `${answer.status} instead of ${call.expected}: ${answer.body.toString().slice(0, 300)}` })
  if (answer.status >= 500) into.wrong.push({ where, who, what: `${answer.status} ${answer.body.toString().slice(0, 300)}` })
  if (answer.status < 300) into.succeeded.add(call.operation)
  if ([401, 403, 404].includes(answer.status)) into.refused.add(call.operation)
  return answer
}

/** Sends all calls of one caller to one operation; what is foreign has to be refused like what is missing. */
export async function sweep (world: World, transport: Transport, calls: readonly Call[], into: Swept): Promise<void> {
  const refusals: { call: Call, print: string }[] = []
  for (const call of calls) {
    const answer = await sent(world, transport, call, into)
    if (answer.status === 404) refusals.push({ call, print: fingerprint(answer, call) })
  }
  const like = refusals.find(({ call }) => call.variant === 'missing')
  if (like === undefined) return
  for (const { call, print } of refusals) {
    if (print !== like.print) into.wrong.push({ where: nameOf(call), who: call.who?.participant_no ?? 'nobody', what: `foreign ${print} is not missing ${like.print}` })
  }
}
