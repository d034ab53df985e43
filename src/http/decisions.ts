/**
 * Requests that create or decide: each is answered once under its Idempotency-Key, in the unit of its effect, with the proof of its
 * signature. One by itself, or many of one operation in one unit.
 */
import type { Db, WriteSql } from '../db/db.ts'
import { gather, only, type Outcome, type SharedWork } from '../db/gathering.ts'
import { Problem } from '../problem.ts'
import { answerOnce, type KeyedRequest, type StoredAnswer } from './idempotency.ts'
import type { Answer } from './operation.ts'
import type { RequestSignature } from './signed-requests.ts'

/** A request that is decided on. */
export interface Deciding extends KeyedRequest {
  operation: string
  signature: RequestSignature | null
  /** the operation asks for a signature: its proof is kept */
  proven: boolean
  /** the bytes of an answer by the operation's schema */
  serialize (body: unknown, status: number): string
}

/** Decides on requests in a unit. Refused: signature_invalid for one whose nonce was used before, idempotency_mismatch, what `work` refuses. */
async function decideAll<Request extends Deciding> (
  sql: WriteSql, now: string, requests: readonly Request[], work: (fresh: readonly Request[]) => Promise<readonly Outcome<Answer>[]>
): Promise<Outcome<StoredAnswer>[]> {
  const replayed = await spendNonces(sql, requests)
  const entering = requests.filter(request => !replayed.has(request))
  const outcomes = await answerOnce(sql, now, entering, async fresh => {
    const made = await work(fresh)
    return Promise.all(fresh.map(async (request, place) => {
      const outcome = made[place] ?? 'met'
      if (outcome === 'met' || 'refused' in outcome) return outcome
      const { signature, proven, operation, key } = request
      if (signature !== null && proven) await signature.prove(sql, now, { operation, idempotency_key: key })
      return { value: stored(request, outcome.value) }
    }))
  })
  const decided = new Map(entering.map((request, place) => [request, outcomes[place]]))
  return requests.map(request => replayed.get(request) ?? decided.get(request) ?? 'met')
}

/** Spends the nonces of signed requests. @returns those that had been used before */
async function spendNonces (sql: WriteSql, requests: readonly Deciding[]): Promise<Map<Deciding, Outcome<never>>> {
  const replayed = new Map<Deciding, Outcome<never>>()
  for (const request of requests) {
    if (request.signature === null || request.signature.spent) continue
    try {
      await request.signature.spend(sql)
    } catch (refused) {
      if (!(refused instanceof Problem)) throw refused
      replayed.set(request, { refused })
    }
  }
  return replayed
}

function stored ({ serialize }: Deciding, { status, body, headers, version }: Answer): Omit<StoredAnswer, 'replayed'> {
  return {
    status,
    headers: version === undefined ? headers ?? {} : { ...headers, etag: `"${version}"` },
    body: body === undefined ? '' : serialize(body, status)
  }
}

/** Decides on one request in a unit of its own. */
export async function decideAlone (db: Db, request: Deciding, unit: (sql: WriteSql, now: string) => Promise<Answer>): Promise<StoredAnswer> {
  const answer = await db.write(async (sql, now) => only(await decideAll(sql, now, [request], async () => [{ value: await unit(sql, now) }])))
  request.signature?.settle()
  return answer
}

/** Takes a request with what it asks for; made once per operation by `decideTogether`. */
export type DecidedTogether<Asked> = (request: Deciding & { asked: Asked }) => Promise<StoredAnswer>

/** Makes the function by which requests of one operation are decided on together, by as few statements and commits as there may be. */
export function decideTogether<Asked> (db: Db, work: SharedWork<Asked, Answer>): DecidedTogether<Asked> {
  return gather<Deciding & { asked: Asked }, StoredAnswer>(
    db, (sql, now, requests) => decideAll(sql, now, requests, async fresh => work(sql, now, fresh.map(({ asked }) => asked))),
    // A nonce is spent with the unit, whatever became of its request there.
    ({ signature }) => signature?.settle())
}
