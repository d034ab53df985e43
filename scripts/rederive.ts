/**
 * Rederive: node scripts/rederive.ts <packet.zip>… [--recognised <file.json>]
 *
 * Computes every amount of sealed packets again from the archives alone, with arithmetic of its own: exact fractions of BigInt, the
 * facts of items.json, the parameters of policies.json, and the ceilings as all archives given together use them up. Packets are taken
 * in the order they were sealed; what an earlier one holds keeps its place. Every difference is a line; the exit code is 1 if there is one.
 * `--recognised`: { line_no: { amount, at } }, what audits left of lines and since when; without it a line counts as claimed. What was taken back of a
 * voucher stands with its supplement. A voucher that fell and was never sealed again is in no archive: it counts as it was sealed last.
 *
 * Source: contract §6, §7; S2 (一)(三)(五)(六)(十三).
 */
import { readFileSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'

/** n ÷ d, d > 0. */
interface Fraction { n: bigint, d: bigint }
interface Terms { policy_code: string, version: string, effective_from: string, effective_to: string | null, parameters: Record<string, string | number> }
interface Segment { from: string, to: string, balance: string, annual_rate_pct: string, kind: string }
interface Item { line_no: string, kind: string, voucher_no: string, paid_date: string, order_key: string, eligible_interest: string | null, formula_amount: string,
  amount: string, supplement_of: string | null, facts: Record<string, string> & { segments?: Segment[], term_months?: number } }
export interface Archive { packet_no: string, uscc: string, project_code: string, participant_no: string, sealed_at: string, items: Item[], terms: Terms[] }
export type Recognised = Readonly<Record<string, { amount: string, at: string }>>
export interface Ceiling { name: string, cap: bigint, used: bigint }
export interface Rederived { lines: number, differences: string[], ceilings: Ceiling[]
  /** what chains are still due when all packets are counted */
  left: bigint }

const of = (n: bigint, d = 1n): Fraction => ({ n, d })
const plus = (a: Fraction, b: Fraction): Fraction => of(a.n * b.d + b.n * a.d, a.d * b.d)
const times = (a: Fraction, b: Fraction): Fraction => of(a.n * b.n, a.d * b.d)
const over = (a: Fraction, b: Fraction): Fraction => of(a.n * b.d, a.d * b.n)
const isLess = (a: Fraction, b: Fraction): boolean => a.n * b.d < b.n * a.d
const rounded = ({ n, d }: Fraction): bigint => (2n * n + d) / (2n * d)
const least = (...values: bigint[]): bigint => values.reduce((a, b) => a < b ? a : b)
const notNegative = (value: bigint): bigint => value < 0n ? 0n : value

/** A decimal number as a fraction; a percentage is divided by a hundred. */
function decimal (text: string | number): Fraction {
  const [whole = '', digits = ''] = String(text).split('.')
  return of(BigInt(whole + digits), 10n ** BigInt(digits.length))
}
const pct = (text: string | number): Fraction => times(decimal(text), of(1n, 100n))
const fen = (yuan: string): bigint => BigInt(yuan.replace('.', ''))
export const yuan = (value: bigint): string => `${value / 100n}.${String(value % 100n).padStart(2, '0')}`

/** The files of an archive by name. */
export function unzip (zip: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  let end = zip.length - 22
  while (end >= 0 && zip.readUInt32LE(end) !== 0x06054b50) end--
  if (end < 0) throw new Error('no zip archive')
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const local = zip.readUInt32LE(at + 42)
    const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    const packed = zip.subarray(begin, begin + zip.readUInt32LE(at + 20))
    files.set(zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28)), zip.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed))
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return files
}

export function readArchive (zip: Buffer): Archive {
  const files = unzip(zip)
  const json = (name: string) => JSON.parse(files.get(name)?.toString('utf8') ?? 'null')
  const { packet_no, uscc, project_code, submitter, sealed_at } = json('manifest.json')
  return { packet_no, uscc, project_code, participant_no: submitter.participant_no, sealed_at, items: json('items.json').items, terms: json('policies.json') }
}

function days (from: string, to: string, day_count: string): bigint {
  const [y = 0, m = 0, d = 0] = from.split('-').map(Number)
  const [y2 = 0, m2 = 0, d2 = 0] = to.split('-').map(Number)
  if (day_count !== '30_360') return BigInt((Date.UTC(y2, m2 - 1, d2) - Date.UTC(y, m - 1, d)) / 86_400_000)
  return BigInt(360 * (y2 - y) + 30 * (m2 - m) + Math.min(d2, 30) - Math.min(d, 30))
}

