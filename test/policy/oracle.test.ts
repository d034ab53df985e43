import t from 'tap'
import { oracleFee, oracleLines, oraclePremium, oracleReward, oracleRisk, oracleSplit, type OracleVoucher } from './oracle.ts'
import { guaranteeFeeLines } from '../../src/policy/guarantee.ts'
import { leaseLines } from '../../src/policy/lease.ts'
import { splitByLargestRemainder } from '../../src/policy/money.ts'
import { addDays } from '../../src/policy/period.ts'
import { premiumLine } from '../../src/policy/premium.ts'
import { rewardLine } from '../../src/policy/reward.ts'
import { riskShare, splitFiscal } from '../../src/policy/risk-share.ts'
import { loanInterestLines, type LoanVoucher } from '../../src/policy/subsidy.ts'
import { BUILT_IN_POLICIES, nearestTerms, withParameters } from '../../src/policy/terms.ts'

const OPERATIONS = process.env.FULL === '1' ? 1_000_000 : 20_000
const policies = BUILT_IN_POLICIES
const within_loans = policies.map((policy) => policy.policy_code === 'TECH_RENO_LOAN' ? withParameters(policy, { lease_ceiling: 'WITHIN_LOANS' }) : policy)
const divided = withParameters(nearestTerms(policies, 'PARK_TECH_GUARANTEE', '2026-05-01'), { fiscal_municipal_pct: '55', fiscal_state_fund_pct: '45' })

