/**
 * Everything that a row of a report counts, each with the events about it, a page at a time: what the figures are derived from, for those
 * who ask which they are.
 */
import { and, asc, eq, gt, gte, inArray, isNotNull, isNull, lt, sql as expression, type SQL } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Db, ReadSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { enterprises } from '../../intake/enterprises/store.ts'
import { financing_needs } from '../../intake/financing-needs/store.ts'
import { projects } from '../../intake/projects/store.ts'
import { drawdowns } from '../../lending/drawdowns/store.ts'
import { guarantee_contracts } from '../../lending/guarantee-contracts/store.ts'
import { lease_contracts } from '../../lending/lease-contracts/store.ts'
import { loan_contracts } from '../../lending/loan-contracts/store.ts'
import { leads } from '../../matching/leads/store.ts'
import { payment_items, payments } from '../../payment/batches/store.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import { compensation_claims } from '../../risk/compensation-claims/store.ts'
import { subsidy_lines } from '../../subsidy/lines/store.ts'
import { subsidy_packets } from '../../subsidy/packets/store.ts'
import type { ReportName } from './catalogue.ts'
import { begunInPeriod, leasedInPeriod, standingClaims } from './guarantee-store.ts'
import { makingOf, type Making } from './making.ts'
import { linesInPeriod, paidInPeriod } from './money-store.ts'
import { countedDays } from './rewards.ts'
import type { SOURCE_NAMES } from './schema.ts'
import { auditedInPeriod, drawnInPeriod, eventsOf, inScope, neededInPeriod, pushedInPeriod } from './store.ts'

export type SourceName = typeof SOURCE_NAMES[number]
/** Numbers of one kind of thing after a number, in their order. */
interface Source { name: SourceName, after (number: string, limit: number): Promise<{ subject: string }[]> }

/** Sources of a scope, each narrowed to a row. */
function sourcesIn (sql: ReadSql, making: Making) {
  const from = (subject: SQLiteColumn, where: SQL | undefined, after: string) => and(where, gt(subject, after))
  return {
    needs: (where?: SQL): Source => ({ name: 'NEED', after: (number, limit) => sql.select({ subject: financing_needs.need_no }).from(financing_needs)
      .leftJoin(enterprises, eq(enterprises.uscc, financing_needs.uscc)).where(from(financing_needs.need_no, and(neededInPeriod(sql, making), where), number))
      .orderBy(asc(financing_needs.need_no)).limit(limit) }),
    leads: (where?: SQL, in_period = pushedInPeriod(sql, making)): Source => ({ name: 'LEAD', after: (number, limit) => sql.select({ subject: leads.lead_no }).from(leads)
      .leftJoin(financing_needs, eq(financing_needs.need_no, leads.need_no)).leftJoin(enterprises, eq(enterprises.uscc, leads.uscc))
      .where(from(leads.lead_no, and(in_period, where), number)).orderBy(asc(leads.lead_no)).limit(limit) }),
    drawdowns: (where?: SQL, days: Pick<Making, 'from' | 'to'> = making): Source => ({ name: 'DRAWDOWN', after: (number, limit) => sql.select({ subject: drawdowns.number }).from(drawdowns)
      .innerJoin(loan_contracts, eq(loan_contracts.number, drawdowns.loan_contract_number)).leftJoin(leads, eq(leads.lead_no, loan_contracts.lead_no))
      .leftJoin(financing_needs, eq(financing_needs.need_no, leads.need_no)).leftJoin(enterprises, eq(enterprises.uscc, drawdowns.uscc))
      .where(from(drawdowns.number, and(drawnInPeriod(sql, { ...making, ...days }), where), number)).orderBy(asc(drawdowns.number)).limit(limit) }),
    leases: (where?: SQL): Source => ({ name: 'LEASE_CONTRACT', after: (number, limit) => sql.select({ subject: lease_contracts.number }).from(lease_contracts)
      .where(from(lease_contracts.number, and(leasedInPeriod(sql, making), where), number)).orderBy(asc(lease_contracts.number)).limit(limit) }),
    guarantees: (where?: SQL): Source => ({ name: 'GUARANTEE_CONTRACT', after: (number, limit) => sql.select({ subject: guarantee_contracts.number }).from(guarantee_contracts)
      .where(from(guarantee_contracts.number, and(eq(guarantee_contracts.status, 'ACCEPTED'), inScope(sql, guarantee_contracts.uscc, making), where), number))
      .orderBy(asc(guarantee_contracts.number)).limit(limit) }),
    claims: (year: number, where?: SQL): Source => ({ name: 'COMPENSATION_CLAIM', after: (number, limit) => sql.select({ subject: compensation_claims.number }).from(compensation_claims)
      .where(from(compensation_claims.number, and(standingClaims(sql, [year], making), where), number)).orderBy(asc(compensation_claims.number)).limit(limit) }),
    packets: (where?: SQL): Source => ({ name: 'SUBSIDY_PACKET', after: (number, limit) => sql.select({ subject: subsidy_packets.packet_no }).from(subsidy_packets)
      .where(from(subsidy_packets.packet_no, and(auditedInPeriod(sql, making), where), number)).orderBy(asc(subsidy_packets.packet_no)).limit(limit) }),
    lines: (where?: SQL): Source => ({ name: 'SUBSIDY_LINE', after: (number, limit) => sql.select({ subject: subsidy_lines.line_no }).from(subsidy_lines)
      .where(from(subsidy_lines.line_no, and(linesInPeriod(sql, making), where), number)).orderBy(asc(subsidy_lines.line_no)).limit(limit) }),
    payments: (where?: SQL): Source => ({ name: 'PAYMENT', after: (number, limit) => sql.selectDistinct({ subject: payments.payment_no }).from(payments)
      .innerJoin(payment_items, eq(payment_items.payment_no, payments.payment_no)).innerJoin(subsidy_lines, eq(subsidy_lines.line_no, payment_items.line_no))
      .where(from(payments.payment_no, where, number)).orderBy(asc(payments.payment_no)).limit(limit) }),
    projects: (where?: SQL): Source => ({ name: 'PROJECT', after: (number, limit) => sql.selectDistinct({ subject: projects.project_code }).from(projects)
      .leftJoin(enterprises, eq(enterprises.uscc, projects.owner_uscc))
      .leftJoin(financing_needs, and(eq(financing_needs.uscc, projects.owner_uscc), eq(financing_needs.project_code, projects.project_code)))
      .where(from(projects.project_code, and(eq(projects.library_status, 'LISTED'), inScope(sql, projects.owner_uscc, making), where), number))
      .orderBy(asc(projects.project_code)).limit(limit) })
  }
}

