import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { failuresOf, KERNEL, loadKernel, readCases } from './case-runner.ts'

/** One wrong line in one rule: what stands there, and the mistake somebody might make. */
const MUTANTS: readonly (readonly [mistake: string, file: string, right: string, wrong: string])[] = [
  ['half of the rate becomes 40 %', 'built-in-policies.ts', "subsidy_share_of_rate_pct: '50'", "subsidy_share_of_rate_pct: '40'"],
  ['the 2 % bound becomes 2.5 %', 'built-in-policies.ts', "subsidy_rate_max_pct: '2'", "subsidy_rate_max_pct: '2.5'"],
  ['the loan ceiling is forgotten', 'built-in-policies.ts', "loan_year_ceiling_pct: '2'", "loan_year_ceiling_pct: '100'"],
  ['the project ceiling loses a nought', 'built-in-policies.ts', "project_year_ceiling: '10000000.00'", "project_year_ceiling: '1000000.00'"],
  ['the policy starts a day late', 'built-in-policies.ts', "effective_from: '2024-06-09'", "effective_from: '2024-06-10'"],
  ['interest counts from a day late', 'built-in-policies.ts', "interest_counts_from: '2024-06-09'", "interest_counts_from: '2024-06-10'"],
  ['the plan ends a day early', 'built-in-policies.ts', "effective_to: '2027-12-31'", "effective_to: '2027-12-30'"],
  ['the threshold loses a nought', 'built-in-policies.ts', "minimum_investment: '1000000.00'", "minimum_investment: '100000.00'"],
  ['the premium share becomes 85 %', 'built-in-policies.ts', "premium_share_pct: '80'", "premium_share_pct: '85'"],
  ['the re-guarantor bears 20 %', 'built-in-policies.ts', "share_re_guarantor_pct: '10'", "share_re_guarantor_pct: '20'"],
  ['the breaker trips at 5 %', 'built-in-policies.ts', "breaker_cap_pct: '4'", "breaker_cap_pct: '5'"],
  ['the reward is 5 % instead of 5 ‰', 'built-in-policies.ts', "reward_share_pct: '0.5'", "reward_share_pct: '5'"],
  ['half a fen is rounded down', 'exact.ts', '(2n * numerator + denominator) /', '(2n * numerator + denominator - 1n) /'],
  ['the ceiling is rounded instead of cut', 'risk-share.ts', 'return cutDown(BigInt(checkedFen(liability_fen)) * pctOf(terms, \'breaker_cap_pct\'), UNITS_PER_ONE)', 'return 1 + cutDown(BigInt(checkedFen(liability_fen)) * pctOf(terms, \'breaker_cap_pct\'), UNITS_PER_ONE)'],
  ['the bound is taken of the average rate, not per segment', 'subsidy.ts', 'return unbounded || half < bound ? half : bound', 'return half'],
  ['half of the rate is used where the bound is lower', 'subsidy.ts', 'half < bound ? half : bound', 'half > bound ? half : bound'],
  ['the loan amount ignores the reading of A-03', 'subsidy.ts', "basis === 'BALANCE' ? highestBalance(voucher) : voucher.eligible_loan_fen", 'voucher.eligible_loan_fen'],
  ['land counts', 'subsidy.ts', 'const whole_fen = voucher.eligible_loan_fen + voucher.land_fen', 'const whole_fen = voucher.eligible_loan_fen'],
  ['the last day counts as well', 'period.ts', 'return dayNumber(to) - dayNumber(from)', 'return dayNumber(to) - dayNumber(from) + 1'],
  ['ACT/365 divides by 360', 'period.ts', "day_count === 'ACT_365' ? 365n : 360n", '360n'],
  ['30/360 keeps the 31st', 'period.ts', 'Math.min(end.day, 30)', 'end.day'],
  ['penalty interest is subsidised', 'interest.ts', "step('A-12', due_fen)", "step('A-12', due_fen + (facts.penalty_interest_fen ?? 0))"],
  ['part payment is overlooked', 'interest.ts', 'const unpaid = rule.proportional && paid_fen < due_fen', 'const unpaid = false'],
  ['the loan ceiling forgets what was used', 'interest.ts', "ceiling - (left.used_by_loan.get(`${piece.year}|${basis.loan.key}`) ?? 0)", 'ceiling'],
  ['the project ceiling forgets what was used', 'interest.ts', 'rule.project_ceiling_fen - (left.used_by_project.get(piece.year) ?? 0)', 'rule.project_ceiling_fen'],
  ['the national subsidy is not deducted', 'interest.ts', 'BigInt(basis.facts.national_subsidy_fen ?? 0) +', '0n +'],
  ['another subsidy is not deducted', 'interest.ts', '+ BigInt(basis.facts.other_subsidy_fen ?? 0)', '+ 0n'],
  ['the land share of a national subsidy is deducted too', 'interest.ts', 'roundHalfUp(others * BigInt(basis.eligible_fen), BigInt(basis.whole_fen))', 'Number(others)'],
  ['ceilings are used up in the order sent', 'interest.ts', 'return one < other ? -1 : one > other ? 1 : a - b', 'return a - b'],
  ['the ceiling never starts anew', 'interest.ts', 'yearOf(from) : yearOf(facts.paid_date)', "yearOf(from) : '2026'"],
  ['days before the policy count', 'interest.ts', 'segment.from < rule.counts_from ? rule.counts_from : segment.from', 'segment.from'],
  ['a ceiling is used up by the formula instead of the grant', 'interest.ts', '(left.used_by_project.get(year) ?? 0) + used', '(left.used_by_project.get(year) ?? 0) + formula_fen'],
  ['a fee rate of exactly 1 % is excluded', 'guarantee.ts', 'charged * 12n * UNITS_PER_ONE <= rate_max_units', 'charged * 12n * UNITS_PER_ONE < rate_max_units'],
  ['hidden fees are overlooked', 'guarantee.ts', 'BigInt(fee.contract_fee_fen) + BigInt(fee.other_fees_fen)', 'BigInt(fee.contract_fee_fen)'],
  ['the fee is not annualised', 'guarantee.ts', 'charged * 12n *', 'charged *'],
  ['a dear premium is recognised whole', 'premium.ts', 'disqualify ? 0n : highest', 'disqualify ? 0n : recognised'],
  ['the premium already granted is forgotten', 'premium.ts', '- premium.used_fen', ''],
  ['numerator and denominator on two bases', 'risk-share.ts', 'const headroom = Math.max(0, cap_fen - vintage_compensated_fen)', 'const headroom = Math.max(0, Math.floor(cap_fen / 0.8) - vintage_compensated_fen)'],
  ['headroom below nothing', 'risk-share.ts', 'Math.max(0, cap_fen - vintage_compensated_fen)', 'cap_fen - vintage_compensated_fen'],
  ['the breaker limits nothing', 'risk-share.ts', 'const fits = systemPart <= headroom', 'const fits = true'],
  ['the crossing split keeps the bank in', 'risk-share.ts', 'splitByLargestRemainder(covered, [guarantorWeight, fiscalWeight, reGuarantorWeight])', 'splitByLargestRemainder(covered, [guarantorWeight, fiscalWeight, bankWeight])'],
  ['the breaker trips only above the cap', 'risk-share.ts', 'if (compensated_fen >= cap_fen)', 'if (compensated_fen > cap_fen)'],
  ['the rate is rounded instead of cut', 'risk-share.ts', 'toFixed(4, Exact.ROUND_DOWN)', 'toFixed(4, Exact.ROUND_UP)'],
  ['left-over fen go to the first parties', 'money.ts', 'a.remainder > b.remainder ? -1 : 1', 'a.index - b.index'],
  ['a make-up day is no work day', 'calendar.ts', 'table.make_up_work_days.includes(date)) return true', 'table.make_up_work_days.includes(date)) return false'],
  ['a holiday is a work day', 'calendar.ts', '!table.off_days.includes(date)', 'true'],
  ['the push day counts as the first', 'calendar.ts', 'day = nextWorkDay(addDays(day, 1)', 'day = nextWorkDay(day'],
  ['a week does not move on to a work day', 'calendar.ts', ': nextWorkDay(addDays(from, days), calendar, looked_at)', ': addDays(from, days)'],
  ['the UTC day counts', 'calendar.ts', 'const BEIJING_MS = 8 * 3_600_000', 'const BEIJING_MS = 0'],
  ['a missing table is not told', 'calendar.ts', 'looked_at.some((day) => !hasTable(day, calendar))', 'false'],
  ['approval without contact passes', 'calendar.ts', 'return stages.approved_at === undefined\n', 'return true\n'],
  ['an overlap inside a voucher passes', 'segments.ts', 'if (before === undefined || segment.from >= before.to) continue', 'if (before === undefined || segment.from >= before.from) continue'],
  ['a reversed segment passes', 'segments.ts', 'segment.from >= segment.to', 'segment.from > segment.to'],
  ['an overlap between vouchers passes', 'quotes.ts', 'if (findings.length > 0) return findings\n  return checkVouchersOverlap', 'if (findings.length > 0) return findings\n  return [] ?? checkVouchersOverlap'],
  ['a balance over the loan passes', 'quotes.ts', 'if (segment.balance_fen <= loan_fen) continue', 'continue'],
  ['a rate over 100 % passes', 'segments.ts', '> UNITS_PER_ONE', '> 2n * UNITS_PER_ONE'],
  ['all projects share the ceiling of one', 'ceilings.ts', "CEILING_OWNERS) === 'ENTERPRISE'", "CEILING_OWNERS) !== 'ENTERPRISE'"],
  ['every bank has a ceiling of its own', 'ceilings.ts', 'share_of !== null && readingOf', 'share_of !== null || readingOf'],
  ['a syndicate never shares', 'ceilings.ts', "SYNDICATE_CEILINGS) === 'SHARE'", "SYNDICATE_CEILINGS) === 'PROJECT'"],
  ['leases always use up the ceiling of loans', 'ceilings.ts', "LEASE_CEILINGS) === 'WITHIN_LOANS'", "LEASE_CEILINGS) === 'SEPARATE'"],
  ['the ceiling shared with loans forgets what loans used', 'interest.ts', 'shared.ceiling_fen - (left.used_by_shared.get(piece.year) ?? 0)', 'shared.ceiling_fen'],
  ['a contract of the first day is too old', 'interest.ts', 'facts.signed_date < rule.counts_from', 'facts.signed_date <= rule.counts_from'],
  ['earlier contracts never count', 'interest.ts', 'if (rule.earlier_excluded && facts', 'if (facts'],
  ['all first sets share one ceiling', 'premium.ts', "FIRST_SET_CEILING_OWNERS) === 'PRODUCT'", "FIRST_SET_CEILING_OWNERS) === 'ENTERPRISE'"],
  ['premiums are capped for ever', 'premium.ts', "PREMIUM_CEILING_SPANS) === 'POLICY_YEAR'", "PREMIUM_CEILING_SPANS) === 'LIFETIME'"],
  ['approvals always count', 'household.ts', "basis === 'APPROVED' ? approved_fen : null", 'approved_fen'],
  ['a loan without a known approval counts nothing', 'household.ts', '?? contract_fen ?? 0', "?? (basis === 'APPROVED' ? 0 : contract_fen) ?? 0"],
  ['what is outstanding is forgotten', 'household.ts', "=== 'OUTSTANDING') return outstanding_fen", "=== 'OUTSTANDING') return contract_fen ?? 0"],
  ['the class of the project never decides', 'eligibility-rules.ts', 'const code = by_project ? project_industry_code : industry_code', 'const code = industry_code'],
  ['a project outside manufacturing is not remarked', 'eligibility-rules.ts', 'if (project_industry_code === undefined || isManufacturing(project_industry_code) !== false) return PASS', 'return PASS'],
  ['a wider cap still tells guarantors apart', 'claims.ts', "const by_guarantor = scope === 'GUARANTOR_BANK' || scope === 'GUARANTOR'", 'const by_guarantor = true'],
  ['the cap of a guarantor tells banks apart', 'claims.ts', "bank_no: scope === 'GUARANTOR_BANK' ? bank_no : null", 'bank_no'],
  ['the cap of a park is that of all', 'claims.ts', "park_no: scope === 'PARK' ? park_no : null", 'park_no: null'],
  ['the state fund bears what the municipality should', 'risk-share.ts', 'const [municipal_fen = 0, state_fund_fen = 0] = splitByLargestRemainder(fiscal_fen, parts)', 'const [state_fund_fen = 0, municipal_fen = 0] = splitByLargestRemainder(fiscal_fen, parts)'],
  ['a guarantor’s contact counts for a bank’s', 'need-clock.ts', "NEED_CLOCKS) === 'FIRST_BANK'", "NEED_CLOCKS) === 'FIRST_RECIPIENT'"],
  ['the last contact of a need counts', 'need-clock.ts', '.sort()[0]', '.sort().at(-1)'],
  ['the small class needs one bound only', 'size-class.ts', 'employees >= bound.employees && revenue_fen', 'employees >= bound.employees || revenue_fen'],
  ['the tolerance loses its upper bound', 'vouchers.ts', "return within('recalculation_warn_pct') ? 'WARN' : 'FAIL'", "return 'WARN'"]
]

const cases = readCases().flatMap((file) => file.cases)

t.test('the kernel as it is fails no case', async (t) => {
  const kernel = await loadKernel(KERNEL)
  t.same(cases.flatMap((one) => failuresOf(kernel, one)), [])
})

t.test(`each of ${MUTANTS.length} seeded mistakes is caught by a worked example`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  symlinkSync(join(KERNEL, '../../node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [index, [mistake, file, right, wrong]] of MUTANTS.entries()) {
    const copy = join(folder, String(index))
    cpSync(KERNEL, copy, { recursive: true })
    const source = readFileSync(join(copy, file), 'utf8')
    t.equal(source.split(right).length, 2, `${file} holds the line once: ${right.slice(0, 60)}`)
    writeFileSync(join(copy, file), source.replace(right, () => wrong))
    const kernel = await loadKernel(copy)
    const caught = cases.filter((one) => failuresOf(kernel, one).length > 0).map((one) => one.id)
    t.ok(caught.length > 0, `${mistake}: caught by ${caught.slice(0, 3).join(', ')}`)
  }
})
