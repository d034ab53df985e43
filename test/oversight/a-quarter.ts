/** A first quarter of 2026 with needs of two parks, answers of banks and guarantors, and loans; big and small groups. */
import type { Test } from 'tap'
import { build, type Built } from '../helper.ts'
import { aDocument, aDrawdown, aLoanContract, authorize, created } from '../lending/fixtures.ts'
import { givenNeed, leadFor, nextUscc } from '../matching/needs.ts'
import { withUsccCheckDigit } from '../matching/uscc.ts'
import { passed } from './answers.ts'

interface Borrower { park: 'park-1' | 'park-2', region_code: string, bank: string, amount: string, rate: string, maturity?: string,
  relending?: boolean, contact_hours: number
  /** core enterprise that brought the loan about */
  core?: string
  /** below 20 million yuan: not among the larger enterprises */
  revenue_fen?: number }

export const core_1 = withUsccCheckDigit('91500157MACC00001')
export const core_2 = withUsccCheckDigit('91500157MACC00002')

/** bank-1 lends to four enterprises, bank-2 to one, bank-3 to two; two core enterprises brought loans about. */
export const borrowers: readonly Borrower[] = [
  { park: 'park-1', region_code: '500157', bank: 'bank-1', amount: '3000000.00', rate: '2.80', relending: true, contact_hours: 4,
    core: core_1 },
  { park: 'park-1', region_code: '500157', bank: 'bank-1', amount: '1000000.00', rate: '3.20', contact_hours: 30, core: core_1 },
  { park: 'park-1', region_code: '500157', bank: 'bank-1', amount: '2000000.01', rate: '3.10', maturity: '2032-03-01', contact_hours: 60,
    core: core_1 },
  { park: 'park-2', region_code: '500120', bank: 'bank-1', amount: '500000.00', rate: '3.45', contact_hours: 5 },
  { park: 'park-1', region_code: '500120', bank: 'bank-2', amount: '7000000.00', rate: '2.90', contact_hours: 6,
    revenue_fen: 1_999_999_999 },
  { park: 'park-2', region_code: '500115', bank: 'bank-3', amount: '4000000.00', rate: '3.00', contact_hours: 7 },
  { park: 'park-2', region_code: '500120', bank: 'bank-3', amount: '100000.00', rate: '3.60', contact_hours: 8, core: core_2 }
]

export interface Quarter { hub: Built, usccs: string[], need_nos: string[] }

/** The clock ends on 2026-03-31. */
export async function aQuarter (t: Test): Promise<Quarter> {
  const hub = await build(t, { now: '2026-03-02T02:00:00.000Z' })
  const usccs: string[] = []
  const need_nos: string[] = []
  for (const { park, region_code, revenue_fen } of borrowers) {
    const uscc = nextUscc()
    await authorize(hub, { grantor_uscc: uscc })
    const { need_no } = await givenNeed(hub, { uscc, sender: park, need: { park_no: park }, 
      enterprise: { region_code, ...revenue_fen === undefined ? {} : { revenue_fen } } })
    usccs.push(uscc)
    need_nos.push(need_no)
  }
  // Described by its park, larger and of a leading industry, and it has not begun anything.
  await givenNeed(hub, { uscc: nextUscc(), sender: 'park-1', need: { park_no: 'park-1', wants_guarantee: false }, authorization: { scopes: ['ENTERPRISE_BASIC'] } })
  await hub.loops.settle()
  const pushed_ms = Date.parse(hub.clock.now())
  const at = (hours: number) => new Date(pushed_ms + hours * 3_600_000).toISOString()
  hub.clock.set('2026-03-31T02:00:00.000Z')
  for (const [index, { bank, amount, rate, contact_hours, maturity, relending, core }] of borrowers.entries()) {
    const { lead_no } = await leadFor(hub, bank, need_nos[index] ?? '')
    const tell = async (body: Record<string, unknown>) => passed(await hub.as(bank, 1).post(`/v1/leads/${lead_no}/events`, body))
    await tell({ type: 'CONTACTED', occurred_at: at(contact_hours), channel: 'PHONE', person: '示范经理', result: '已对接' })
    if (index === 1) {
      // Two days of waiting for papers: late by the clock, on time net of the pause.
      await tell({ type: 'PAUSED', occurred_at: at(40), reason_code: 'ENTERPRISE_MATERIALS_PENDING' })
      await tell({ type: 'RESUMED', occurred_at: at(40 + 72) })
    }
    await tell({ type: 'APPROVED', occurred_at: at(index === 1 ? 9 * 24 : 100), amount, annual_rate_pct: rate, term_months: 36 })
    const document_no = await aDocument(hub, bank)
    const contract = aLoanContract(document_no, {
      borrower_uscc: usccs[index], project_code: '2606-500157-07-02-100001', contract_amount: '20000000.00', annual_rate_pct: rate,
        signed_date: '2026-03-10', start_date: '2026-03-12',
      maturity_date: maturity ?? '2029-03-12', lead_no, ...relending === true ? { relending_supported: true } : {},
        ...core === undefined ? {} : { core_enterprise_uscc: core }
    })
    created(await hub.as(bank).post('/v1/loan-contracts', contract))
    const drawdown = aDrawdown(contract.loan_contract_no, { amount, disbursed_date: '2026-03-12', maturity_date: maturity ?? '2029-03-12' })
    created(await hub.as(bank).post('/v1/drawdowns', drawdown))
    await tell({ type: 'DISBURSED', occurred_at: at(10 * 24), iou_no: drawdown.iou_no, amount, date: '2026-03-12' })
  }
  await hub.loops.settle()
  return { hub, usccs, need_nos }
}