/** What a row counts. @param row its key, as its basis says */
async function sourcesOf (db: Db, report: ReportName, making: Making, row: string): Promise<Source[]> {
  const of = sourcesIn(db.read, making)
  const [first = '', second = '', third = ''] = row.split('/')
  const approved = and(gte(leads.approved_at, making.from_at), lt(leads.approved_at, making.to_at), inArray(leads.recipient_kind, ['BANK', 'LESSOR']))
  const in_district = first === unknown_row ? isNull(enterprises.region_code) : eq(enterprises.region_code, first)
  const of_kind = eq(subsidy_lines.kind, expression`${first}`)
  switch (report) {
    case 'institution-ranking': return [of.leads(eq(leads.recipient_no, first)), of.drawdowns(eq(drawdowns.participant_no, first)), of.leases(eq(lease_contracts.participant_no, first)),
      of.packets(eq(subsidy_packets.participant_no, first))]
    case 'three-one-clock': return [of.leads(eq(leads.recipient_no, first))]
    case 'subsidy-progress': return first === 'LINES' ? [of.lines(and(eq(subsidy_lines.year, second), eq(subsidy_lines.kind, expression`${third}`)))]
      : [of.payments(and(eq(payments.status, 'PAID'), eq(payments.year, second), eq(payments.fund_source, expression`${third}`)))]
    case 'park-performance': return [of.needs(eq(financing_needs.park_no, first)), of.leads(eq(financing_needs.park_no, first)), of.drawdowns(eq(financing_needs.park_no, first)),
      of.projects(eq(financing_needs.park_no, first))]
    case 'guarantee-breaker': return [
      of.guarantees(and(eq(guarantee_contracts.participant_no, first), eq(guarantee_contracts.lender_no, second), eq(guarantee_contracts.vintage_year, Number(third)))),
      of.claims(Number(third), and(eq(compensation_claims.guarantor_no, first), eq(compensation_claims.participant_no, second)))
    ]
    case 'average-guarantee-fee': return [of.guarantees(and(begunInPeriod(db.read, making), eq(guarantee_contracts.participant_no, first)))]
    case 'supply-chain-reward': {
      // The district is that of the core enterprise; what was promoted before the period is deducted from the reward.
      const core = loan_contracts.core_enterprise_uscc
      const { drawdowns: of_any } = sourcesIn(db.read, { ...making, region_code: null })
      const promoted = and(first === 'ALL' ? isNotNull(core) : eq(core, second), inScope(db.read, core, making))
      const days = countedDays(await policiesOf(db), making)
      return [of_any(promoted, days), of_any(promoted, { from: days.begun, to: days.from })]
    }
    case 'fund-performance': return [of.payments(and(paidInPeriod(db.read, making), of_kind)), ...first === 'LOAN_INTEREST' ? [of.drawdowns()] : []]
    case 'district-ledger': return [of.needs(in_district), of.leads(in_district), of.leads(and(in_district, approved), inScope(db.read, leads.uscc, making)),
      of.drawdowns(in_district), of.projects(in_district)]
  }
}

/** Stands for what a row does not know of itself: enterprises without a district. */
const unknown_row = 'UNKNOWN'

/** How a row is asked for: its first columns. */
export function rowKey (keys: readonly string[], cells: Readonly<Record<string, unknown>>): string {
  const known = keys.map(key => cells[key]).filter(value => value !== null && value !== undefined)
  return known.length === 0 ? unknown_row : known.join('/')
}

/** A page of what a row of a report counts, by kind and number. */
export async function behindRow (
  db: Db, principal: Principal, report: ReportName, period: { from: string, to: string }, asked: { row: string, region_code?: string, limit?: number, cursor?: string }
) {
  const operation_id = `listReportBasis ${report} ${period.from} ${period.to} ${asked.row} ${asked.region_code ?? ''}`
  const page = pageRequest(operation_id, principal, asked)
  const [reached = '0', number = ''] = page.after?.split('|') ?? []
  const sources = await sourcesOf(db, report, makingOf(period, beijingDate(db.clock.now()), asked.region_code ?? null), asked.row)
  const found: { place: string, kind: SourceName, subject: string }[] = []
  for (let index = Number(reached); index < sources.length && found.length <= page.limit; index++) {
    const source = sources[index]
    const rows = await source?.after(index === Number(reached) ? number : '', page.limit + 1 - found.length) ?? []
    if (source !== undefined) found.push(...rows.map(({ subject }) => ({ place: `${index}|${subject}`, kind: source.name, subject })))
  }
  const { items, next_cursor } = pageOf(operation_id, principal, page, found, ({ place }) => place)
  const about = await eventsOf(db.read, items.map(({ subject }) => subject))
  return { items: items.map(({ kind, subject }) => ({ kind, subject, events: about.get(subject) ?? [] })), next_cursor }
}
