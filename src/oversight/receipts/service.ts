/**
 * The receipt of an enterprise: one document with everything that was done with its data and for its money.
 * Source: S2 (十三) 免申即享: nobody applies, so everybody can look; 个人信息保护法: access to own data.
 */
import type { ReadSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { statusOn } from '../../intake/authorizations/service.ts'
import { authorizationsByNo } from '../../intake/authorizations/store.ts'
import { findEnterprise } from '../../intake/enterprises/store.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { yuanOf } from '../../policy/money.ts'
import type { TraceStep } from '../../policy/terms.ts'
import { notFound } from '../../problem.ts'
import { participantsByNo } from '../../registry/participants/store.ts'
import { heldReadsOf } from '../../lending/held-reading.ts'
import { regulatorReadsOf } from '../reports/store.ts'
import { clawbacksOfLines, reductionsOf, leadsAbout, linesAbout, needsOf, packetReadsAbout, paymentsOfLines, vouchersAbout } from './store.ts'

export interface ReceiptAnswer {
  lead_no: string, institution_no: string, institution: string | null, kind: string, status: string
  pushed_at: string, contacted_at: string | null, decided_at: string | null, approved_at: string | null, disbursed_at: string | null,
    ended_at: string | null
}
export interface ReceiptNeed {
  need_no: string, source: string, sender_no: string, sender: string | null, project_code: string | null, project_name: string | null,
    amount: string, term_months: number, purpose: string
  status: string, created_at: string, answers: ReceiptAnswer[]
}
export interface ReceiptDisclosure {
  basis: 'MATCHING' | 'SETTLEMENT' | 'REGULATOR', recipient_no: string, recipient: string | null, disclosed_at: string,
    authorization_no: string | null
  lead_no: string | null, packet_no: string | null, report: string | null
  fields_released: readonly string[], digest: string | null, case_no: string | null, reason: string | null
}
export interface ReceiptVoucher {
  kind: string, number: string, voucher_no: string, institution_no: string, institution: string | null, project_code: string | null,
    paid_date: string, paid_amount: string, status: string
  findings: readonly { code: string, rule_id: string | null, message: string, message_zh: string }[]
}
export interface ReceiptPayment { payment_no: string, status: string, amount: string, paid_date: string | null,
  account_no_masked: string | null, return_reason: string | null }
export interface ReceiptSubsidy {
  line_no: string, kind: string, status: string, payee_kind: string, voucher_no: string, institution_no: string, period: string,
    amount: string, recognised_amount: string | null, finding_code: string | null, note: string | null
  payment_status: string, blocked_by: readonly { rule_id: string, code: string, message: string, message_zh: string }[],
    policy: { policy_code: string, version: string }, trace: readonly TraceStep[]
  payments: ReceiptPayment[]
  clawbacks: { clawback_no: string, status: string, reason: string, amount: string, taken_back: string }[]
}
export interface Receipt {
  uscc: string
  name: string | null
  needs: ReceiptNeed[]
  disclosures: ReceiptDisclosure[]
  vouchers: ReceiptVoucher[]
  subsidies: ReceiptSubsidy[]
  totals: { subsidy: string, recognised: string, paid: string, taken_back: string }
}

const live_payments: ReadonlySet<string> = new Set(['GENERATED', 'SENT', 'PAID', 'UNKNOWN', 'RETURNED'])

/** Needs whose authorization is live today: what an ended one let out leaves no more, except to the enterprise itself (contract §5). */
async function stillAuthorized<Need extends { authorization_no: string }> (sql: ReadSql, needs: readonly Need[], now: string): Promise<Need[]> {
  const given = await authorizationsByNo(sql, [...new Set(needs.map(({ authorization_no }) => authorization_no))])
  const day = beijingDate(now)
  return needs.filter(({ authorization_no }) => {
    const one = given.get(authorization_no)
    return one !== undefined && statusOn(one, day) === 'ACTIVE'
  })
}

/** Errors: not_found for another enterprise, and for one that nobody ever named. */
export async function receiptOf (sql: ReadSql, principal: Principal, uscc: string, now: string): Promise<Receipt> {
  if (principal.role !== 'MEIC' && principal.uscc !== uscc) throw notFound()
  const enterprise = await findEnterprise(sql, uscc)
  if (enterprise === undefined && principal.role === 'MEIC') throw notFound()
  const needs = principal.role === 'MEIC' ? await stillAuthorized(sql, await needsOf(sql, uscc), now) : await needsOf(sql, uscc)
  const leads = await leadsAbout(sql, uscc)
  const packet_reads = await packetReadsAbout(sql, uscc)
  const regulator_reads = await regulatorReadsOf(sql, uscc)
  const held_reads = await heldReadsOf(sql, uscc)
  const vouchers = await vouchersAbout(sql, uscc)
  const lines = await linesAbout(sql, uscc)
  const line_nos = lines.map(({ line_no }) => line_no)
  const paid = await paymentsOfLines(sql, line_nos)
  const reductions = await reductionsOf(sql, line_nos)
  const clawed = await clawbacksOfLines(sql, line_nos)
  const names = new Map((await participantsByNo(sql, [...new Set([
    ...needs.map(({ sender_no }) => sender_no), ...leads.map(({ recipient_no }) => recipient_no),
      ...packet_reads.map(({ participant_no }) => participant_no),
    ...[...regulator_reads, ...held_reads].map(({ participant_no }) => participant_no), ...vouchers.map(({ row }) => row.participant_no)
  ])])).map(({ participant_no, name }) => [participant_no, name]))
  const nameOf = (participant_no: string) => names.get(participant_no) ?? null

  const disclosures: ReceiptDisclosure[] = [
    ...leads.map(lead => ({
      basis: 'MATCHING' as const, recipient_no: lead.recipient_no, recipient: nameOf(lead.recipient_no), disclosed_at: lead.pushed_at,
        authorization_no: lead.authorization_no,
      lead_no: lead.lead_no, packet_no: null, report: null, fields_released: lead.fields_released, digest: lead.disclosure_digest,
        case_no: null, reason: null
    })),
    ...packet_reads.map(read => ({
      basis: 'SETTLEMENT' as const, recipient_no: read.participant_no, recipient: nameOf(read.participant_no), disclosed_at: read.read_at,
        authorization_no: read.authorization_no,
      lead_no: null, packet_no: read.packet_no, report: null, fields_released: [read.part.toLowerCase()], digest: null, case_no: null,
        reason: null
    })),
    ...regulator_reads.map(read => ({
      basis: 'REGULATOR' as const, recipient_no: read.participant_no, recipient: nameOf(read.participant_no), disclosed_at: read.read_at,
        authorization_no: null,
      lead_no: null, packet_no: null, report: read.report, fields_released: [read.report], digest: read.digest, case_no: read.case_no,
        reason: read.reason
    })),
    ...held_reads.map(read => ({
      basis: 'REGULATOR' as const, recipient_no: read.participant_no, recipient: nameOf(read.participant_no), disclosed_at: read.read_at,
        authorization_no: read.authorization_no,
      lead_no: null, packet_no: null, report: null, fields_released: ['document'], digest: read.sha256, case_no: read.number, reason: null
    }))
  ]
  disclosures.sort((a, b) => a.disclosed_at < b.disclosed_at ? -1 : a.disclosed_at > b.disclosed_at ? 1 : 0)

  const subsidies = lines.map((line): ReceiptSubsidy => {
    const own = paid.filter(({ line_no }) => line_no === line.line_no)
    const reduction = (line.recognised_fen ?? line.amount_fen) < line.amount_fen ? reductions.get(line.line_no) : undefined
    const live = own.findLast(({ status }) => live_payments.has(status))
    return {
      line_no: line.line_no, kind: line.kind, status: line.status, payee_kind: line.payee_kind, voucher_no: line.voucher_no,
        institution_no: line.participant_no, period: line.period,
      amount: yuanOf(line.amount_fen), recognised_amount: line.recognised_fen === null ? null : yuanOf(line.recognised_fen),
      finding_code: reduction?.finding_code ?? null, note: reduction?.note ?? null,
      payment_status: live?.status ?? (line.recognised_fen === null || line.recognised_fen === 0 ? 'NOT_DUE' : 'WAITING'),
        blocked_by: line.blocked_by,
      policy: { policy_code: line.policy_code, version: line.policy_version }, trace: line.trace,
      payments: own.map(payment => ({
        payment_no: payment.payment_no, status: payment.status, amount: yuanOf(payment.amount_fen), paid_date: payment.paid_date,
        // The account of a guarantor is none of the enterprise's.
        account_no_masked: payment.account_tail === null || payment.payee_uscc !== uscc ? null : `****${payment.account_tail}`,
          return_reason: payment.return_reason
      })),
      clawbacks: clawed.filter(({ line_no }) => line_no === line.line_no).map(({ clawback_no, status, reason, amount_fen, offset_fen }) => ({
        clawback_no, status, reason, amount: yuanOf(amount_fen), taken_back: yuanOf(offset_fen)
      }))
    }
  })
  const came_through = paid.filter(({ status }) => status === 'PAID')
  const sum = (amounts: readonly number[]) => yuanOf(amounts.reduce((before, amount) => before + amount, 0))
  return {
    uscc,
    name: enterprise?.name ?? principal.name,
    needs: needs.map(need => ({
      need_no: need.need_no, source: need.source, sender_no: need.sender_no, sender: nameOf(need.sender_no),
        project_code: need.project_code, project_name: need.project_name,
      amount: yuanOf(need.amount_fen), term_months: need.term_months, purpose: need.purpose_text, status: need.status,
        created_at: need.created_at,
      answers: leads.filter(({ need_no }) => need_no === need.need_no).map(lead => ({
        lead_no: lead.lead_no, institution_no: lead.recipient_no, institution: nameOf(lead.recipient_no), kind: lead.recipient_kind,
          status: lead.status, pushed_at: lead.pushed_at,
        contacted_at: lead.contacted_at, decided_at: lead.decided_at, approved_at: lead.approved_at, disbursed_at: lead.disbursed_at,
          ended_at: lead.ended_at
      }))
    })),
    disclosures,
    vouchers: vouchers.map(({ kind, row, paid_fen }) => ({
      kind, number: row.number, voucher_no: row.business_no, institution_no: row.participant_no, institution: nameOf(row.participant_no),
      project_code: row.project_code === '' ? null : row.project_code, paid_date: row.paid_date, paid_amount: yuanOf(paid_fen),
        status: row.status,
      findings: row.findings.map(({ code, rule_id, message, message_zh }) => ({ code, rule_id, message, message_zh }))
    })),
    subsidies,
    totals: {
      subsidy: sum(lines.map(({ amount_fen }) => amount_fen)), recognised: sum(lines.map(({ recognised_fen }) => recognised_fen ?? 0)),
        paid: sum(came_through.map(({ amount_fen }) => amount_fen)),
      taken_back: sum(clawed.map(({ offset_fen }) => offset_fen))
    }
  }
}
