/** Reports to be fetched later: asked for once, made by a loop, kept as they were made. */
import { newNo } from '../../clock.ts'
import type { Db } from '../../db/db.ts'
import { admit, type Principal } from '../../http/access.ts'
import { append } from '../../journal/events.ts'
import { notFound } from '../../problem.ts'
import type { ReportName } from './catalogue.ts'
import { rendered, type Format } from './rendering.ts'
import { makeReport, type Asked } from './service.ts'
import { findResult, insertResult, keepResult, waitingResult, type ReportResult } from './result-store.ts'

/** Keeps what is asked for. @returns number of the result */
export async function askLater (db: Db, principal: Principal, report: ReportName, asked: Asked, format: Format): Promise<string> {
  const result_no = newNo('result')
  const { participant_no, role, name, uscc, user_no, duties, client_id } = principal
  await db.write((sql, now) => insertResult(sql, {
    result_no, participant_no, principal: { participant_no, role, name, uscc, user_no, duties, client_id }, report, asked, format, status: 'WAITING', bytes_base64: null,
    media_type: null, file_name: null, digest: null, seq: null, created_at: now, made_at: null
  }))
  return result_no
}

/** Makes the report that waits longest; its bytes are those it would have had if it had been answered at this moment. @returns how many were made */
export async function makeWaiting (db: Db): Promise<number> {
  const waiting = await waitingResult(db.read)
  if (waiting === undefined) return 0
  const { result_no, participant_no, report } = waiting
  const principal = admit(waiting.principal)
  const made = await makeReport(db, principal, report, waiting.asked)
  const { bytes, media_type, file_name, digest } = rendered(made.report, waiting.format)
  await db.write(async (sql, now) => {
    const content = { bytes_base64: bytes.toString('base64'), media_type, file_name, digest, seq: made.seq, made_at: now }
    if (!await keepResult(sql, result_no, content)) return
    await append(sql, now, { type: 'report.made', subject: result_no, actor: principal, audience: [participant_no], data: { report } })
  })
  return 1
}

/** Errors: not_found for what is missing and what another participant asked for. */
export async function resultFor (db: Db, { participant_no }: Principal, report: ReportName, result_no: string): Promise<ReportResult> {
  const found = await findResult(db.read, participant_no, result_no)
  if (found === undefined || found.report !== report) throw notFound()
  return found
}
