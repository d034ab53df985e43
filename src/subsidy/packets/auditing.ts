/** The audit: questions and answers, the prepared conclusion, its confirmation by a second person. */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { anotherPerson, personOf, type Principal } from '../../http/access.ts'
import { append } from '../../journal/events.ts'
import { allowed } from '../../policy/lifecycle.ts'
import { fenOf, sumFen, yuanOf } from '../../policy/money.ts'
import { notFound, Problem, stateConflict, type ProblemCode, type ProblemItem } from '../../problem.ts'
import type { ClawbackLedger } from '../lines/deriving.ts'
import { checkSeed } from './sampling.ts'
import { giveBack, packetFor, tell } from './service.ts'
import {
  confirmConclusion, conclusionsOf, findConclusion, findQuestion, insertConclusion, insertQuestion, keepRecognised, listQuestions,
    movePacket, packetLines,
  type AuditResult, type ConcludedLine, type Conclusion, type Packet, type PacketLine, type Question
} from './store.ts'

const being_audited: ReadonlySet<string> = new Set(['IN_AUDIT', 'AUDITED'])

export interface Asked { text: string, in_reply_to?: string, line_no?: string }

/** A question of the assigned auditor, or an answer of the institution. Errors: not_found, state_conflict, line_unknown. */
export async function ask (sql: WriteSql, now: string, principal: Principal, packet_no: string,
  { text, in_reply_to, line_no }: Asked): Promise<Question> {
  const packet = await packetFor(sql, principal, packet_no)
  if (principal.role !== 'AUDITOR' && packet.participant_no !== principal.participant_no) throw notFound()
  if (!being_audited.has(packet.status)) throw stateConflict(packet.status, allowed('packet', packet.status))
  if (in_reply_to !== undefined && await findQuestion(sql, packet_no, in_reply_to) === undefined) throw notFound()
  if (line_no !== undefined && !(await packetLines(sql, packet_no,
    packet.version)).some(line => line.line_no === line_no)) throw lineUnknown([{ line_no, pointer: '/line_no' }])
  const question: Question = {
    question_no: newNo('qst'), packet_no, version: packet.version, in_reply_to: in_reply_to ?? null, line_no: line_no ?? null, body: text,
    participant_no: principal.participant_no, user_no: principal.user_no, created_at: now
  }
  await insertQuestion(sql, question)
  await append(sql, now, {
    type: principal.role === 'AUDITOR' ? 'subsidy_packet.asked' : 'subsidy_packet.answered', subject: packet_no, actor: principal,
    audience: [packet.participant_no, ...packet.auditor_no === null ? [] : [packet.auditor_no]], data: { question_no: question.question_no }
  })
  return question
}

export async function questionsFor (sql: ReadSql, principal: Principal, packet_no: string, after: string | null,
  limit: number): Promise<Question[]> {
  await packetFor(sql, principal, packet_no)
  return listQuestions(sql, packet_no, after, limit)
}

function lineUnknown (unknown: readonly { line_no: string, pointer: string }[]): Problem {
  return new Problem('line_unknown', {
    errors: unknown.map(({ line_no, pointer }) => ({ pointer, code: 'LINE_UNKNOWN', message: `${line_no} is not in this packet`,
      message_zh: `资料包中没有明细 ${line_no}` }))
  })
}

export interface Concluding {
  packet_digest: string
  result?: AuditResult
  conflict_of_interest_declared?: boolean
  sample_seed?: string
  lines?: readonly { line_no: string, recognised_amount: string, finding_code?: string, note?: string }[]
}

/** Every mistake of the lines; the first one's code is the refusal's. What is cut is cut for a reason (design §5.7). */
function refuseLines (kept: readonly PacketLine[], { lines = [] }: Concluding): void {
  const claimed = new Map(kept.map(line => [line.line_no, line.claimed_fen]))
  const mistakes: (ProblemItem & { problem: ProblemCode })[] = []
  const seen = new Set<string>()
  for (const [index, { line_no, recognised_amount, finding_code, note }] of lines.entries()) {
    const claimed_fen = claimed.get(line_no)
    if (claimed_fen === undefined || seen.has(line_no)) {
      mistakes.push({ problem: 'line_unknown', pointer: `/lines/${index}/line_no`, code: 'LINE_UNKNOWN',
        message: `${line_no} is not in this packet, or named twice`, message_zh: `资料包中没有明细 ${line_no}，或重复列出` })
    } else if (fenOf(recognised_amount) > claimed_fen) {
      mistakes.push({
        problem: 'amount_over_line', pointer: `/lines/${index}/recognised_amount`, code: 'AMOUNT_OVER_LINE',
        message: `${recognised_amount} is more than the ${yuanOf(claimed_fen)} of the line`,
          message_zh: `认定金额 ${recognised_amount} 超过明细金额 ${yuanOf(claimed_fen)}`
      })
    } else if (fenOf(recognised_amount) < claimed_fen && finding_code === undefined && note === undefined) {
      mistakes.push({
        problem: 'conclusion_inconsistent', pointer: `/lines/${index}/finding_code`, code: 'REASON_MISSING',
        message: 'Less than the line is recognised; say why by finding_code or note', message_zh: '认定金额低于明细金额，须以 finding_code 或 note 说明核减原因'
      })
    }
    seen.add(line_no)
  }
  const [first] = mistakes
  if (first !== undefined) throw new Problem(first.problem, { errors: mistakes.map(({ problem: _problem, ...item }) => item) })
}

