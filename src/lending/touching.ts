/** An account that changes makes lines payable: it marks what was lent to its holder. */
import { eq } from 'drizzle-orm'
import type { ReadSql, WriteSql } from '../db/db.ts'
import { guarantee_contracts } from './guarantee-contracts/store.ts'
import { insurance_policies } from './insurance-policies/store.ts'
import { lease_contracts } from './lease-contracts/store.ts'
import { loan_contracts } from './loan-contracts/store.ts'
import { mark, type SubsidyKind } from './marks.ts'

const kinds = [
  [loan_contracts, 'LOAN_INTEREST'], [lease_contracts, 'LEASE'], [guarantee_contracts, 'GUARANTEE_FEE'], [insurance_policies, 'PREMIUM']
] as const

async function lentFor (sql: ReadSql, uscc: string): Promise<{ project_code: string, kind: SubsidyKind }[]> {
  const lent: { project_code: string, kind: SubsidyKind }[] = []
  for (const [kept, kind] of kinds) {
    const rows = await sql.selectDistinct({ project_code: kept.project_code }).from(kept).where(eq(kept.uscc, uscc))
    lent.push(...rows.map(row => ({ project_code: row.project_code, kind })))
  }
  return lent
}

/** The account of a holder changed: of an enterprise all its projects, of a guarantor those it guarantees. */
export async function touchHolder (sql: WriteSql, now: string, holder_uscc: string,
  holder_kind: 'ENTERPRISE' | 'GUARANTOR'): Promise<void> {
  if (holder_kind === 'ENTERPRISE') {
    for (const { project_code, kind } of await lentFor(sql, holder_uscc)) await mark(sql, now, holder_uscc, project_code, kind)
    return
  }
  const guaranteed = await sql.selectDistinct({ uscc: guarantee_contracts.uscc,
    project_code: guarantee_contracts.project_code }).from(guarantee_contracts)
    .where(eq(guarantee_contracts.guarantor_uscc, holder_uscc))
  for (const { uscc, project_code } of guaranteed) await mark(sql, now, uscc, project_code, 'GUARANTEE_FEE')
}
