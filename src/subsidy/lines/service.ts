/** Reading lines and ceilings: each caller sees what is its own, sums are for all that are involved. */
import type { ReadSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { ceilingOwner, LIFETIME } from '../../policy/ceilings.ts'
import { fenParameter, nearestTerms } from '../../policy/terms.ts'
import { yuanOf } from '../../policy/money.ts'
import { notFound } from '../../problem.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { findPacket, packetsAssigned } from '../packets/store.ts'
import { loan_scope, project_ceilings } from './claims.ts'
import { findLine, grantedOf, hasLineOf, listLines, type LineFilter, type ProjectYear, type SubsidyLine } from './store.ts'

/** Where a line stands on its way to the payee; handed in by app.ts from the payment floor. */
export type PaymentStatusOf = (sql: ReadSql, line_nos: readonly string[]) => Promise<Map<string, string>>

const authorities: ReadonlySet<string> = new Set(['MEIC', 'FINANCE_BUREAU'])

/** Narrows a filter to what the caller may see. */
function visible (sql: ReadSql, principal: Principal, filter: LineFilter): LineFilter {
  if (authorities.has(principal.role)) return filter
  if (principal.role === 'ENTERPRISE') return { ...filter, concerned_uscc: principal.uscc }
  if (principal.role === 'AUDITOR') return { ...filter, of_packets: packetsAssigned(sql, principal.participant_no) }
  return { ...filter, participant_no: principal.participant_no }
}

export interface LineShown { line: SubsidyLine, payment_status: string }

async function shown (sql: ReadSql, lines: readonly SubsidyLine[], paymentStatusOf: PaymentStatusOf): Promise<LineShown[]> {
  const statuses = await paymentStatusOf(sql, lines.map(({ line_no }) => line_no))
  return lines.map(line => ({ line, payment_status: statuses.get(line.line_no) ?? ((line.recognised_fen ?? 0) > 0
    ? 'WAITING' : 'NOT_DUE') }))
}

export async function linesFor (sql: ReadSql, principal: Principal, filter: LineFilter,
  paymentStatusOf: PaymentStatusOf): Promise<LineShown[]> {
  return shown(sql, await listLines(sql, visible(sql, principal, filter)), paymentStatusOf)
}

/** One line. Errors: not_found, also for another's. */
export async function lineFor (sql: ReadSql, principal: Principal, line_no: string, paymentStatusOf: PaymentStatusOf): Promise<LineShown> {
  const line = await findLine(sql, line_no)
  if (line === undefined || !await maySee(sql, principal, line)) throw notFound()
  const [found] = await shown(sql, [line], paymentStatusOf)
  if (found === undefined) throw notFound()
  return found
}

async function maySee (sql: ReadSql, principal: Principal, line: SubsidyLine): Promise<boolean> {
  if (authorities.has(principal.role) || line.participant_no === principal.participant_no) return true
  if (principal.role === 'ENTERPRISE') return line.uscc === principal.uscc || line.payee_uscc === principal.uscc
  return principal.role === 'AUDITOR' && line.packet_no !== null &&
    (await findPacket(sql, line.packet_no))?.auditor_no === principal.participant_no
}

export interface CeilingShown { kind: SubsidyLine['kind'], rule_id: string, span: string, scope: string | null, cap_fen: number,
  granted_fen: number }

const rule_of_premium = (scope: string): string =>
  scope.startsWith('FIRST_SET') ? 'I-01-CEILING' : scope.startsWith('FIRST_VERSION') ? 'I-02-CEILING' : 'I-03-CEILING'
const lines_shown_max = 200

/**
 * Sums of an enterprise project's ceilings with the lines the caller may see: no other institution's.
 *
 * Errors: not_found for who is not involved.
 */
export async function ceilingsFor (
  sql: ReadSql, principal: Principal, wanted: { uscc: string, project_code: string, year: string }, paymentStatusOf: PaymentStatusOf
): Promise<{ ceilings: CeilingShown[], lines: LineShown[] }> {
  const { uscc, project_code, year } = wanted
  const lines = await linesFor(sql, principal, { uscc, project_code, year, is_live: true, after: null, limit: lines_shown_max }, paymentStatusOf)
  const is_involved = authorities.has(principal.role) || (principal.role === 'ENTERPRISE' && principal.uscc === uscc) ||
    (principal.role === 'AUDITOR' ? lines.length > 0 : await hasLineOf(sql, principal.participant_no, uscc, project_code))
  if (!is_involved) throw notFound()
  const granted = await grantedOf(sql, uscc, [project_code, ''])
  const terms = nearestTerms(await policiesIn(sql), 'TECH_RENO_LOAN', `${year}-12-31`)
  const of_year = granted.filter(row => row.year === year || row.year === LIFETIME)
  const owner = ceilingOwner(project_code, null, terms).project_code
  const sees_all = authorities.has(principal.role) || principal.role === 'ENTERPRISE'
  const ceilings: CeilingShown[] = []
  for (const { kind, rule_id, parameter } of project_ceilings) {
    const rows = of_year.filter(row => row.kind === kind && row.project_code === owner && !row.scope.startsWith(loan_scope))
    const common = rows.find(row => row.scope === '')
    ceilings.push({ kind, rule_id, span: common?.year ?? (kind === 'GUARANTEE_FEE' ? LIFETIME : year), scope: null,
      cap_fen: common?.cap_fen ?? fenParameter(terms, parameter), granted_fen: common?.granted_fen ?? 0 })
    for (const { year: span, scope, cap_fen, granted_fen } of rows) {
      if (scope !== '' && (sees_all || scope === principal.participant_no)) ceilings.push({ kind, rule_id, span, scope, cap_fen, granted_fen })
    }
  }
  // A loan has its own ceiling, known to its bank and enterprise.
  for (const { scope, cap_fen, granted_fen, year: span } of of_year.filter(row => row.scope.startsWith(loan_scope))) {
    const [bank_no, ...contract_no] = scope.slice(loan_scope.length).split('/')
    if (sees_all || bank_no === principal.participant_no) ceilings.push({ kind: 'LOAN_INTEREST', rule_id: 'L-04', span, scope: contract_no.join('/'), cap_fen, granted_fen })
  }
  const premiums = of_year.filter((row: ProjectYear) => row.kind === 'PREMIUM' && (principal.role !== 'INSURER' || lines.length > 0))
  // The product that a first set's ceiling is about is known from another's policy: institutions see the sum without it.
  for (const { kind, scope, cap_fen, granted_fen, year: span } of premiums) ceilings.push({ kind, rule_id: rule_of_premium(scope), span,
    scope: sees_all ? scope : scope.replace(/:.*$/s, ''), cap_fen, granted_fen })
  return { ceilings, lines }
}

/** A ceiling as it goes out. */
export function ceilingShown ({ cap_fen, granted_fen, ...rest }: CeilingShown) {
  return { ...rest, cap: yuanOf(cap_fen), granted: yuanOf(granted_fen), left: yuanOf(cap_fen - granted_fen) }
}

const money = (fen: number | null): string | null => fen === null ? null : yuanOf(fen)

/** A line as lists show it. */
export function lineItem ({ line, payment_status }: LineShown) {
  const {
    line_no, kind, status, participant_no, payee_kind, payee_uscc, uscc, project_code, year, period, voucher_number, voucher_no, paid_date,
      eligible_interest_fen,
    formula_fen, amount_fen, recognised_fen, supplement_of, packet_no, authorization_no, blocked_by, version, created_at, updated_at
  } = line
  return {
    line_no, kind, status, participant_no, payee_kind, payee_uscc, uscc, project_code: project_code === '' ? null : project_code, year: Number(year),
      period, voucher_number, voucher_no,
    paid_date, eligible_interest: money(eligible_interest_fen), formula_amount: yuanOf(formula_fen), amount: yuanOf(amount_fen),
      recognised_amount: money(recognised_fen),
    payment_status, supplement_of, packet_no, authorization_no, blocked_by, version, created_at, updated_at
  }
}

/** A line with its trace. */
export function fullLine (shown: LineShown) {
  const { policy_code, policy_version, trace } = shown.line
  return { ...lineItem(shown), policy: { policy_code, version: policy_version }, trace }
}
