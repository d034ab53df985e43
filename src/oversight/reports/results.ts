/** Reports to be fetched later: asked for once, made by a loop, kept as they were made. */
import { newNo } from '../../clock.ts'
import type { Db } from '../../db/db.ts'
import { admit, type Principal } from '../../http/access.ts'
import { append } from '../../journal/events.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import { notFound, Problem, problemOf, type ProblemCode } from '../../problem.ts'
import type { ReportName } from './catalogue.ts'
import { rendered, type Format } from './rendering.ts'
import { makeReport, type Asked } from './service.ts'
import { findResult, insertResult, isOneOlder, keepFailure, keepResult, removeResults, sameWaiting, waitingResult, type ReportResult } from './result-store.ts'

/** An unforeseen failure may pass: a report is tried so often. */
const attempts_max = 3

/** The same period and policy give the same bytes again, so nothing is lost with them. */
const kept_days = 90
const day_ms = 86_400_000

/** Forgets reports that were asked for long ago. @returns how many */
export async function forgetResults (db: Db): Promise<number> {
  const before = instantOf(instantMs(db.clock.now()) - kept_days * day_ms)
  return await isOneOlder(db.read, before) ? db.write(sql => removeResults(sql, before)) : 0
}

/** Keeps what is asked for, once while it waits. */
export async function askLater (db: Db, principal: Principal, report: ReportName, asked: Asked, format: Format): Promise<{ result_no: string,
  created_at: string }> {
  const { participant_no, role, name, uscc, user_no, duties, client_id } = principal
  return db.write(async (sql, now) => {
    const before = await sameWaiting(sql, { participant_no, report, asked, format })
    if (before !== undefined) return before
    const result_no = newNo('result')
    await insertResult(sql, {
      result_no, participant_no, principal: { participant_no, role, name, uscc, user_no, duties, client_id }, report, asked, format, status: 'WAITING', attempts: 0, failure: null,
      bytes_base64: null, media_type: null, file_name: null, digest: null, seq: null, created_at: now, made_at: null
    })
    return { result_no, created_at: now }
  })
}

/**
 * Makes the report that waits longest; its bytes are those it would have had if it had been answered at this moment. One that fails goes behind
 * all others, and ends with a code when it is refused or has failed too often.
 *
 * @returns how many were made or ended
 * Errors: an unforeseen failure, after it was kept
 */
export async function makeWaiting (db: Db): Promise<number> {
  const waiting = await waitingResult(db.read)
  if (waiting === undefined) return 0
  try {
    await makeOne(db, waiting)
  } catch (error) {
    const code = error instanceof Problem ? error.code : 'report_failed'
    // The storage or the queue, and not the report.
    if (error instanceof Problem && problemOf(code).status >= 500) throw error
    await keepFailed(db, waiting, code)
    if (!(error instanceof Problem)) throw error
  }
  return 1
}

async function keepFailed (db: Db, { result_no, participant_no, principal, report, attempts: before }: ReportResult, code: ProblemCode): Promise<void> {
  const attempts = before + 1
  const is_over = code !== 'report_failed' || attempts === attempts_max
  await db.write(async (sql, now) => {
    await keepFailure(sql, result_no, { attempts, failure: is_over ? code : null })
    if (is_over) await append(sql, now, { type: 'report.failed', subject: result_no, actor: admit(principal), audience: [participant_no], data: { report, code } })
  })
}

async function makeOne (db: Db, waiting: ReportResult): Promise<void> {
  const { result_no, participant_no, report } = waiting
  const principal = admit(waiting.principal)
  const made = await makeReport(db, principal, report, waiting.asked)
  const { bytes, media_type, file_name, digest } = rendered(made.report, waiting.format)
  await db.write(async (sql, now) => {
    const content = { bytes_base64: bytes.toString('base64'), media_type, file_name, digest, seq: made.seq, made_at: now }
    if (!await keepResult(sql, result_no, content)) return
    await append(sql, now, { type: 'report.made', subject: result_no, actor: principal, audience: [participant_no], data: { report } })
  })
}

/** Errors: not_found for what is missing and what another participant asked for; the code of the failure where the report could not be made. */
export async function resultFor (db: Db, { participant_no }: Principal, report: ReportName, result_no: string): Promise<ReportResult> {
  const found = await findResult(db.read, participant_no, result_no)
  if (found === undefined || found.report !== report) throw notFound()
  if (found.failure !== null) throw new Problem(found.failure)
  return found
}
