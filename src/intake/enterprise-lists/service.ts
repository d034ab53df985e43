/** Receiving lists, showing them, and what a person makes of held rows. */
import { setImmediate } from 'node:timers/promises'
import { newNo } from '../../clock.ts'
import { peek, type ReadSql, type WriteSql } from '../../db/db.ts'
import { personOf, type Principal } from '../../http/access.ts'
import { append } from '../../journal/events.ts'
import { yuanOf } from '../../policy/money.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { authorizationsByNo } from '../authorizations/store.ts'
import { notesOf, workbookOfRows, type RowNote } from './annotate.ts'
import type { IntakeHooks } from '../hooks.ts'
import { replaceEarlier, wouldEnd } from './correcting.ts'
import { summaryOf } from './deciding.ts'
import { gradeOf } from './findings.ts'
import type { RowDecisionBody } from './schema.ts'
import { changeRow, correctionOf, countRows, findList, findRow, insertList, listOfContent, listRows, recounted, type EnterpriseList, type StoredRow } from './store.ts'
import { rowsWithoutDocument, takeIn, waitingForDocument, waits_for_document } from './taking-in.ts'
import type { ReceivedList } from './upload.ts'
import { decidedRows, openBytes, type ListWork } from './working.ts'

/** Keeps a list; the same bytes of the same park are the list they were first. */
export async function receiveList (sql: WriteSql, now: string, principal: Principal, received: ReceivedList): Promise<{ list: EnterpriseList, created: boolean }> {
  const first = await listOfContent(peek(sql), principal.participant_no, received.sha256)
  if (first !== undefined) return { list: first, created: false }
  if (received.corrects !== null) await refuseUncorrectable(sql, principal, received.corrects)
  const list: EnterpriseList = {
    list_no: newNo('list'), park_no: principal.participant_no, status: 'RECEIVED', form: received.form, sha256: received.sha256, content_key: received.sha256,
    file_name: received.file_name, bytes: received.bytes.length, corrects: received.corrects, declared_row_count: received.declared_row_count, declared_amount: received.declared_amount,
    sent_by: principal.user_no, reader: null, rows_found: null, rows_read: 0, rows_taken_in: 0, rows_total: null, refusal: null, sheets: [], counts: null, amount_accepted_fen: null, version: 1, created_at: now,
    decided_at: null, updated_at: now
  }
  await insertList(sql, list)
  await append(sql, now, {
    type: 'enterprise_list.received', subject: list.list_no, actor: principal, audience: [list.park_no], data: { sha256: list.sha256, bytes: list.bytes }
  })
  return { list, created: true }
}

/** The list for its park; MEIC sees counts only. */
export async function readListOf (sql: ReadSql, principal: Principal, list_no: string): Promise<EnterpriseList> {
  const list = await findList(sql, list_no)
  if (list === undefined || (principal.role !== 'MEIC' && list.park_no !== principal.participant_no)) throw notFound()
  return list
}

/** A row on the wire. */
export function shownRow (row: Omit<StoredRow, 'row_id' | 'list_no' | 'position' | 'waiting' | 'need_no' | 'authorization_no' | 'about_need' | 'keeps' | 'decision'> & Partial<StoredRow>, withdrawn = false) {
  const goes_in = row.outcome === 'ACCEPTED' || row.outcome === 'ACCEPTED_WITH_REMARK'
  const went_in = row.waiting === false && goes_in
  const { sheet, row: number, outcome, uscc, name, project_code, project_name, amount_fen, term_months, purpose, demand_date, consent, normalised_from, findings } = row
  const head = {
    row_id: row.row_id ?? null, sheet, row: number, outcome, need_no: went_in ? row.need_no ?? null : null,
    authorization_no: went_in ? row.authorization_no ?? null : null, replaces_need_no: goes_in && row.keeps === false ? row.about_need ?? null : null, decision: row.decision ?? null
  }
  if (withdrawn) {
    return {
      ...head, uscc, name: null, project_code: null, project_name: null, amount: null, term_months: null, purpose: null, demand_date: null, consent: false,
      normalised_from: [], findings: []
    }
  }
  return {
    ...head, uscc, name, project_code, project_name, amount: amount_fen === null ? null : yuanOf(amount_fen), term_months, purpose, demand_date, consent, normalised_from, findings
  }
}

/** Rows with whether their authorization was withdrawn since: then their content is shown no more. */
export async function withWithdrawals (sql: ReadSql, rows: readonly StoredRow[]): Promise<{ row: StoredRow, withdrawn: boolean }[]> {
  const given = await authorizationsByNo(sql, rows.filter(({ waiting }) => !waiting).map(({ authorization_no }) => authorization_no))
  return rows.map(row => ({ row, withdrawn: given.get(row.authorization_no)?.status === 'WITHDRAWN' }))
}