/** Lines left out are recognised whole, or not at all where the packet is rejected. */
function concludedLines (kept: readonly PacketLine[], { lines = [], result }: Concluding): ConcludedLine[] {
  const named = new Map(lines.map(line => [line.line_no, line]))
  return kept.map(({ line_no, claimed_fen }) => {
    const line = named.get(line_no)
    const recognised_fen = line === undefined ? result === 'REJECT' ? 0 : claimed_fen : fenOf(line.recognised_amount)
    return { line_no, recognised_fen, finding_code: line?.finding_code ?? null, note: line?.note ?? null }
  })
}

function resultOf (claimed_fen: number, recognised_fen: number): AuditResult {
  if (recognised_fen === claimed_fen) return 'PASS'
  return recognised_fen === 0 ? 'REJECT' : 'REDUCE'
}

/**
 * Prepares a conclusion over the digest of what was reviewed; an earlier unconfirmed one is replaced.
 *
 * Errors: not_found, state_conflict, changed_since, conflict_of_interest, line_unknown, amount_over_line, conclusion_inconsistent, sample_seed_wrong.
 */
export async function prepareConclusion (sql: WriteSql, now: string, principal: Principal, packet_no: string,
  sent: Concluding): Promise<{ conclusion: Conclusion, is_new: boolean }> {
  const packet = await packetFor(sql, principal, packet_no)
  const content_digest = digestOf([packet.version, sent, principal.user_no])
  const last = (await conclusionsOf(sql, packet_no)).at(-1)
  if (last !== undefined && last.content_digest === content_digest && last.status !== 'REPLACED') return { conclusion: last, is_new: false }
  if (packet.status !== 'IN_AUDIT') throw stateConflict(packet.status, allowed('packet', packet.status))
  if (packet.digest !== sent.packet_digest) throw new Problem('changed_since')
  if (sent.conflict_of_interest_declared === false) throw new Problem('conflict_of_interest')
  checkSeed(sent.sample_seed, packet.sample_seed_commitment)
  const kept = await packetLines(sql, packet_no, packet.version)
  refuseLines(kept, sent)
  const lines = concludedLines(kept, sent)
  const recognised_fen = sumFen(lines.map(line => line.recognised_fen))
  const found = resultOf(packet.claimed_fen, recognised_fen)
  const result = sent.result ?? found
  if ((result === 'PASS' && found !== 'PASS') || (result === 'REDUCE' && found === 'PASS') || (result === 'REJECT' && recognised_fen > 0)) {
    throw new Problem('conclusion_inconsistent', {
      detail: `The amounts recognise ${yuanOf(recognised_fen)} of ${yuanOf(packet.claimed_fen)}; that is ${found}, not ${result}`,
      detail_zh: `认定金额 ${yuanOf(recognised_fen)}，申报金额 ${yuanOf(packet.claimed_fen)}，与结论 ${result} 不一致`
    })
  }
  const conclusion: Conclusion = {
    conclusion_no: newNo('concl'), packet_no, version: packet.version, packet_digest: sent.packet_digest,
      auditor_no: principal.participant_no, result, lines, recognised_fen,
    conflict_of_interest_declared: true, sample_seed: sent.sample_seed ?? null, status: 'PREPARED', content_digest, prepared_by: personOf(principal), prepared_at: now,
      confirmed_by: null, confirmed_at: null
  }
  await insertConclusion(sql, conclusion)
  await append(sql, now, {
    type: 'subsidy_packet.conclusion_prepared', subject: packet_no, actor: principal, audience: [principal.participant_no],
      data: { conclusion_no: conclusion.conclusion_no, result }
  })
  return { conclusion, is_new: true }
}

/** Confirms a conclusion by another person of the same auditor. Errors: not_found, own_work, state_conflict, changed_since. */
export async function confirm (
  sql: WriteSql, now: string, principal: Principal, packet_no: string, conclusion_no: string, ledger: ClawbackLedger
): Promise<{ conclusion: Conclusion, packet: Packet }> {
  const packet = await packetFor(sql, principal, packet_no)
  const prepared = await findConclusion(sql, packet_no, conclusion_no)
  if (prepared === undefined || prepared.auditor_no !== principal.participant_no) throw notFound()
  const person = anotherPerson(principal, prepared.prepared_by)
  if (prepared.status !== 'PREPARED') throw stateConflict(prepared.status, [])
  if (packet.status !== 'IN_AUDIT') throw stateConflict(packet.status, allowed('packet', packet.status))
  if (packet.digest !== prepared.packet_digest || packet.version !== prepared.version) throw new Problem('changed_since')
  const conclusion = await confirmConclusion(sql, now, conclusion_no, person)
  if (conclusion === undefined) throw stateConflict('CONFIRMED', [])
  if (conclusion.result === 'RETURN_FOR_SUPPLEMENT') {
    const returned = await giveBack(sql, now, principal, packet,
      conclusion.lines.map(({ note }) => note).filter(note => note !== null).join('; ') || 'RETURN_FOR_SUPPLEMENT', ledger)
    return { conclusion, packet: returned }
  }
  for (const line of conclusion.lines) await keepRecognised(sql, packet_no, packet.version, line)
  const audited = await movePacket(sql, now, packet_no, ['IN_AUDIT'], 'AUDITED', { audited_at: now,
    recognised_fen: conclusion.recognised_fen })
  if (audited === undefined) throw stateConflict(packet.status, [])
  await tell(sql, now, principal, audited, 'audited', { conclusion_no, result: conclusion.result })
  return { conclusion, packet: audited }
}

/** MEIC gives a packet back. Errors: not_found, state_conflict. */
export async function returnPacket (sql: WriteSql, now: string, principal: Principal, packet_no: string, reason: string,
  ledger: ClawbackLedger): Promise<Packet> {
  return giveBack(sql, now, principal, await packetFor(sql, principal, packet_no), reason, ledger)
}
