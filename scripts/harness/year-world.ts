/** What parks and institutions send in the simulated year. */
import { newNo } from '../../src/clock.ts'
import { inventedUscc } from '../bench/world.ts'
import type { FrozenHub, Newcomer } from './in-process.ts'

export interface Enterprise { n: number, uscc: string, name: string, project_code: string, park: string }
export interface Loan { of: Enterprise, bank: string, contract_no: string, iou_no: string, amount_fen: number, land_fen: number, rate_bp: number, scheme: 'PLAIN' | 'NATIONAL' | 'PARTIAL' | 'CORRECTED' | 'PREPAID' }
export interface Counts { vouchers: number, retries: number, duplicates: number, corrections: number, contract_corrections: number, prepaid: number, refused_again: number, crashes: number }
export interface Player {
  hub: FrozenHub
  random: () => number
  counts: Counts
  enterprises: Enterprise[]
  loans: Loan[]
  leases: { of: Enterprise, lessor: string, lease_contract_no: string, principal_fen: number }[]
  guarantees: { of: Enterprise, guarantor: string, guarantee_contract_no: string, fee_fen: number }[]
}

export const yuan = (fen: number): string => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`
const daysOf = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000
const pctOf = (bp: number): string => (bp / 100).toFixed(2)
const dayBefore = (day: string, days: number): string => new Date(Date.parse(day) - days * 86_400_000).toISOString().slice(0, 10)

/** Balance × days ÷ 360 × rate, rounded half up. */
export function interestFen (balance_fen: number, days: number, rate_bp: number): number {
  return Number((2n * BigInt(balance_fen) * BigInt(days) * BigInt(rate_bp) + 3_600_000n) / 7_200_000n)
}

const grant = {
  recipients: ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'AUDITOR', 'FISCAL', 'LESSOR', 'INSURER', 'RE_GUARANTOR'],
  scopes: ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED', 'CREDIT_CONTRACT', 'INTEREST_PAYMENT', 'GUARANTEE', 'INSURANCE', 'SUBSIDY_ACCOUNT', 'POST_LOAN'],
  purposes: ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT', 'SUBSIDY_SETTLEMENT'], covers_history_from: '2025-01-01', valid_from: '2026-01-12', valid_to: '2030-12-31',
  method: 'PORTAL_CONFIRM', evidence_digest: 'a'.repeat(64)
}

/** Whom the sandbox lacks of five banks, two lessors and three guarantors. */
export const newcomers: readonly Newcomer[] = [
  { participant_no: 'bank-4', role: 'BANK', name: '两江示范银行（虚构）', uscc: inventedUscc(900_004) }, { participant_no: 'bank-5', role: 'BANK', name: '渝州示范银行（虚构）', uscc: inventedUscc(900_005) },
  { participant_no: 'lessor-2', role: 'LESSOR', name: '示范金融租赁（虚构）', uscc: inventedUscc(900_006) },
  { participant_no: 'guarantor-3', role: 'GUARANTOR', name: '示范融资担保丙（虚构）', uscc: inventedUscc(900_007) }
]
const guarantors = ['guarantor-1', 'guarantor-2', 'guarantor-3'] as const

/** Sends evidence as a bank's system on a bad line does: sometimes the same request again, sometimes under a new key. */
export async function post (player: Player, who: string, url: string, body: Record<string, unknown>): Promise<Record<string, unknown>> {
  const { hub, random, counts } = player
  const key = newNo('key')
  const first = await hub.call<Record<string, unknown>>(who, 'POST', url, body, { key })
  if (random() < 0.2) {
    const { status, headers, bytes } = await hub.send(who, 'POST', url, body, { key })
    if (status !== 201 || headers['idempotency-replayed'] !== 'true' || JSON.parse(bytes.toString()).number !== first.number) throw new Error(`a retry was not replayed: ${status} ${bytes}`)
    counts.retries++
  }
  if (random() < 0.2) {
    const { status, bytes } = await hub.send(who, 'POST', url, body)
    if (status !== 200 || JSON.parse(bytes.toString()).number !== first.number) throw new Error(`a duplicate was not recognised: ${status} ${bytes}`)
    counts.duplicates++
  }
  return first
}

async function bringLists ({ hub, enterprises }: Player): Promise<void> {
  for (const park of ['park-1', 'park-2']) {
    const rows = enterprises.filter(one => one.park === park).map(({ uscc, name, project_code }) => ({
      name, uscc, amount: '3000000.00', term_months: 36, purpose: '购置数控设备', consent: true, project_code, project_name: '生产线智能化改造项目', industry_code: '3411'
    }))
    const { list_no } = await hub.call<{ list_no: string }>(park, 'POST', '/v1/enterprise-lists', { rows })
    await hub.settle()
    const { status, counts } = await hub.call<{ status: string, counts: { ACCEPTED: number } }>(park, 'GET', `/v1/enterprise-lists/${list_no}`)
    if (status !== 'DECIDED' || counts.ACCEPTED !== rows.length) throw new Error(`${list_no}: ${status} ${JSON.stringify(counts)}`)
  }
  for (const { park, uscc, name, project_code } of enterprises) {
    await hub.call(park, 'POST', '/v1/authorizations', { ...grant, grantor_uscc: uscc, grantor_name: name })
    await hub.call(park, 'POST', '/v1/projects', {
      owner_uscc: uscc, project_code, name: '生产线智能化改造项目', nature: 'UPGRADE', filing_no: project_code, filing_date: '2026-01-10', total_investment: '2000000000.00', land_cost: '0.00'
    })
    await hub.call('district-meic-1', 'POST', `/v1/projects/${project_code}/library-entry`, { decision: 'PASS' }, { user: 1 })
    await hub.call('meic', 'POST', `/v1/projects/${project_code}/library-entry`, { decision: 'PASS', entry_no: `JG-${project_code.slice(-6)}` }, { user: 1 })
  }
}

const maturity = { maturity_date: '2028-12-21' }

async function bringLoan (player: Player, of: Enterprise, bank: string, over: { amount_fen: number, rate_bp: number, land_fen?: number, scheme?: Loan['scheme'] }): Promise<Loan> {
  const { amount_fen, rate_bp, land_fen = 0, scheme = 'PLAIN' } = over
  const contract_no = `HT-${of.n}-${player.loans.length}`
  const iou_no = `JJ-${of.n}-${player.loans.length}`
  await post(player, bank, '/v1/loan-contracts', {
    loan_contract_no: contract_no, borrower_uscc: of.uscc, project_code: of.project_code, contract_amount: yuan(amount_fen), land_amount: yuan(land_fen), signed_date: '2025-12-20',
    start_date: '2025-12-21', ...maturity, annual_rate_pct: pctOf(rate_bp), document_no: await player.hub.paper(bank, `contract ${contract_no}`)
  })
  await post(player, bank, '/v1/drawdowns', { iou_no, loan_contract_no: contract_no, amount: yuan(amount_fen), land_amount: yuan(land_fen), disbursed_date: '2025-12-21', ...maturity })
  const loan = { of, bank, contract_no, iou_no, amount_fen, land_fen, rate_bp, scheme }
  player.loans.push(loan)
  return loan
}

async function bringGuarantee (player: Player, of: Enterprise, guarantor: string, loan: Loan, fee_fen: number): Promise<void> {
  const guarantee_contract_no = `DB-${of.n}-${guarantor}`
  await post(player, guarantor, '/v1/guarantee-contracts', {
    guarantee_contract_no, borrower_uscc: of.uscc, lender_no: loan.bank, loan_contract_no: loan.contract_no, guaranteed_principal: yuan(fee_fen * 100), guarantee_fee_total: yuan(fee_fen),
    start_date: '2026-02-01', end_date: '2027-02-01', override_reason: '技改专项贷项目，不受单户额度限制', document_no: await player.hub.paper(guarantor, `guarantee ${guarantee_contract_no}`)
  })
  player.guarantees.push({ of, guarantor, guarantee_contract_no, fee_fen })
}

/** Enterprises, leads that are answered, contracts of four sorts in turn, accounts. */
export async function bringWorld (player: Player): Promise<void> {
  const { hub, random, enterprises } = player
  await hub.call('finance-bureau', 'POST', '/v1/budgets', { year: 2026, fund_source: 'MUNICIPAL', amount: '9000000000.00' }, { user: 1 })
  await bringLists(player)
  await hub.settle()
  const now = () => hub.clock.now()
  const { items: leads } = await hub.call<{ items: { lead_no: string }[] }>('bank-1', 'GET', '/v1/leads?limit=20')
  for (const { lead_no } of leads) {
    await hub.call('bank-1', 'POST', `/v1/leads/${lead_no}/events`, { type: 'CONTACTED', occurred_at: now(), channel: 'PHONE', person: '客户经理', result: '有意向' })
    await hub.call('bank-1', 'POST', `/v1/leads/${lead_no}/events`, { type: 'APPROVED', occurred_at: now(), amount: '3000000.00', annual_rate_pct: '3.60', term_months: 36 })
  }
  hub.clock.set('2026-02-01T02:00:00.000Z')
  for (const of of enterprises) {
    const turn = Math.floor(of.n / 4)
    const second = `bank-${(of.park === 'park-1' ? 2 : 3) + turn % 2 * 2}`
    const some = Math.floor(random() * 1000) * 12_345
    if (of.n % 4 === 0) {
      await bringLoan(player, of, 'bank-1', { amount_fen: 60_000_000_000 + some, rate_bp: 361 })
      await bringLoan(player, of, second, { amount_fen: 40_000_000_000 + some, rate_bp: 345 })
    } else if (of.n % 4 === 1) {
      await bringLoan(player, of, second, { amount_fen: 800_000_000 + some, land_fen: 160_000_000, rate_bp: 520 })
    } else if (of.n % 4 === 2) {
      await bringLoan(player, of, 'bank-1', { amount_fen: 500_000_000 + some, rate_bp: 333, land_fen: 70_000_001, scheme: 'NATIONAL' })
      await bringLoan(player, of, 'bank-1', { amount_fen: 200_000_000 + some, rate_bp: 395, scheme: 'PREPAID' })
      await bringLoan(player, of, second, { amount_fen: 300_000_000 + some, rate_bp: 407, scheme: 'PARTIAL' })
    } else {
      const loan = await bringLoan(player, of, 'bank-1', { amount_fen: 60_000_000_000 + some, rate_bp: 280, scheme: 'CORRECTED' })
      const lease_contract_no = `ZL-${of.n}`
      const lessor = `lessor-${1 + turn % 2}`
      const principal_fen = 40_000_000_000 + some
      await post(player, lessor, '/v1/lease-contracts', {
        lease_contract_no, lessee_uscc: of.uscc, project_code: of.project_code, lease_mode: 'DIRECT', financed_principal: yuan(principal_fen), lease_start: '2025-12-21',
        lease_end: '2028-12-21', document_no: await hub.paper(lessor, `lease ${lease_contract_no}`)
      })
      player.leases.push({ of, lessor, lease_contract_no, principal_fen })
      for (const place of [turn, turn + 1]) await bringGuarantee(player, of, guarantors[place % 3] ?? 'guarantor-1', loan, 130_000_000)
      await post(player, 'insurer-1', '/v1/insurance-policies', {
        policy_no: `BD-${of.n}`, insured_uscc: of.uscc, insurance_kind: 'FIRST_SET_EQUIPMENT', annual_premium: '3333333.33', insured_amount: '100000000.00', product_name: '智能压铸机组',
        policy_start: '2026-01-20', policy_end: '2027-01-20', paid_date: '2026-01-20', document_no: await hub.paper('insurer-1', `policy ${of.n}`)
      })
      await post(player, 'insurer-1', '/v1/insurance-policies', {
        policy_no: `BX-${of.n}`, insured_uscc: of.uscc, insurance_kind: 'RENOVATION_COST_LOSS', annual_premium: '1400000.00', project_code: of.project_code,
        policy_start: '2026-01-20', policy_end: '2027-01-20', paid_date: '2026-01-21', document_no: await hub.paper('insurer-1', `policy ${of.n} of loss`)
      })
    }
    await declareAccount(player, of, 1)
  }
  for (const [index, guarantor] of guarantors.entries()) {
    const { name, uscc } = hub.participant(guarantor)
    await hub.call(guarantor, 'POST', '/v1/subsidy-accounts', {
      holder_uscc: uscc, account_name: name, account_no: `500077770000000${index}`, opening_bank_name: '巴渝示范银行渝北支行', cnaps_code: '999653000014'
    })
  }
}

/** The enterprise's account; another `edition` is another number, which a person has to confirm with the same request. */
export async function declareAccount ({ hub }: Player, of: Enterprise, edition: number): Promise<string> {
  const bank = 'bank-1'
  const account = { holder_uscc: of.uscc, account_name: of.name, account_no: `5000${edition}234${String(of.n).padStart(8, '0')}`, opening_bank_name: '巴渝示范银行渝北支行', cnaps_code: '999653000014' }
  const { status } = await hub.call<{ status: string }>(bank, 'POST', '/v1/subsidy-accounts', account)
  return status === 'ACTIVE' ? status : (await hub.call<{ status: string }>(bank, 'POST', '/v1/subsidy-accounts', account, { user: 1 })).status
}

interface Sending { who: string, url: string, body: Record<string, unknown> }

interface Part { from: string, to: string, balance_fen: number }

/** Of a prepaid loan a third is repaid early in the third quarter; later a sixth goes overdue, which is normal interest no more. */
const [prepaid_on, overdue_on] = ['2026-07-21', '2026-08-20']

function partsOf ({ amount_fen, scheme }: Loan, from: string, to: string): Part[] {
  const [third, sixth] = [Math.floor(amount_fen / 3), Math.floor(amount_fen / 6)]
  if (scheme !== 'PREPAID' || to <= prepaid_on) return [{ from, to, balance_fen: amount_fen }]
  const left = amount_fen - third - sixth
  if (from >= overdue_on) return [{ from, to, balance_fen: left }]
  return [{ from, to: prepaid_on, balance_fen: amount_fen }, { from: prepaid_on, to: overdue_on, balance_fen: amount_fen - third }, { from: overdue_on, to, balance_fen: left }]
}

/** The bank tells what happened to the balance, with the drawdown's next version. */
async function tellPrepayment (player: Player, { bank, contract_no, iou_no, amount_fen }: Loan): Promise<void> {
  const [third, sixth] = [Math.floor(amount_fen / 3), Math.floor(amount_fen / 6)]
  const balance_events = [{ date: prepaid_on, kind: 'PREPAY', amount: yuan(third) }, { date: overdue_on, kind: 'TRANSFER_OVERDUE', amount: yuan(sixth) }]
  await post(player, bank, '/v1/drawdowns', { iou_no: `${iou_no}-1`, correction_of: iou_no, loan_contract_no: contract_no, amount: yuan(amount_fen), land_amount: '0.00', disbursed_date: '2025-12-21',
    ...maturity, balance_events })
  player.counts.prepaid++
}

async function loanVoucher ({ hub, random }: Player, loan: Loan, quarter: number, from: string, to: string): Promise<Sending> {
  const parts = partsOf(loan, from, to)
  const interest = parts.reduce((sum, part) => sum + interestFen(part.balance_fen, daysOf(part.from, part.to), loan.rate_bp), 0)
  const extra = loan.scheme === 'NATIONAL' ? { national_subsidy_deducted: yuan(Math.floor(interest * (0.3 + 0.3 * random()))) }
    : loan.scheme === 'PARTIAL' && quarter === 1 ? { normal_interest_paid: yuan(Math.floor(interest * 0.6)), is_partial_payment: true }
      : parts.length > 1 ? { penalty_interest: '888.88' } : {}
  return {
    who: loan.bank, url: '/v1/interest-vouchers', body: {
      voucher_no: `V-${loan.iou_no}-${quarter}`, iou_no: loan.iou_no, period_start: from, period_end: to,
      segments: parts.map(part => ({ from: part.from, to: part.to, balance: yuan(part.balance_fen), annual_rate_pct: pctOf(loan.rate_bp) })),
      normal_interest: yuan(interest), paid_date: dayBefore(to, Math.floor(random() * 2)), payer_account_name: loan.of.name, document_no: await hub.paper(loan.bank, `receipt ${loan.iou_no} ${quarter}`), ...extra
    }
  }
}

/** A quarter's vouchers in an order of chance; corrections of some. */
export async function bringQuarter (player: Player, quarter: number, from: string, to: string): Promise<void> {
  const { hub, random, counts, loans, leases, guarantees } = player
  for (const loan of loans) if (loan.scheme === 'PREPAID' && quarter === 2) await tellPrepayment(player, loan)
  const sendings: Sending[] = []
  for (const loan of loans) sendings.push(await loanVoucher(player, loan, quarter, from, to))
  for (const { of, lessor, lease_contract_no, principal_fen } of leases) {
    const balance = principal_fen - quarter * 1_000_000_000
    sendings.push({
      who: lessor, url: '/v1/rent-vouchers', body: {
        voucher_no: `R-${of.n}-${quarter}`, lease_contract_no, period_start: from, period_end: to, segments: [{ from, to, balance: yuan(balance), annual_rate_pct: '5.20' }],
        normal_interest: yuan(interestFen(balance, daysOf(from, to), 520)), paid_date: to, payer_account_name: of.name, document_no: await hub.paper(lessor, `rent ${of.n} ${quarter}`)
      }
    })
  }
  for (const { of, guarantor, guarantee_contract_no, fee_fen } of quarter < 2 ? guarantees : []) {
    sendings.push({
      who: guarantor, url: '/v1/fee-vouchers', body: {
        fee_voucher_no: `F-${of.n}-${quarter}`, guarantee_contract_no, fee_amount: yuan(fee_fen / 2), paid_date: dayBefore(to, 3), document_no: await hub.paper(guarantor, `fee ${guarantee_contract_no} ${quarter}`)
      }
    })
  }
  const in_order = sendings.map(sending => ({ sending, at: random() })).sort((a, b) => a.at - b.at)
  hub.clock.advance(3_600_000)
  for (const [place, { sending: { who, url, body } }] of in_order.entries()) {
    if (place === Math.floor(in_order.length / 2)) {
      await hub.crash()
      counts.crashes++
    }
    const { status, findings } = await post(player, who, url, body)
    if (status !== 'ACCEPTED') throw new Error(`${JSON.stringify(body)}: ${status} ${JSON.stringify(findings)}`)
    counts.vouchers++
    if (random() < 0.1) {
      const changed = await hub.send(who, 'POST', url, { ...body, paid_date: dayBefore(to, 5) })
      if (changed.status !== 409) throw new Error(`other content under a number that is taken: ${changed.status}`)
      counts.refused_again++
    }
    if (random() < 0.3) await hub.settle()
  }
  await correct(player, quarter, from, to)
  for (const loan of loans) await correctContract(player, loan, quarter)
}

/** Before the packets: a first statement set right. After them: a part paid later in full (a supplement), a smaller interest (a claw-back). */
async function correct (player: Player, quarter: number, from: string, to: string): Promise<void> {
  const { hub, loans, counts } = player
  const send = async (loan: Loan, of_quarter: number, suffix: string, over: Record<string, unknown>, days: [string, string]): Promise<void> => {
    const { who, url, body } = await loanVoucher(player, loan, of_quarter, ...days)
    const before = await hub.call<{ paid_date: string }>(who, 'GET', `${url}/${body.voucher_no}`)
    const { status, findings } = await post(player, who, url, { ...body, paid_date: before.paid_date, normal_interest_paid: body.normal_interest, is_partial_payment: false,
      voucher_no: `${body.voucher_no}-${suffix}`, correction_of: body.voucher_no, reason: '更正', ...over })
    if (status !== 'ACCEPTED') throw new Error(`${body.voucher_no}: ${status} ${JSON.stringify(findings)}`)
    counts.corrections++
  }
  for (const loan of loans) {
    if (loan.scheme === 'CORRECTED' && quarter === 0) await send(loan, 0, 'A', { other_subsidy_received: '1234.56' }, [from, to])
    if (loan.scheme === 'PARTIAL' && quarter === 2) await send(loan, 1, 'B', {}, ['2026-03-21', '2026-06-21'])
    if (loan.scheme === 'NATIONAL' && quarter === 2) await send(loan, 1, 'C', { other_subsidy_received: '20000.00' }, ['2026-03-21', '2026-06-21'])
  }
}

/** After two quarters were paid: land that was stated too high (supplements), and a contract whose branch was wrong (no money moves). */
async function correctContract (player: Player, { of, bank, contract_no, iou_no, amount_fen, land_fen, rate_bp, scheme }: Loan, quarter: number): Promise<void> {
  if (quarter !== 2 || land_fen === 0) return
  const corrected_fen = scheme === 'PLAIN' ? land_fen / 2 : land_fen
  await post(player, bank, '/v1/loan-contracts', {
    loan_contract_no: `${contract_no}-1`, correction_of: contract_no, borrower_uscc: of.uscc, project_code: of.project_code, contract_amount: yuan(amount_fen), land_amount: yuan(corrected_fen),
    signed_date: '2025-12-20', start_date: '2025-12-21', ...maturity, annual_rate_pct: pctOf(rate_bp), lender_branch_name: '示范支行',
    document_no: await player.hub.paper(bank, `contract ${contract_no} corrected`)
  })
  await post(player, bank, '/v1/drawdowns', { iou_no: `${iou_no}-1`, correction_of: iou_no, loan_contract_no: contract_no, amount: yuan(amount_fen), land_amount: yuan(corrected_fen),
    disbursed_date: '2025-12-21', ...maturity })
  player.counts.contract_corrections++
}