function uncorrectable (code: string, message: string, message_zh: string): Problem {
  return new Problem('rule_broken', { detail: message, detail_zh: message_zh, errors: [{ pointer: '/corrects', code, message, message_zh }] })
}

/** A correction names a decided list of the same park, and the newest of its corrections. */
async function refuseUncorrectable (sql: ReadSql, principal: Principal, corrects: string): Promise<void> {
  const list = await findList(sql, corrects)
  if (list === undefined || list.park_no !== principal.participant_no) throw uncorrectable('LIST_UNKNOWN', 'There is no such list of your park', '贵园区没有该名单')
  if (list.status !== 'DECIDED') throw uncorrectable('LIST_NOT_DECIDED', 'Only a list that was decided can be corrected', '仅已逐行判定的名单可更正')
  const newer = await correctionOf(sql, corrects)
  if (newer !== undefined) throw uncorrectable('LIST_CORRECTED', `It was corrected already: name ${newer.list_no} instead`, `该名单已被更正，请改为更正 ${newer.list_no}`)
}

/** Rows that a dry run shows: all of a list up to this length; of a longer one those that need a look. */
const dry_rows_max = 5000

/** What a list would do, with nothing stored. */
export async function dryRun (work: ListWork, principal: Principal, received: ReceivedList, now: string) {
  const { form, bytes, file_name, sha256, declared_row_count, declared_amount } = received
  const list = { park_no: principal.participant_no, corrects: received.corrects }
  if (list.corrects !== null) await refuseUncorrectable(work.db.read, principal, list.corrects)
  const opened = await openBytes(work, form, bytes, file_name, { row_count: declared_row_count, amount: declared_amount })
  const head = { list_no: null, sha256, dry_run: true }
  if (opened.refusal !== null) return { ...head, status: 'REFUSED', refusal: opened.refusal, counts: null, amount_accepted: null, effect: null, rows: [], rows_left_out: 0 }
  let summary = summaryOf([])
  const effect = { new_enterprises: 0, new_needs: 0, changed: 0, duplicate: 0 }
  const fen = { taken_in: 0, changed_from: 0, changed_to: 0 }
  const usccs = new Set<string>()
  const named = new Set<string>()
  const rows: ReturnType<typeof shownRow>[] = []
  for await (const { rows: decided, surroundings } of decidedRows(work, list, opened.rows, now)) {
    summary = summaryOf(decided, summary)
    for (const row of decided) {
      const goes_in = row.outcome === 'ACCEPTED' || row.outcome === 'ACCEPTED_WITH_REMARK'
      if (row.findings.some(({ code }) => code === 'DUPLICATE')) effect.duplicate++
      if (row.about_need !== null && (goes_in || row.keeps)) named.add(row.about_need)
      if (goes_in && row.uscc !== null && row.amount_fen !== null) {
        const earlier = surroundings.context.open_needs(row.uscc).find(({ need_no }) => need_no === row.about_need)
        if (earlier === undefined) {
          effect.new_needs++
          fen.taken_in += row.amount_fen
        } else {
          effect.changed++
          fen.changed_from += earlier.amount_fen
          fen.changed_to += row.amount_fen
        }
        if (!surroundings.isKnown(row.uscc) && !usccs.has(row.uscc)) effect.new_enterprises++
        usccs.add(row.uscc)
      }
      if (rows.length < dry_rows_max && (opened.rows_total <= dry_rows_max || row.outcome !== 'ACCEPTED')) rows.push(shownRow(row))
    }
  }
  const gone = await wouldEnd(work.db.read, list, named)
  return {
    ...head, status: 'DECIDED', refusal: null, counts: summary.counts, amount_accepted: yuanOf(summary.amount_accepted_fen),
    effect: {
      ...effect, withdrawn: gone.count, amount_new: yuanOf(fen.taken_in), amount_changed_from: yuanOf(fen.changed_from), amount_changed_to: yuanOf(fen.changed_to),
      amount_withdrawn: yuanOf(gone.amount_fen)
    },
    rows,
    rows_left_out: opened.rows_total - rows.length
  }
}

const cannot_be_confirmed: ReadonlySet<string> = new Set(['NOT_AUTHORISED', waits_for_document])

/**
 * A person of the park clears a held row: CONFIRM takes it in as it stands, DROP leaves it out. Consent cannot be confirmed
 * that way, only sent.
 *
 * Errors: state_conflict for a row that is not held; decision_not_possible, naming the newer list where this one was corrected.
 * Source: contract §4.
 */
