/**
 * What is held is judged again where its cause may have gone away: its contract was corrected, or the voucher that was missing before it
 * arrived. So neither the order of vouchers nor that of contracts and vouchers decides what counts. Source: contract §6.
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

/** Judges what is held on a drawdown or lease that was corrected. */
export async function judgeHeldOn<Body extends StatedVoucher> (sql: WriteSql, now: string, principal: Principal, room: InterestRoom<Body>,
  lent_number: string): Promise<void> {
  await judgeAgain(sql, now, principal, room, lent_number, await room.periods.heldOn(sql, lent_number))
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
  held: readonly InterestVoucherRow[]): Promise<void> {
  const lent = held.length === 0 ? undefined : await room.lentBy(sql, lent_number)
  if (lent === undefined) return
  const policies = await policiesIn(sql)
  for (const row of held) await judgeRow(sql, now, principal, room, lent, policies, row)
}

async function judgeRow<Body extends StatedVoucher> (sql: WriteSql, now: string, principal: Principal, room: InterestRoom<Body>, lent: LentTo,
  policies: readonly PolicyVersion[], row: InterestVoucherRow): Promise<void> {
  const body = row.body as unknown as Body
  const terms = nearestTerms(policies, 'TECH_RENO_LOAN', body.paid_date)
  const { mistakes, findings, recomputed_fen } = judgeInterest(body, row.segments, lent, terms)
  const [beside] = await room.periods.beside(sql, [{ lent_number: lent.number, period_end: row.period_start, except: row.number }])
  const found: VoucherFinding[] = [
    ...mistakes.map(({ code, message, message_zh }) => ({ code, rule_id: null, message, message_zh, consequence: 'HOLD' as const })), ...findings,
    ...lastingFindings(row.findings),
    ...checkPeriodBeside({ from: row.period_start, to: row.period_end }, beside === undefined ? [] : [beside], lent.starts, terms)
  ]
  const earlier = row.supersedes === null ? undefined : await room.store.find(sql, row.supersedes)
  const held = isHeld(found, earlier?.accepted_at === null && body.reason !== undefined)
  const shown = shownFindings(found)
  if (held && digestOf(shown) === digestOf(row.findings)) return
  await room.store.decide(sql, row.number, { findings: shown, recomputed_fen, ...held ? {} : { status: 'ACCEPTED', accepted_at: now } }, now)
  if (!held) await mark(sql, now, row.uscc, row.project_code, room.kind)
  const { participant_no } = await enterpriseOf(sql, row.uscc)
  await announce(sql, now, principal, `${room.event}.${held ? 'held' : 'accepted'}`, row, [participant_no], { lent: row.lent_number })
}