interface Limit { name: string, cap: bigint }
/** What a voucher is worth before ceilings, and which ceilings it meets. */
interface Worth { eligible: bigint | null, formula: bigint, most: bigint, limits: Limit[] }

function interestWorth (archive: Archive, { kind, facts, paid_date }: Item, terms: Terms): Worth {
  const { parameters: p } = terms
  const isLoan = kind === 'LOAN_INTEREST'
  const eligible_loan = isLoan ? fen(facts.eligible_loan_amount ?? '') : 1n
  const share = of(eligible_loan, isLoan ? eligible_loan + fen(facts.land_amount ?? '') : 1n)
  const year_days = of(facts.day_count === 'ACT_365' ? 365n : 360n)
  const counts_from = String(p.interest_counts_from)
  let interest = of(0n)
  let subsidy = of(0n)
  for (const { from, to, balance, annual_rate_pct, kind: of_days } of facts.segments ?? []) {
    const first = from < counts_from ? counts_from : from
    if (of_days !== 'NORMAL' || first >= to) continue
    const yearly = over(of(fen(balance) * days(first, to, facts.day_count ?? '')), year_days)
    const half = times(pct(annual_rate_pct), pct(p.subsidy_share_of_rate_pct ?? ''))
    const highest = pct(p.subsidy_rate_max_pct ?? '')
    interest = plus(interest, times(yearly, pct(annual_rate_pct)))
    subsidy = plus(subsidy, times(yearly, isLoan ? isLess(half, highest) ? half : highest : pct(p.lease_rate_pct ?? '')))
  }
  const due = rounded(interest)
  const paid = least(due, fen(facts.normal_interest ?? ''), fen(facts.normal_interest_paid ?? ''))
  const part = due === 0n ? of(0n) : of(paid, due)
  const eligible = rounded(times(interest, share))
  const formula = rounded(times(times(subsidy, share), paid < due ? part : of(1n)))
  const others = fen(facts.national_subsidy_deducted ?? '') + fen(facts.other_subsidy_received ?? '')
  const net = notNegative(rounded(times(of(eligible), part)) - rounded(times(of(others), share)))
  const year = paid_date.slice(0, 4)
  const place = `${archive.uscc} ${archive.project_code} ${year}`
  const loan_cap = times(of(fen(facts.contract_eligible_amount ?? '0.00')), pct(p.loan_year_ceiling_pct ?? ''))
  const limits = isLoan
    ? [{ name: `L-04 ${archive.participant_no} ${facts.loan_contract_no} ${year}`, cap: loan_cap.n / loan_cap.d }, { name: `L-05 ${place}`, cap: fen(String(p.project_year_ceiling)) }]
    : [{ name: `Z-01 ${place}`, cap: fen(String(p.lease_project_year_ceiling)) }]
  return { eligible, formula, most: least(formula, net), limits }
}

function feeWorth (archive: Archive, { facts }: Item, { parameters: p }: Terms): Worth {
  const charged = of((fen(facts.contract_fee_total ?? '') + fen(facts.other_fees_total ?? '')) * 12n, fen(facts.guaranteed_amount ?? '') * BigInt(facts.term_months ?? 0))
  const formula = isLess(pct(p.guarantee_fee_rate_max_pct ?? ''), charged) ? 0n : rounded(times(of(fen(facts.fee ?? '')), pct(p.guarantee_fee_share_pct ?? '')))
  return { eligible: null, formula, most: formula, limits: [{ name: `G-01 ${archive.uscc} ${archive.project_code}`, cap: fen(String(p.guarantee_fee_ceiling)) }] }
}

function premiumWorth (archive: Archive, { facts }: Item, { parameters: p }: Terms): Worth {
  const isFirstSet = facts.insurance_kind === 'FIRST_SET_EQUIPMENT'
  let base = of(fen(facts.annual_premium ?? ''))
  const highest = isFirstSet ? times(of(fen(facts.insured_amount ?? '')), pct(p.premium_rate_max_pct ?? '')) : base
  if (isLess(highest, base)) base = highest
  const formula = rounded(times(base, pct(p.premium_share_pct ?? '')))
  const cap = isFirstSet ? p.first_set_ceiling : facts.insurance_kind === 'FIRST_VERSION_SOFTWARE' ? p.first_version_ceiling : p.renovation_loss_ceiling
  const name = `${facts.insurance_kind} ${isFirstSet ? facts.product?.normalize('NFKC').replace(/\s/gu, '').toLowerCase() : ''} ${archive.uscc} ${facts.policy_start?.slice(0, 4)}`
  return { eligible: null, formula, most: formula, limits: [{ name, cap: fen(String(cap)) }] }
}