export async function decideRow (
  sql: WriteSql, now: string, principal: Principal, list_no: string, row_id: string, { decision, reason }: RowDecisionBody, hooks: IntakeHooks
): Promise<StoredRow> {
  const list = await findList(sql, list_no)
  const row = list === undefined || list.park_no !== principal.participant_no ? undefined : await findRow(sql, list_no, row_id)
  if (list === undefined || row === undefined) throw notFound()
  if (list.status !== 'DECIDED') throw stateConflict(list.status, [])
  if (row.outcome !== 'HELD') throw stateConflict(row.outcome, [])
  await refuseCorrected(sql, list_no)
  const decided = { decision, reason, decided_by: personOf(principal), decided_at: now }
  if (decision === 'DROP') await changeRow(sql, now, row_id, { outcome: 'REJECTED', decision: decided })
  else {
    refuseUnconfirmable((await rowsWithoutDocument(sql, now, list, [row])).length > 0 ? waitingForDocument(row) : row)
    await replaceEarlier(sql, now, list, [row], principal, hooks)
    const [placed] = await takeIn(sql, now, [list], [row], principal, hooks)
    if (placed === undefined || placed.kind === 'DUPLICATE') {
      throw new Problem('decision_not_possible', {
        detail: `The same need of this enterprise is already there: ${placed?.need_no ?? ''}`, detail_zh: `该企业的同一融资需求已存在：${placed?.need_no ?? ''}`
      })
    }
    await changeRow(sql, now, row_id, { outcome: 'ACCEPTED_WITH_REMARK', decision: decided, need_no: placed.need_no, waiting: false })
  }
  const { counts, amount_accepted_fen } = await countRows(sql, list_no)
  await recounted(sql, now, list_no, counts, amount_accepted_fen)
  await append(sql, now, {
    type: 'enterprise_list.row_decided', subject: list_no, actor: principal, audience: [list.park_no], data: { row_id, decision, counts }
  })
  const after = await findRow(sql, list_no, row_id)
  if (after === undefined) throw new Error('a row vanished')
  return after
}

/** What a corrected list holds back is decided in the newest of its corrections: in the earlier one it would bring back what the park took away. */
async function refuseCorrected (sql: ReadSql, list_no: string): Promise<void> {
  let newest: EnterpriseList | undefined
  for (let newer = await correctionOf(sql, list_no); newer !== undefined; newer = await correctionOf(sql, newer.list_no)) newest = newer
  if (newest === undefined) return
  const message = `This list has been corrected: decide the row in ${newest.list_no}`
  const message_zh = `该名单已被更正，请在 ${newest.list_no} 中处理`
  throw new Problem('decision_not_possible', { detail: message, detail_zh: message_zh, errors: [{ pointer: '', code: 'LIST_CORRECTED', message, message_zh }] })
}

function refuseUnconfirmable (row: StoredRow): void {
  const held = row.findings.filter(({ code }) => gradeOf(code) === 'HELD')
  const consent = held.find(({ code }) => cannot_be_confirmed.has(code))
  if (consent === undefined) return
  throw new Problem('decision_not_possible', {
    detail: consent.message, detail_zh: consent.message_zh,
    errors: [{ pointer: '/decision', code: consent.code, message: consent.message, message_zh: consent.message_zh }]
  })
}

const rows_per_slice = 500

/** The list as it was sent, with three columns beside every row: outcome, what is wrong, what to do. */
export async function annotatedList (work: ListWork, principal: Principal, list_no: string): Promise<Uint8Array> {
  const list = await readListOf(work.db.read, principal, list_no)
  if (list.status !== 'DECIDED') throw stateConflict(list.status, [])
  const rows: StoredRow[] = []
  const notes: RowNote[] = []
  let has_ended = false
  for (;;) {
    const slice = await listRows(work.db.read, list_no, undefined, rows.at(-1)?.position ?? -1, rows_per_slice)
    for (const note of notesOf(slice)) notes.push(note)
    const known = await withWithdrawals(work.db.read, slice)
    rows.push(...known.map(({ row, withdrawn }) => withdrawn ? { ...row, ...blank, findings: [] } : row))
    has_ended ||= known.some(({ withdrawn }) => withdrawn)
    if (slice.length < rows_per_slice) break
    await setImmediate()
  }
  // What was withdrawn stands in the sheet that was sent as well: then it comes back as far as it may still be read.
  if (list.form === 'JSON' || has_ended) return workbookOfRows(rows)
  const bytes = await work.bodies.get(list.sha256)
  if (bytes === null) throw new Error(`the bytes of ${list_no} are missing`)
  return work.reader.annotate(bytes, list.file_name, notes)
}

const blank = { name: null, project_code: null, project_name: null, amount_fen: null, term_months: null, purpose: null, demand_date: null } as const