/** A small seeded generator: the same money every run. */
function generator (seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

const next = generator(20_260_121)
const amount = (): number => next(2) === 0 ? next(10 ** (1 + next(13))) : (next(5000) + 1) * 1_000_000
const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T
const RATES = ['0', '0.5', '1.80', '2.80', '3.333333', '3.60', '3.999999', '4', '4.000001', '4.35', '4.80', '6', '12.5', '100']

function aVoucher (loan: { key: string, eligible: number, land: number }, position: number): OracleVoucher {
  const segments: OracleVoucher['segments'] = []
  let from = addDays('2024-03-01', next(1400))
  for (let count = 1 + next(4); count > 0; count -= 1) {
    const to = addDays(from, 1 + next(100))
    segments.push({ from, to, balance: next(loan.eligible + loan.land + 1), rate: pick(RATES) })
    from = addDays(to, next(3))
  }
  return {
    loan: loan.key,
    eligible: loan.eligible,
    land: loan.land,
    paid_date: addDays(from, next(5)),
    order: `${next(3)}|${position}`,
    divisor: next(3) === 0 ? 365 : 360,
    segments,
    paid: next(4) === 0 ? next(20_000_000) : null,
    national: next(3) === 0 ? next(10_000_000) : 0,
    other: next(5) === 0 ? next(5_000_000) : 0
  }
}

function facts (voucher: OracleVoucher, index: number): LoanVoucher {
  return {
    voucher_no: String(index),
    loan_key: voucher.loan,
    eligible_loan_fen: voucher.eligible,
    land_fen: voucher.land,
    day_count: voucher.divisor === 360 ? 'ACT_360' : 'ACT_365',
    paid_date: voucher.paid_date,
    order_key: voucher.order,
    segments: voucher.segments.map(({ from, to, balance, rate }) => ({ from, to, balance_fen: balance, annual_rate_pct: rate })),
    ...(voucher.paid === null ? {} : { normal_interest_paid_fen: voucher.paid }),
    national_subsidy_fen: voucher.national,
    other_subsidy_fen: voucher.other
  }
}

const KINDS = ['LOAN', 'LEASE', 'LEASE_UNDER_LOANS', 'FISCAL_PARTS', 'FEE', 'PREMIUM', 'REWARD', 'RISK', 'SPLIT'] as const

/** One random money operation: what the oracle says and what the kernel says. */
function operation (kind: typeof KINDS[number]): { wanted: unknown, found: unknown, lines: number } {
  switch (kind) {
    case 'FISCAL_PARTS': {
      const fiscal = amount()
      const [municipal, state] = oracleSplit(fiscal, [55, 45])
      const parts = splitFiscal(fiscal, divided)
      return { wanted: [municipal, state], found: [parts.municipal_fen, parts.state_fund_fen], lines: 1 }
    }
    case 'LOAN':
    case 'LEASE':
    case 'LEASE_UNDER_LOANS': {
      const loans = ['a', 'b', 'c'].map((key) => ({ key, eligible: 1 + amount(), land: next(2) * amount() }))
      const vouchers = Array.from({ length: 1 + next(8) }, (_, index) => aVoucher(pick(loans), index))
      const given = vouchers.map(facts)
      const used_by_loans = { 2026: next(1_100_000_000), 2027: next(1_100_000_000) }
      const found = kind === 'LOAN' ? loanInterestLines({ policies, vouchers: given })
        : leaseLines(kind === 'LEASE' ? { policies, vouchers: given } : { policies: within_loans, vouchers: given, used_by_loans })
      return {
        wanted: oracleLines(kind === 'LOAN' ? 'LOAN' : 'LEASE', vouchers, kind === 'LEASE_UNDER_LOANS' ? used_by_loans : null).map((line) => [line.interest, line.formula, line.amount]),
        found: found.map((line) => [line.eligible_interest_fen, line.formula_fen, line.amount_fen]),
        lines: vouchers.length
      }
    }
    case 'FEE': {
      const guaranteed_fen = 1 + amount()
      const term_months = 1 + next(600)
      const near = Math.floor(guaranteed_fen * term_months / 1200)
      const fee_fen = next(2) === 0 ? Math.max(0, near - 1 + next(3)) : amount()
      const other_fees_fen = next(4) === 0 ? next(3) : 0
      const used = next(110_000_000)
      const fee = { voucher_no: null, charged_date: '2026-05-01', order_key: '', fee_fen, contract_fee_fen: fee_fen, other_fees_fen, guaranteed_fen, term_months }
      return { wanted: [oracleFee(guaranteed_fen, term_months, fee_fen, other_fees_fen, used)], found: guaranteeFeeLines({ policies, fees: [fee], used_by_year: { 2025: used } }).map((line) => line.amount_fen), lines: 1 }
    }
    case 'PREMIUM': {
      const first = next(2) === 0
      const [annual_premium_fen, insured_fen, used_fen] = [amount(), amount(), next(550_000_000)]
      const line = premiumLine(policies, { voucher_no: null, insurance_kind: first ? 'FIRST_SET_EQUIPMENT' : 'FIRST_VERSION_SOFTWARE', paid_date: '2026-05-01', annual_premium_fen, insured_fen, used_fen })
      return { wanted: oraclePremium(first, annual_premium_fen, insured_fen, used_fen), found: line.amount_fen, lines: 1 }
    }
    case 'REWARD': {
      const [promoted_fen, used_fen] = [amount(), next(110_000_000)]
      return { wanted: oracleReward(promoted_fen, used_fen), found: rewardLine(policies, { voucher_no: null, date: '2026-05-01', promoted_fen, used_fen }).amount_fen, lines: 1 }
    }
    case 'RISK': {
      const [principal, liability, compensated] = [1 + amount(), amount(), next(10 ** (1 + next(10)))]
      const wanted = oracleRisk(principal, liability, compensated)
      const share = riskShare({ default_principal_fen: principal, vintage_liability_fen: liability, vintage_compensated_fen: compensated, terms: nearestTerms(policies, 'PARK_TECH_GUARANTEE', '2026-05-01') })
      return { wanted, found: { parts: [share.guarantor_fen, share.fiscal_fen, share.bank_fen, share.re_guarantor_fen], excess: share.bank_excess_fen, state: share.state }, lines: 1 }
    }
    case 'SPLIT': {
      const weights = Array.from({ length: 1 + next(6) }, () => 1 + next(100))
      const total = amount()
      return { wanted: oracleSplit(total, weights), found: splitByLargestRemainder(total, weights), lines: 1 }
    }
  }
}

t.test(`${OPERATIONS} random money operations agree with plain fractions to the fen`, async (t) => {
  const wrong: string[] = []
  const done: Record<string, number> = {}
  for (let count = 0; count < OPERATIONS;) {
    const kind = pick(KINDS)
    const { wanted, found, lines } = operation(kind)
    count += lines
    done[kind] = (done[kind] ?? 0) + lines
    if (JSON.stringify(wanted) !== JSON.stringify(found)) wrong.push(`${kind}: ${JSON.stringify(wanted)} found ${JSON.stringify(found)}`)
  }
  t.same(wrong.slice(0, 5), [], JSON.stringify(done))
  t.equal(wrong.length, 0)
})

t.test('the oracle itself knows the worked numbers', async (t) => {
  t.same(oracleSplit(33_333_333, [40, 30, 20, 10]), [13_333_333, 10_000_000, 6_666_667, 3_333_333])
  t.same(oracleRisk(500_000_000, 40_000_000_000, 1_500_000_000), { parts: [50_000_000, 37_500_000, 400_000_000, 12_500_000], excess: 300_000_000, state: 'TRIPPED' })
  t.equal(oracleFee(100_000_000, 18, 1_500_000, 0, 0), 750_000)
  t.equal(oracleFee(100_000_000, 18, 1_510_000, 0, 0), 0)
})