function worthOf (archive: Archive, item: Item): Worth {
  const terms = archive.terms.find(each => each.policy_code === 'TECH_RENO_LOAN' && each.effective_from <= item.paid_date &&
    (each.effective_to === null || item.paid_date <= each.effective_to))
  if (terms === undefined) return { eligible: null, formula: 0n, most: 0n, limits: [] }
  if (item.kind === 'GUARANTEE_FEE') return feeWorth(archive, item, terms)
  return item.kind === 'PREMIUM' ? premiumWorth(archive, item, terms) : interestWorth(archive, item, terms)
}

/** `stated_at`: since when the hub knew these facts, also those of the contract that a correction changed. */
interface Claim { item: Item, chain: string, worth: Worth, stated_at: string }
/** What an audit took off a line, and what the facts gave the voucher in all when the line was sealed. */
interface Cut { given: bigint, off: bigint }
interface Held { amount: bigint, since: string, cuts: Cut[] }
interface Due { given: bigint, due: bigint }

/** A cut takes off what is topmost of what was given then and not taken off by another: cuts that meet move down. */
function leftOf (given: bigint, cuts: readonly Cut[]): bigint {
  let left = given
  let above: bigint | null = null
  for (const cut of [...cuts].sort((a, b) => a.given < b.given ? 1 : -1)) {
    const top: bigint = above === null ? cut.given : least(cut.given, above)
    above = top - cut.off
    left -= notNegative(least(given, top) - notNegative(above))
  }
  return left
}

/** What each voucher of a queue is due when `held` was sealed before. */
function dues (claims: readonly Claim[], held: ReadonlyMap<string, Held>): Map<string, Due> {
  const used = new Map<string, bigint>()
  const take = ({ limits }: Worth, amount: bigint): void => {
    for (const { name } of limits) used.set(name, (used.get(name) ?? 0n) + amount)
  }
  const grant = ({ most, limits }: Worth): bigint => least(most, ...limits.map(({ name, cap }) => notNegative(cap - (used.get(name) ?? 0n))))
  const kept = new Map<string, bigint>()
  const sealed = claims.filter(({ chain }) => held.has(chain))
  for (const { chain, worth } of sealed.sort((a, b) => (held.get(a.chain)?.since ?? '') < (held.get(b.chain)?.since ?? '') ? -1 : 1)) {
    const { amount, cuts } = held.get(chain) ?? { amount: 0n, cuts: [] }
    kept.set(chain, least(leftOf(grant(worth), cuts), amount))
    take(worth, kept.get(chain) ?? 0n)
  }
  const found = new Map<string, Due>()
  for (const { chain, worth } of [...claims].sort((a, b) => a.item.order_key < b.item.order_key ? -1 : 1)) {
    take(worth, -(kept.get(chain) ?? 0n))
    const given = grant(worth)
    const due = leftOf(given, held.get(chain)?.cuts ?? [])
    take(worth, due)
    found.set(chain, { given, due })
  }
  return found
}

/** What payments had taken back of a voucher when its supplement was sealed. */
const takenBack = ({ facts }: Item): bigint => fen(facts.taken_back ?? '0.00')

/**
 * Computes all lines again.
 *
 * @param archives all packets that share ceilings, in any order; the newest version of each
 */
