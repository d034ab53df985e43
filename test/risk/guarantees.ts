/** Guarantee contracts for the tests of the risk floor. */
import type { Built } from '../helper.ts'
import { newNo } from '../../src/clock.ts'
import { fenOf } from '../../src/policy/money.ts'
import { risk_guarantees } from '../../src/risk/breakers/guarantees.ts'

export interface GuaranteeSpec {
  principal: string, no?: string, iou_no?: string, guarantor_no?: string, bank_no?: string, vintage_year?: number, start_date?: string, end_date?: string | null
  released_on?: string | null, filing_no?: string | null, drawn?: string
}

let made = 0

/** A guarantee of guarantor-1 for bank-1, vintage 2026, filed with the re-guarantor. */
export async function aGuarantee ({ db }: Built, spec: GuaranteeSpec): Promise<{ guarantee_contract_no: string, iou_no: string, number: string }> {
  const guarantee_contract_no = spec.no ?? `DB-2026-${++made}`
  const iou_no = spec.iou_no ?? `JJ-2026-${++made}`
  const number = newNo('guar')
  await db.write(async sql => {
    await sql.insert(risk_guarantees).values({
      number, guarantee_contract_no, guarantor_no: spec.guarantor_no ?? 'guarantor-1', bank_no: spec.bank_no ?? 'bank-1', loan_contract_no: `HT-${iou_no}`, iou_no,
      drawn_fen: fenOf(spec.drawn ?? spec.principal), uscc: '91500112MAXX00015Q', guaranteed_fen: fenOf(spec.principal), vintage_year: spec.vintage_year ?? 2026,
      start_date: spec.start_date ?? '2026-01-20', end_date: spec.end_date ?? null, released_on: spec.released_on ?? null,
      filing_no: spec.filing_no === undefined ? 'BA-1' : spec.filing_no
    })
  })
  return { guarantee_contract_no, iou_no, number }
}
