/**
 * What an auditor has to look at: why evidence of a line was under review, as a code. Whose evidence it met is for the commission
 * alone. Source: contract §2 (a receipt already used elsewhere); S2 (十三).
 */
import type { ReadSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { drawdownsKept } from '../../lending/drawdowns/store.ts'
import type { EvidenceRow, EvidenceStore } from '../../lending/evidence/store.ts'
import { feeVouchers } from '../../lending/fee-vouchers/store.ts'
import { insurancePolicies } from '../../lending/insurance-policies/store.ts'
import { interestVouchers } from '../../lending/interest-vouchers/store.ts'
import { leaseContracts } from '../../lending/lease-contracts/store.ts'
import type { SubsidyKind } from '../../lending/marks.ts'
import { rentVouchers } from '../../lending/rent-vouchers/store.ts'
import { finding, type Finding } from '../../policy/findings.ts'

type Reviewed = Pick<EvidenceRow, 'number' | 'findings' | 'review_notes'> & { lent_number?: string }
type Read = Pick<EvidenceStore<EvidenceRow>, 'among'>

const evidence_of: Readonly<Record<SubsidyKind, { vouchers: Read, lent: Read | null }>> = {
  LOAN_INTEREST: { vouchers: interestVouchers as Read, lent: drawdownsKept as Read },
  LEASE: { vouchers: rentVouchers as Read, lent: leaseContracts as Read },
  GUARANTEE_FEE: { vouchers: feeVouchers as Read, lent: null },
  PREMIUM: { vouchers: insurancePolicies as Read, lent: null }
}

const codes: Readonly<Record<string, Finding>> = {
  RECEIPT_REUSED: finding('RECEIPT_REUSED', null, 'The receipt or invoice of this voucher was sent before for something else: check the original.',
    '该凭证的回单或发票此前已用于其他事项，请核验原件。'),
  VOUCHER_REUSED: finding('VOUCHER_REUSED', null, 'The bank transaction of this voucher stands in another voucher of the same institution: check both.',
    '该凭证的交易流水号已用于同一机构的另一凭证，请一并核验。'),
  EQUIPMENT_DOUBLE_FINANCED: finding('EQUIPMENT_DOUBLE_FINANCED', 'A-07', 'An invoice of the equipment was financed before: check the invoice and the equipment.',
    '所列设备发票此前已用于融资，请核验发票与设备。')
}
const may_see: ReadonlySet<string> = new Set(['AUDITOR', 'MEIC'])

function findingsOf ({ review_notes, findings }: Reviewed): Finding[] {
  const reused = new Set(review_notes.map(({ code }) => code))
  return [...[...reused].flatMap(code => codes[code] ?? []), ...findings.filter(({ code }) => code === 'RELEASED')]
}

/** Findings by the number of the voucher; nothing for those who send or pay. */
export async function reviewOf (sql: ReadSql, principal: Principal, kind: SubsidyKind, voucher_numbers: readonly string[]): Promise<Map<string, Finding[]>> {
  if (!may_see.has(principal.role)) return new Map()
  const { vouchers, lent } = evidence_of[kind]
  const rows: Reviewed[] = await vouchers.among(sql, voucher_numbers)
  const under = lent === null ? [] : await lent.among(sql, [...new Set(rows.flatMap(({ lent_number }) => lent_number ?? []))])
  const lent_findings = new Map(under.map(row => [row.number, findingsOf(row)]))
  return new Map(rows.map(row => [row.number, [...findingsOf(row), ...lent_findings.get(row.lent_number ?? '') ?? []]]))
}
