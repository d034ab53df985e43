/** Guaranteed loans for the tests of the risk floor, kept as lending keeps them: vintages of hundreds of millions in one row. */
import type { Built } from '../helper.ts'
import { newNo } from '../../src/clock.ts'
import { insertDocument } from '../../src/lending/documents/store.ts'
import { drawdownsKept } from '../../src/lending/drawdowns/store.ts'
import { guaranteeContracts } from '../../src/lending/guarantee-contracts/store.ts'
import { loanContracts } from '../../src/lending/loan-contracts/store.ts'
import { fenOf } from '../../src/policy/money.ts'

export interface GuaranteeSpec {
  principal: string, guarantor_no?: string, bank_no?: string, vintage_year?: number, start_date?: string, end_date?: string, released_on?: string | null
  filing_no?: string | null, guarantee_contract_no?: string
}

let made = 0

/** A guarantee of guarantor-1 for bank-1, vintage 2026, filed with the re-guarantor, with its loan drawn in one piece. */
export async function aGuarantee ({ db }: Built, spec: GuaranteeSpec): Promise<{ guarantee_contract_no: string, iou_no: string, number: string }> {
  const { guarantor_no = 'guarantor-1', bank_no = 'bank-1', start_date = '2026-01-20', end_date = '2031-01-20', released_on = null } = spec
  const guarantee_contract_no = spec.guarantee_contract_no ?? `DB-${++made}`
  const iou_no = `JJ-${++made}`
  const number = newNo('guar')
  const amount_fen = fenOf(spec.principal)
  const sha256 = String(made).padStart(64, '0')
  const framed = (participant_no: string, business_no: string, number: string) => ({
    number, chain: number, first_no: business_no, supersedes: null, superseded_by: null, participant_no, business_no, uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001', status: 'ACCEPTED' as const, findings: [], authorization_no: null,
    content_digest: sha256, review_notes: [], body: {}, version: 1
  })
  await db.write(async (sql, now) => {
    const at = { created_at: now, updated_at: now }
    const [bank_document, guarantor_document, loan_number] = [newNo('doc'), newNo('doc'), newNo('loan')]
    for (const [document_no, participant_no] of [[bank_document, bank_no], [guarantor_document, guarantor_no]] as const) {
      await insertDocument(sql, { document_no, participant_no, sha256, sm3: null, bytes: 1, media_type: 'application/pdf', file_name: null, created_at: now })
    }
    await loanContracts.insert(sql, {
      ...framed(bank_no, `HT-${iou_no}`, loan_number), ...at, contract_amount_fen: amount_fen, land_fen: 0, drawn_fen: amount_fen, drawn_land_fen: 0, annual_rate_pct: '3.60',
      day_count: 'ACT_360', start_date, maturity_date: end_date, document_no: bank_document, lead_no: null, core_enterprise_uscc: null
    })
    await drawdownsKept.insert(sql, {
      ...framed(bank_no, iou_no, newNo('draw')), ...at, loan_contract_number: loan_number, amount_fen, land_fen: 0, disbursed_date: start_date, maturity_date: end_date, rate_segments: [], balance_events: []
    })
    await guaranteeContracts.insert(sql, {
      ...framed(guarantor_no, guarantee_contract_no, number), ...at, guarantor_uscc: '91500000MAYY00069H', lender_no: bank_no, loan_contract_number: loan_number,
      loan_contract_no: `HT-${iou_no}`, guaranteed_fen: amount_fen, fee_total_fen: 0, other_fees_fen: 0, charged_fen: 0, term_months: 60, start_date, end_date,
      vintage_year: spec.vintage_year ?? Number(start_date.slice(0,
        4)), released_on, re_guarantee_filing_no: spec.filing_no === undefined ? 'ZD-1' : spec.filing_no,
      override_reason: null, override_by: null, document_no: guarantor_document
    })
  })
  return { guarantee_contract_no, iou_no, number }
}
