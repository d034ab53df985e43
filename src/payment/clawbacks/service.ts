/** Claw-backs: derived where a frozen line is no longer due, or decided; offset against later payments to the same payee. */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { personOf, type Principal } from '../../http/access.ts'
import type { FactOf } from '../../journal/event-types.ts'
import { append, the_hub, type NewEvent } from '../../journal/events.ts'
import { fenOf, sumFen, yuanOf } from '../../policy/money.ts'
import { notFound, Problem } from '../../problem.ts'
import { settlementAudience } from '../../subsidy/audience.ts'
import type { Clawed, ClawbackLedger, Overpaid } from '../../subsidy/lines/deriving.ts'
import { findLine, liveLines, type SubsidyLine } from '../../subsidy/lines/store.ts'
import { insertClawback, listClawbacks, settleClawback, standingOf, type Clawback, type ClawbackFilter } from './store.ts'

const authorities: ReadonlySet<string> = new Set(['MEIC', 'FINANCE_BUREAU'])

function clawbackOf (now: string, line: SubsidyLine, about: Pick<Clawback,
  'origin' | 'amount_fen' | 'reason' | 'decided_by' | 'content_digest'>): Clawback {
  const { kind, chain, line_no, participant_no, payee_kind, payee_uscc, uscc, project_code } = line
  return {
    clawback_no: newNo('claw'), kind, chain, line_no, participant_no, payee_kind, payee_uscc, uscc, project_code, ...about, offset_fen: 0,
      status: 'OPEN', version: 1,
    created_at: now, updated_at: now
  }
}

async function tell (sql: WriteSql, now: string, actor: NewEvent['actor'], fact: FactOf<'clawback'>, row: Clawback): Promise<void> {
  await append(sql, now, {
    type: `clawback.${fact}`, subject: row.clawback_no, actor, audience: await settlementAudience(sql, row.participant_no, row.uscc),
      data: { line_no: row.line_no, reason: row.reason }
  })
}

/** Makes the open derived claw-back of a chain equal what is overpaid; what was taken back stays counted. */
async function keep (sql: WriteSql, now: string, { of, chain, line, open_fen, reason }: Overpaid): Promise<void> {
  const open = (await standingOf(sql, of, [chain])).find(({ origin, status }) => origin === 'DERIVED' && status === 'OPEN')
  if (open !== undefined) {
    const amount_fen = open.offset_fen + open_fen
    if (amount_fen === open.amount_fen) return
    const status = open_fen > 0 ? 'OPEN' : open.offset_fen > 0 ? 'SETTLED' : 'CANCELLED'
    await settleClawback(sql, now, open.clawback_no, amount_fen, status)
    await tell(sql, now, the_hub, status === 'OPEN' ? 'changed' : status === 'SETTLED' ? 'settled' : 'cancelled', open)
  } else if (open_fen > 0 && line !== null) {
    const row = clawbackOf(now, line, { origin: 'DERIVED', amount_fen: open_fen, reason, decided_by: 'hub', content_digest: null })
    await insertClawback(sql, row)
    await tell(sql, now, the_hub, 'opened', row)
  }
}

/** What the derivation of lines needs of this floor. */
export const clawback_ledger: ClawbackLedger = {
  async of (sql: ReadSql, of, chains) {
    const found = new Map<string, Clawed>()
    for (const { chain, origin, amount_fen, offset_fen, status } of await standingOf(sql, of, chains)) {
      const before = found.get(chain) ?? { clawed_fen: 0, settled_fen: 0, decided_fen: 0, is_open: false }
      found.set(chain, origin === 'DECIDED' ? { ...before, decided_fen: before.decided_fen + amount_fen } : {
        ...before, clawed_fen: before.clawed_fen + amount_fen, settled_fen: before.settled_fen + offset_fen, is_open: before.is_open || status === 'OPEN'
      })
    }
    return found
  },
  keep
}

export interface Decided { line_no: string, amount: string, reason: string }

/** What may still be taken back of a line: never more than was recognised of it, nor of all lines of its voucher's corrections together. */
function leftOf (line: SubsidyLine, recognised_fen: number, of_chain: readonly SubsidyLine[], standing: readonly Clawback[]): number {
  const sum = (rows: readonly Clawback[]) => sumFen(rows.map(({ amount_fen }) => amount_fen))
  const of_line = recognised_fen - sum(standing.filter(({ origin, line_no }) => origin === 'DECIDED' && line_no === line.line_no))
  return Math.max(0, Math.min(of_line, sumFen(of_chain.map(each => each.recognised_fen ?? 0)) - sum(standing)))
}

/** Decides to take back part of what was recognised. Errors: not_found, clawback_over_line. */
export async function decideClawback (sql: WriteSql, now: string, principal: Principal, sent: Decided): Promise<{ clawback: Clawback,
  is_new: boolean }> {
  const line = await findLine(sql, sent.line_no)
  if (line === undefined || line.recognised_fen === null) throw notFound()
  const { kind, uscc, project_code, chain } = line
  const standing = await standingOf(sql, { kind, uscc, project_code }, [chain])
  const content_digest = digestOf(sent)
  const same = standing.find(row => row.content_digest === content_digest && row.status === 'OPEN')
  if (same !== undefined) return { clawback: same, is_new: false }
  const amount_fen = fenOf(sent.amount)
  const of_chain = (await liveLines(sql, uscc, project_code, kind)).filter(each => each.chain === chain)
  const left_fen = leftOf(line, line.recognised_fen, of_chain, standing)
  if (amount_fen === 0 || amount_fen > left_fen) {
    throw new Problem('clawback_over_line', {
      detail: `At most ${yuanOf(left_fen)} of this line can still be taken back`,
        detail_zh: `该明细最多可再追回 ${yuanOf(left_fen)} 元`,
      errors: [{ pointer: '/amount', code: 'CLAWBACK_OVER_LINE',
        message: 'Above zero and at most what was recognised and not yet taken back', message_zh: '须大于零且不超过已认定未追回金额' }]
    })
  }
  const clawback = clawbackOf(now, line, { origin: 'DECIDED', amount_fen, reason: sent.reason, decided_by: personOf(principal),
    content_digest })
  await insertClawback(sql, clawback)
  await tell(sql, now, principal, 'opened', clawback)
  return { clawback, is_new: true }
}

export async function clawbacksFor (sql: ReadSql, principal: Principal, filter: ClawbackFilter): Promise<Clawback[]> {
  if (authorities.has(principal.role)) return listClawbacks(sql, filter)
  return listClawbacks(sql, { ...filter, ...(principal.role === 'ENTERPRISE'
    ? { concerned_uscc: principal.uscc } : { participant_no: principal.participant_no }) })
}

export function clawbackShown (row: Clawback) {
  const { amount_fen, offset_fen, project_code, content_digest: _digest, chain: _chain, status, ...rest } = row
  return { ...rest, status: status === 'OPEN' && amount_fen === offset_fen ? 'SETTLED' : status, project_code: project_code === ''
    ? null : project_code, amount: yuanOf(amount_fen), offset: yuanOf(offset_fen), open: yuanOf(status === 'OPEN'
    ? amount_fen - offset_fen : 0) }
}