export function rederive (archives: readonly Archive[], recognised: Recognised = {}): Rederived {
  const chain_of = new Map<string, string>()
  const claims: Claim[] = []
  const differences: string[] = []
  const in_order = [...archives].sort((a, b) => a.sealed_at < b.sealed_at ? -1 : 1)
  for (const archive of in_order) {
    for (const item of archive.items) {
      const chain = item.supplement_of === null ? item.line_no : chain_of.get(item.supplement_of) ?? item.supplement_of
      chain_of.set(item.line_no, chain)
      const [, submitted_at = ''] = item.order_key.split('|')
      claims.push({ item, chain, worth: worthOf(archive, item), stated_at: item.facts.stated_at ?? submitted_at })
    }
  }
  const of_line = new Map(claims.map(claim => [claim.item.line_no, claim]))
  const meeting = new Map<string, Claim[]>()
  for (const claim of claims) for (const { name } of claim.worth.limits) meeting.set(name, [...meeting.get(name) ?? [], claim])
  const sealed: { line_no: string, at: string, amount: bigint, given: bigint }[] = []
  const heldAt = (instant: string): Map<string, Held> => {
    const held = new Map<string, Held>()
    for (const { line_no, at, amount, given } of sealed) {
      const judged = recognised[line_no]
      const isJudged = judged !== undefined && judged.at < instant
      const now = isJudged ? fen(judged.amount) : amount
      const chain = chain_of.get(line_no) ?? line_no
      const before = held.get(chain) ?? { amount: 0n, since: `${at} ${line_no}`, cuts: [] }
      held.set(chain, { ...before, amount: before.amount + now, cuts: [...before.cuts, { given, off: amount - now }] })
    }
    return held
  }
  for (const { packet_no, items, sealed_at } of in_order) {
    const held = heldAt(sealed_at)
    const given_to = new Map<string, bigint>()
    for (const item of items) {
      const own = of_line.get(item.line_no)
      if (own === undefined) continue
      const say = (what: string, stated: string | null, computed: string | null): void => {
        if (stated !== computed) differences.push(`${packet_no} ${item.line_no} ${item.voucher_no}: ${what} ${stated}, computed again ${computed}`)
      }
      say('eligible_interest', item.eligible_interest, own.worth.eligible === null ? null : yuan(own.worth.eligible))
      say('formula_amount', item.formula_amount, yuan(own.worth.formula))
      const newest = new Map<string, Claim>()
      const names = new Set(own.worth.limits.map(({ name }) => name))
      for (const name of names) for (const { worth } of meeting.get(name) ?? []) for (const limit of worth.limits) names.add(limit.name)
      for (const name of names) for (const claim of meeting.get(name) ?? []) if (claim.stated_at <= sealed_at) newest.set(claim.chain, claim)
      const { given, due } = dues([...newest.values()], held).get(own.chain) ?? { given: 0n, due: 0n }
      say('amount', item.amount, yuan(notNegative(due - (held.get(own.chain)?.amount ?? 0n) + takenBack(item))))
      given_to.set(item.line_no, given)
    }
    for (const { line_no, amount } of items) sealed.push({ line_no, at: sealed_at, amount: fen(amount), given: given_to.get(line_no) ?? 0n })
  }
  const held = heldAt('9999')
  const last = [...new Map(claims.map(claim => [claim.chain, claim])).values()]
  const due_at_last = dues(last, held)
  const left = last.reduce((sum, { chain, item }) => sum + notNegative((due_at_last.get(chain)?.due ?? 0n) - (held.get(chain)?.amount ?? 0n) + takenBack(item)), 0n)
  const ceilings = [...meeting].map(([name, met]): Ceiling => {
    const lines = [...new Set(met)]
    return {
      name, cap: lines.flatMap(({ worth }) => worth.limits).filter(limit => limit.name === name).reduce((most, { cap }) => cap > most ? cap : most, 0n),
      used: lines.reduce((sum, claim) => sum + fen(recognised[claim.item.line_no]?.amount ?? claim.item.amount) - (last.includes(claim) ? takenBack(claim.item) : 0n), 0n)
    }
  })
  for (const { name, cap, used } of ceilings) if (used > cap) differences.push(`${name}: ${yuan(used)} granted, the ceiling is ${yuan(cap)}`)
  return { lines: claims.length, differences, ceilings, left }
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  const flag = words.indexOf('--recognised')
  const recognised: Recognised = flag < 0 ? {} : JSON.parse(readFileSync(words[flag + 1] ?? '', 'utf8'))
  const { lines, differences, ceilings } = rederive(words.filter((_, index) => flag < 0 || (index !== flag && index !== flag + 1)).map(path => readArchive(readFileSync(path))), recognised)
  for (const difference of differences) console.log(`wrong: ${difference}`)
  console.log(`${lines} lines computed again, ${ceilings.length} ceilings (${ceilings.filter(({ cap, used }) => used === cap).length} met to the fen), ${differences.length} differences`)
  process.exitCode = differences.length > 0 ? 1 : 0
}
