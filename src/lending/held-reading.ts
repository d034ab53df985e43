/**
 * The receipt of held evidence, read by a person of the commission who decides on it: under the enterprise's live authorization and while it is
 * held, nothing else of its sender. Each reading is listed among the enterprise's disclosures, the number of the evidence being its case.
 * Source: contract §2, §6; S2 (十三).
 */
import { and, asc, eq } from 'drizzle-orm'
import { newNo } from '../clock.ts'
import { table, text } from '../db/columns.ts'
import type { ReadSql } from '../db/db.ts'
import type { Principal } from '../http/access.ts'
import { statusOn } from '../intake/authorizations/service.ts'
import { authorizationsByNo } from '../intake/authorizations/store.ts'
import type { Disclosure } from '../intake/hooks.ts'
import { beijingDate } from '../policy/calendar.ts'
import type { Reading } from './documents/service.ts'
import { findAnyDocument } from './documents/store.ts'
import { fee_vouchers } from './fee-vouchers/store.ts'
import { insurance_policies } from './insurance-policies/store.ts'
import { interest_vouchers } from './interest-vouchers/store.ts'
import { rent_vouchers } from './rent-vouchers/store.ts'

const held_reads = table('held_reads', {
  read_no: text().primaryKey(),
  /** the held evidence */
  number: text().notNull(),
  uscc: text().notNull(),
  authorization_no: text().notNull(),
  participant_no: text().notNull(),
  user_no: text().notNull(),
  document_no: text().notNull(),
  sha256: text().notNull(),
  read_at: text().notNull()
})

export type HeldRead = typeof held_reads.$inferSelect

const rooms = [interest_vouchers, rent_vouchers, fee_vouchers, insurance_policies] as const

/** What the enterprise has not covered by an authorization is read by nobody. */
const without_consent = 'AUTH_SCOPE_INSUFFICIENT'

/** Held evidence that a document proves and that may be read on a day. */
async function heldWith (sql: ReadSql, owner_no: string, document_no: string, day: string) {
  for (const { number, uscc, authorization_no, findings, participant_no, status, document_no: proof } of rooms) {
    const rows = await sql.select({ number, uscc, authorization_no, findings }).from(number.table)
      .where(and(eq(participant_no, owner_no), eq(status, 'HELD'), eq(proof, document_no)))
    const given = await authorizationsByNo(sql, rows.flatMap(row => row.authorization_no ?? []))
    for (const row of rows) {
      const authorization = given.get(row.authorization_no ?? '')
      if (authorization === undefined || statusOn(authorization, day) !== 'ACTIVE') continue
      if (row.findings.every(({ code }) => code !== without_consent)) return { ...row, authorization_no: authorization.authorization_no }
    }
  }
  return undefined
}

/** How a person of the commission reads a document of held evidence; null: it may not. */
export async function readHeldDocument (sql: ReadSql, principal: Principal, document_no: string, now: string): Promise<Reading | null> {
  const { role, participant_no, user_no } = principal
  const document = role === 'MEIC' && user_no !== null ? await findAnyDocument(sql, document_no) : undefined
  if (document === undefined || user_no === null) return null
  const held = await heldWith(sql, document.participant_no, document_no, beijingDate(now))
  if (held === undefined) return null
  const { number, uscc, authorization_no } = held
  return async (unit, at) => {
    await unit.insert(held_reads).values({ read_no: newNo('read'), number, uscc, authorization_no, participant_no, user_no, document_no, sha256: document.sha256, read_at: at })
  }
}

/** Readings of held evidence about an enterprise, the oldest first. */
export async function heldReadsOf (sql: ReadSql, uscc: string): Promise<HeldRead[]> {
  return sql.select().from(held_reads).where(eq(held_reads.uscc, uscc)).orderBy(asc(held_reads.read_no)).limit(10_000)
}

/** The same under an authorization, as the enterprise is shown them. */
export async function heldDisclosures (sql: ReadSql, authorization_no: string): Promise<Disclosure[]> {
  const reads = await sql.select().from(held_reads).where(eq(held_reads.authorization_no, authorization_no)).orderBy(asc(held_reads.read_no)).limit(10_000)
  return reads.map(({ participant_no, read_at, sha256 }) => ({
    basis: 'REGULATOR', recipient_no: participant_no, lead_no: null, packet_no: null, fields_released: ['document'], disclosed_at: read_at, digest: sha256
  }))
}
