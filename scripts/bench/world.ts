/** Invented enterprises with needs, leads, loans: what a bench or harness stands on. Everything goes in over HTTP. */
import type { RunningHub } from './hub.ts'
import { nextKey, until } from './hub.ts'
import { load } from './load.ts'

const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const organisation_weights = [3, 7, 9, 10, 5, 8, 4, 2]

/** The n-th invented enterprise's code, right in both checks (GB 32100, GB 11714). */
export function inventedUscc (n: number): string {
  const organisation = `MB${String(n).padStart(6, '0')}`
  const inner = organisation_weights.reduce((sum, weight, place) => sum + Number.parseInt(organisation.charAt(place), 36) * weight, 0)
  const check = 11 - inner % 11
  const first17 = `91500112${organisation}${check === 10 ? 'X' : check === 11 ? '0' : check}`
  let weight = 1
  let sum = 0
  for (const character of first17) {
    sum += alphabet.indexOf(character) * weight
    weight = weight * 3 % 31
  }
  return first17 + alphabet.charAt((31 - sum % 31) % 31)
}

export const inventedName = (n: number): string => `重庆虚构第${n}号制造有限公司`
export const inventedProject = (n: number): string => `2606-500112-07-02-${String(n).padStart(6, '0')}`

export function bearer (hub: RunningHub, participant_no: string): Record<string, string> {
  return { authorization: `Bearer ${hub.participant(participant_no).api_key}`, 'content-type': 'application/json' }
}

/** Posts bodies over several connections. Errors: any answer of 400 or above. */
export async function postAll (hub: RunningHub, participant_no: string, path: string, bodies: readonly unknown[], onBody?: (index: number, body: unknown) => void): Promise<void> {
  const headers = bearer(hub, participant_no)
  let failed: string | undefined
  const places = new Map<unknown, number>()
  await load({
    base_url: hub.base_url, connections: 32, requests_max: bodies.length,
    next (n) {
      const request = { method: 'POST' as const, path, headers: { ...headers, 'idempotency-key': nextKey() }, body: JSON.stringify(bodies[n]) }
      places.set(request, n)
      return request
    },
    onAnswer (request, status, body) {
      if (status >= 400) failed ??= `${status} ${body}`
      else onBody?.(places.get(request) ?? -1, JSON.parse(body))
    }
  })
  if (failed !== undefined) throw new Error(`POST ${path}: ${failed}`)
}

/** What an authorization covers that is right for everything here. */
export const grant = {
  recipients: ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'AUDITOR', 'FISCAL'],
  scopes: ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED', 'CREDIT_CONTRACT', 'INTEREST_PAYMENT', 'GUARANTEE', 'SUBSIDY_ACCOUNT'],
  purposes: ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT', 'SUBSIDY_SETTLEMENT'],
  covers_history_from: '2024-06-09', valid_from: '2026-01-12', valid_to: '2030-01-12', method: 'PORTAL_CONFIRM', evidence_digest: 'a'.repeat(64)
}

/** `count` enterprises of park-1 (from number `first`), each with an authorization and one need. */
export async function bringNeeds (hub: RunningHub, first: number, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => first + index)
  const authorization_nos: string[] = []
  await postAll(hub, 'park-1', '/v1/authorizations', numbers.map(n => ({ ...grant, grantor_uscc: inventedUscc(n), grantor_name: inventedName(n) })), (index, body) => {
    authorization_nos[index] = (body as { authorization_no: string }).authorization_no
  })
  for (let start = 0; start < count; start += 2000) {
    await hub.call('park-1', 'POST', '/v1/financing-needs/batches', {
      batch_no: `bench-${first + start}`,
      needs: numbers.slice(start, start + 2000).map((n, index) => ({
        uscc: inventedUscc(n), project_code: inventedProject(n), project_name: '生产线智能化改造项目', amount: '3000000.00', term_months: 36, purpose: '设备购置',
        authorization_no: authorization_nos[start + index]
      }))
    })
  }
}

/** Waits until an institution has at least so many leads. */
export async function leadsOf (hub: RunningHub, participant_no: string, count: number): Promise<void> {
  await until(async () => {
    const { totals } = await hub.call<{ totals: { count: number } }>(participant_no, 'GET', '/v1/leads?limit=1')
    return totals.count >= count ? true : undefined
  }, `${count} leads of ${participant_no}`, 120_000)
}

/** A loan of bank-1 to the n-th enterprise: contract and drawdown. @returns the drawdown's number at the bank */
export async function bringLoans (hub: RunningHub, first: number, count: number): Promise<string[]> {
  const { document_no } = await hub.upload<{ document_no: string }>('bank-1', '/v1/documents', 'contract.pdf', Buffer.from('%PDF-1.4 bench contract'))
  const numbers = Array.from({ length: count }, (_, index) => first + index)
  const dates = { start_date: '2024-07-01', maturity_date: '2029-07-01' }
  await postAll(hub, 'bank-1', '/v1/loan-contracts', numbers.map(n => ({
    loan_contract_no: `HT-${n}`, borrower_uscc: inventedUscc(n), project_code: inventedProject(n), contract_amount: '3000000.00', land_amount: '0.00', signed_date: '2024-07-01',
    ...dates, annual_rate_pct: '3.60', document_no
  })))
  await postAll(hub, 'bank-1', '/v1/drawdowns', numbers.map(n => ({
    iou_no: `JJ-${n}`, loan_contract_no: `HT-${n}`, amount: '3000000.00', land_amount: '0.00', disbursed_date: '2024-07-01', maturity_date: '2029-07-01'
  })))
  return numbers.map(n => `JJ-${n}`)
}

const day_ms = 86_400_000
const dayOf = (index: number): string => new Date(Date.parse('2024-07-01T00:00:00Z') + index * day_ms).toISOString().slice(0, 10)

/**
 * The n-th interest voucher of the loans of enterprises `first` … `first + loans − 1`: one day each, in turn over the loans.
 *
 * @param document_no receipt; the hub holds vouchers that share one, so pass one per voucher where acceptance matters
 */
export function inventedVoucher (n: number, first: number, loans: number, document_no: string): Record<string, unknown> {
  const loan = first + n % loans
  const day = Math.floor(n / loans)
  return {
    voucher_no: `V-${loan}-${day}`, iou_no: `JJ-${loan}`, period_start: dayOf(day), period_end: dayOf(day + 1),
    segments: [{ from: dayOf(day), to: dayOf(day + 1), balance: '3000000.00', annual_rate_pct: '3.60' }],
    normal_interest: '300.00', paid_date: dayOf(day + 1), payer_account_name: inventedName(loan), document_no
  }
}
