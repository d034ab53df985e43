/**
 * Vouchers are judged again where what they were judged by has changed. What is held, where its cause may have gone away: its contract was
 * corrected, or the voucher that was missing before it arrived. What was accepted, where its contract was corrected: what contradicts the
 * contract is held, whichever came first. So neither the order of vouchers nor that of contracts and vouchers decides what counts. What a
 * person released stays released. Source: contract §6.
 */
import { digestOf } from '../../db/canonical.ts'
import type { WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { nearestTerms, type PolicyVersion } from '../../policy/terms.ts'
import { checkPeriodBeside, type VoucherFinding } from '../../policy/vouchers.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { announce } from '../evidence/service.ts'
import { enterpriseOf } from '../evidence/store.ts'
import { mark } from '../marks.ts'
import type { InterestRoom, LentTo, StatedVoucher } from './accepting.ts'
import { isHeld, judgeInterest, lastingFindings, shownFindings } from './judging.ts'
import type { InterestVoucherRow } from './store.ts'

/** Judges what is accepted or held on a drawdown or lease that was corrected. */
export async function judgeAllOn<Body extends StatedVoucher> (sql: WriteSql, now: string, principal: Principal, room: InterestRoom<Body>,
  lent_number: string): Promise<void> {
  const rows = await room.periods.rowsOn(sql, lent_number)
  await judgeAgain(sql, now, principal, room, lent_number, rows.filter(({ findings }) => findings.every(({ code }) => code !== 'RELEASED')))
}

/** Judges those that are held right after vouchers that have just come, each on another drawdown or lease. */
export async function judgeNext<Body extends StatedVoucher> (sql: WriteSql, now: string, room: InterestRoom<Body>,
  come: readonly { principal: Principal, row: InterestVoucherRow }[]): Promise<void> {
  const next = await room.periods.heldNext(sql, come.map(({ row: { lent_number, period_end } }) => ({ lent_number, period_end })))
  for (const [place, { principal, row }] of come.entries()) {
    const held = next[place]
    if (held !== undefined) await judgeAgain(sql, now, principal, room, row.lent_number, [held])
  }
}

async function judgeAgain<Body extends StatedVoucher> (sql: WriteSql, now: string, principal: Principal, room: InterestRoom<Body>, lent_number: string,
  rows: readonly InterestVoucherRow[]): Promise<void> {
  const lent = rows.length === 0 ? undefined : await room.lentBy(sql, lent_number)
  if (lent === undefined) return
  const policies = await policiesIn(sql)
  for (const row of rows) await judgeRow(sql, now, principal, room, lent, policies, row)
}

async function judgeRow<Body extends StatedVoucher> (sql: WriteSql, now: string, principal: Principal, room: InterestRoom<Body>, lent: LentTo,
  policies: readonly PolicyVersion[], row: InterestVoucherRow): Promise<void> {
  const body = row.body as unknown as Body
  const terms = nearestTerms(policies, 'TECH_RENO_LOAN', body.paid_date)
  const { mistakes, findings, recomputed_fen } = judgeInterest(body, row.segments, lent, terms)
  const was_held = row.status === 'HELD'
  const of_contract = [...mistakes.map(({ code, message, message_zh }) => ({ code, rule_id: null, message, message_zh, consequence: 'HOLD' as const })), ...findings]
  const found: VoucherFinding[] = was_held ? [...of_contract, ...lastingFindings(row.findings), ...await gapBefore(sql, room, lent, terms, row)]
    // Other interest by another day count: the smaller one is the base of an accepted one anyhow.
    : of_contract.filter(({ code }) => code !== 'INTEREST_RECALC_MISMATCH')
  const earlier = row.supersedes === null ? undefined : await room.store.find(sql, row.supersedes)
  const held = isHeld(found, earlier?.accepted_at === null && body.reason !== undefined)
  const shown = shownFindings(found)
  if (was_held === held && (!held || digestOf(shown) === digestOf(row.findings))) return
  await room.store.rejudge(sql, row.number, row.status, { findings: shown, recomputed_fen, ...held ? { status: 'HELD', accepted_at: null } : { status: 'ACCEPTED', accepted_at: now } }, now)
  if (!held || !was_held) await mark(sql, now, row.uscc, row.project_code, room.kind)
  const { participant_no } = await enterpriseOf(sql, row.uscc)
  await announce(sql, now, principal, `${room.event}.${held ? 'held' : 'accepted'}`, row, [participant_no], { lent: row.lent_number })
}

/** What is missing before a held one. */
async function gapBefore<Body extends StatedVoucher> (sql: WriteSql, room: InterestRoom<Body>, lent: LentTo, terms: PolicyVersion,
  { number, period_start, period_end }: InterestVoucherRow): Promise<VoucherFinding[]> {
  const [beside] = await room.periods.beside(sql, [{ lent_number: lent.number, period_end: period_start, except: number }])
  return checkPeriodBeside({ from: period_start, to: period_end }, beside === undefined ? [] : [beside], lent.starts, terms)
}
