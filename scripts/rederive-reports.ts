/**
 * Rederive-reports: node scripts/rederive-reports.ts <base_url> <sandbox.json> <from> <to>
 *
 * Computes every figure of every report of a period again from the raw lists that the participants themselves read (no code of the hub)
 * and compares: every column of every row, the totals, and the own rows of institutions, parks and districts. Every difference is a line; the exit
 * code is 1 if there is one. Leads that have ended are still listed with number, status and times, asked for by status; which need and so
 * which enterprise they are about stands in the feed. Only sums that nobody may read any more (of a need or approval after a withdrawal) cannot
 * be computed again and show up as differences.
 *
 * Source: the definitions in each report; S1 三(三)4, 五(一); S2 (十三)(十五)(十六)(十八)(十九); S3 (四)(十五); S5 (十)(十一).
 */
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

export type Read = <T>(who: string, path: string) => Promise<T>
export interface Outcome { reports: number, figures: number, differences: string[] }
type Cell = string | number | boolean | null
type Figures = Record<string, Cell>

interface Participant { participant_no: string, role: string, name: string, region_code: string | null }
interface Stage { due_at: string, done_at: string | null }
interface Pause { from: string, to: string | null }
interface Lead { lead_no: string, need_no?: string, pushed_at: string, ended_at: string | null, uscc?: string
  sla: { contact: Stage, plan_and_approval: Stage, disbursement: Stage, pauses: Pause[] } }
interface LeadEvent { type: string, occurred_at: string, amount: string | null }
interface Contract { loan_contract_no: string, annual_rate_pct: string, start_date: string, maturity_date: string, relending_supported: boolean | null
  lead_no: string | null, core_enterprise_uscc: string | null }
interface Drawdown { number: string, loan_contract_no: string, amount: string, disbursed_date: string, borrower_uscc: string, status: string }
interface Lease { financed_principal: string, lease_start: string, lessee_uscc: string, status: string }
interface Guarantee { lender_no: string, borrower_uscc: string, guaranteed_principal: string, guarantee_fee_total: string, other_fees_total: string | null
  term_months: number, start_date: string, vintage_year: number, released_on: string | null, status: string }
interface Shares { guarantor: string, fiscal: string, re_guarantor: string, bank: string }
interface Claim { participant_no: string, guarantor_no: string, vintage_year: number, review: { decision: string } | null
  computed: { covered_principal: string } | null, recoveries: { settled_in: number | null, split: Shares }[] }
interface Line { line_no: string, kind: string, status: string, uscc: string, year: number, paid_date: string, amount: string, recognised_amount: string | null }
interface Packet { participant_no: string, claimed_amount: string, recognised_amount: string | null, audited_at: string | null }
interface Payment { payment_no: string, status: string, amount: string, paid_date: string | null, lines: { line_no: string, amount: string }[] }
interface Need { need_no: string, uscc: string, park_no: string | null, project_code: string | null, amount: string | null, status: string, created_at: string }
interface Project { owner_uscc: string, project_code: string, start_date: string | null, library_entry: { status: string } | null }
interface Budget { year: number, fund_source: string, amount: string, used: string }
interface Enterprise { uscc: string, region_code: string | null, industry_code: string | null, revenue: string | null }
interface Consortium { status: string, park: string, valid_from: string, valid_to: string, application: { supported_industries?: string[] } | null }
interface Policy { version: string, effective_from: string, effective_to: string | null, parameters: Record<string, string | number> }
interface ReportBody { period: { from: string, to: string, as_of: string }, definitions: { column: string }[], totals: (Figures & { group: string })[]
  rows: (Figures & { suppressed_columns: string[] })[] }

const fen = (yuan: string): bigint => BigInt(yuan.replace('.', ''))
const yuan = (value: bigint): string => `${value < 0n ? '-' : ''}${abs(value) / 100n}.${String(abs(value) % 100n).padStart(2, '0')}`
const abs = (value: bigint): bigint => value < 0n ? -value : value
const micro = (text: string | number): bigint => {
  const [whole = '', digits = ''] = String(text).split('.')
  return BigInt(whole + digits.padEnd(6, '0'))
}
/** n ÷ d, half away from zero; d > 0. */
const rounded = (n: bigint, d: bigint): bigint => n < 0n ? -((-2n * n + d) / (2n * d)) : (2n * n + d) / (2n * d)
const fixed = (value: bigint, digits: number): string => {
  const text = String(abs(value)).padStart(digits + 1, '0')
  return `${value < 0n ? '-' : ''}${text.slice(0, -digits)}.${text.slice(-digits)}`
}
const two = (n: bigint | number, d: bigint | number): string | null => BigInt(d) === 0n ? null : fixed(rounded(BigInt(n) * 100n, BigInt(d)), 2)
const pct = (n: bigint | number, d: bigint | number): string | null => BigInt(d) === 0n ? null : fixed(rounded(BigInt(n) * 10_000n, BigInt(d)), 2)
const cutPct = (n: bigint, d: bigint): string => d === 0n ? '0.0000' : fixed(n * 1_000_000n / d, 4)
const sum = <T>(all: readonly T[], of: (one: T) => string): bigint => all.reduce((before, one) => before + fen(of(one)), 0n)
const distinct = <T>(all: readonly T[], of: (one: T) => string): number => new Set(all.map(of)).size
const day_ms = 86_400_000
const begin = (day: string): number => Date.parse(`${day}T00:00:00+08:00`)
const dayBefore = (day: string): string => new Date(Date.parse(day) - day_ms).toISOString().slice(0, 10)

/** Announced loan prime rates: from day, one year, five years. Source: chinamoney.com.cn. */
const LPR: readonly (readonly [string, string, string])[] = [
  ['2022-12-20', '3.65', '4.30'], ['2023-06-20', '3.55', '4.20'], ['2023-08-21', '3.45', '4.20'], ['2024-02-20', '3.45', '3.95'], ['2024-07-22', '3.35', '3.85'],
  ['2024-10-21', '3.10', '3.60'], ['2025-05-20', '3.00', '3.50']
]
const lpr_known_until = '2026-08-20'

type Own<T> = T & { of: string }
type KnownLead = Own<Lead> & { need_no: string, uscc: string }
/** The states of a lead: a list without one leaves out what has ended. */
const lead_statuses = ['PUSHED', 'CONTACTED', 'PLAN_SUBMITTED', 'APPROVED', 'CONTRACT_SIGNED', 'DISBURSED', 'REJECTED', 'ABANDONED', 'EXPIRED', 'WITHDRAWN'] as const
interface FeedEvent { type: string, subject: string, data: { date?: string, need_no?: string } }
interface Facts {
  participants: Participant[], leads: KnownLead[], approvals: Map<string, LeadEvent>, contracts: Own<Contract>[], drawdowns: Own<Drawdown>[], leases: Own<Lease>[]
  guarantees: Own<Guarantee>[], claims: Claim[], lines: Line[], packets: Packet[], payments: (Payment & { year: number, fund_source: string })[], returned: Map<string, string[]>
  needs: Need[], projects: Project[], budgets: Budget[], enterprises: Map<string, Enterprise>, described: Map<string, Enterprise[]>, consortia: Consortium[]
  loan: Policy, guarantee: Policy, linkage: Policy, first_loan_day: string
}

export async function listOf<T> (read: Read, who: string, path: string): Promise<T[]> {
  const found: T[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: { items: T[], next_cursor: string | null } = await read(who, `${path}${path.includes('?') ? '&' : '?'}limit=200${after}`)
    found.push(...page.items)
    cursor = page.next_cursor
  }
  return found
}

/** Needs as their doors show them, each once: it came with the first door, and says what the first one says that still stands behind it. */
function merged (views: readonly Need[]): Need[] {
  return [...Map.groupBy(views, ({ need_no }) => need_no).values()].flatMap(doors => {
    const [first, ...others] = doors.sort((a, b) => a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0)
    if (first === undefined) return []
    const standing = doors.find(({ status }) => status !== 'WITHDRAWN') ?? doors.find(({ amount }) => amount !== null) ?? first
    return [{ ...standing, created_at: first.created_at, park_no: first.park_no ?? others.find(({ park_no }) => park_no !== null)?.park_no ?? null }]
  })
}

/** Everything in the feed of a participant. */
async function feedOf (read: Read, who: string): Promise<FeedEvent[]> {
  const found: FeedEvent[] = []
  for (let after = '0'; ;) {
    const page: { items: FeedEvent[], next_cursor: string } = await read(who, `/v1/events?limit=200&after=${after}`)
    if (page.items.length === 0) return found
    found.push(...page.items)
    after = page.next_cursor
  }
}

/** Every lead of the institutions, also those that have ended; their needs and enterprises as the feed and the senders' needs say. */
async function leadsOf (read: Read, institutions: readonly Participant[], needs: readonly Need[]): Promise<KnownLead[]> {
  const uscc_of = new Map(needs.map(({ need_no, uscc }) => [need_no, uscc]))
  const found = new Map<string, KnownLead>()
  for (const { participant_no: of } of institutions) {
    const need_of = new Map((await feedOf(read, of)).filter(({ type }) => type === 'lead.pushed').map(({ subject, data }) => [subject, data.need_no]))
    for (const status of lead_statuses) {
      for (const lead of await listOf<Lead>(read, of, `/v1/leads?status=${status}`)) {
        const need_no = lead.need_no ?? need_of.get(lead.lead_no) ?? ''
        found.set(lead.lead_no, Object.assign(lead, { of, need_no, uscc: lead.uscc ?? uscc_of.get(need_no) ?? '' }))
      }
    }
  }
  return [...found.values()]
}

async function gather (read: Read, to: string): Promise<Facts> {
  const participants = await listOf<Participant>(read, 'meic', '/v1/participants')
  const all = async <T>(roles: string[], path: string): Promise<Own<T>[]> => {
    const found: Own<T>[] = []
    for (const { participant_no } of participants.filter(({ role }) => roles.includes(role))) {
      for (const item of await listOf<T>(read, participant_no, path)) found.push(Object.assign(item as object, { of: participant_no }) as Own<T>)
    }
    return found
  }
  const needs = merged(await all<Need>(['PARK', 'ENTERPRISE', 'PARTNER_PLATFORM'], '/v1/financing-needs'))
  const leads = await leadsOf(read, participants.filter(({ role }) => ['BANK', 'GUARANTOR', 'LESSOR'].includes(role)), needs)
  const approvals = new Map<string, LeadEvent>()
  for (const { lead_no, of, sla } of leads.filter(lead => lead.sla.plan_and_approval.done_at !== null)) {
    const events = await listOf<LeadEvent>(read, of, `/v1/leads/${lead_no}/events`)
    const approved = events.find(({ type, occurred_at }) => type === 'APPROVED' && occurred_at === sla.plan_and_approval.done_at)
    if (approved !== undefined) approvals.set(lead_no, approved)
  }
  const payments: Facts['payments'] = []
  for (const { batch_no } of await listOf<{ batch_no: string }>(read, 'finance-bureau', '/v1/payment-batches')) {
    const batch = await read<{ year: number, fund_source: string, payments: Payment[] }>('finance-bureau', `/v1/payment-batches/${batch_no}`)
    for (const payment of batch.payments) payments.push(Object.assign(payment, { year: batch.year, fund_source: batch.fund_source }))
  }
  const returned = new Map<string, string[]>()
  for (const { type, subject, data } of await feedOf(read, 'finance-bureau')) {
    if (type === 'payment.returned') returned.set(subject, [...returned.get(subject) ?? [], data.date ?? ''])
  }
  const projects = await listOf<Project>(read, 'meic', '/v1/projects')
  const drawdowns = await all<Drawdown>(['BANK'], '/v1/drawdowns')
  const contracts = await all<Contract>(['BANK'], '/v1/loan-contracts')
  const enterprises = new Map<string, Enterprise>()
  const usccs = [...needs, ...leads].map(({ uscc }) => uscc).concat(projects.map(({ owner_uscc }) => owner_uscc), drawdowns.map(({ borrower_uscc }) => borrower_uscc))
  for (const uscc of new Set(usccs)) enterprises.set(uscc, await read<Enterprise>('meic', `/v1/enterprises/${uscc}`))
  const described = new Map<string, Enterprise[]>()
  for (const { participant_no } of participants.filter(({ role }) => role === 'PARK')) {
    const own = [...await listOf<Need>(read, participant_no, '/v1/financing-needs')].map(({ uscc }) => uscc)
      .concat((await listOf<Project>(read, participant_no, '/v1/projects')).map(({ owner_uscc }) => owner_uscc))
    const found = await Promise.all([...new Set(own)].map(uscc => read<Enterprise>(participant_no, `/v1/enterprises/${uscc}`).catch(() => null)))
    described.set(participant_no, found.filter(each => each !== null))
  }
  const policy = (code: string, on: string): Promise<Policy> => read('meic', `/v1/policies/${code}?on=${on}`)
  const on = dayBefore(to)
  const versions = await listOf<Policy & { policy_code: string }>(read, 'meic', '/v1/policies?policy_code=TECH_RENO_LOAN')
  return {
    participants, leads, approvals, contracts, drawdowns: drawdowns.filter(({ status }) => status === 'ACCEPTED'), payments, returned, needs, projects, enterprises, described,
    leases: (await all<Lease>(['LESSOR'], '/v1/lease-contracts')).filter(({ status }) => status === 'ACCEPTED'),
    guarantees: (await all<Guarantee>(['GUARANTOR'], '/v1/guarantee-contracts')).filter(({ status }) => status === 'ACCEPTED'),
    claims: await listOf(read, 'finance-bureau', '/v1/compensation-claims'), lines: await listOf(read, 'meic', '/v1/subsidy-lines'),
    packets: await listOf(read, 'meic', '/v1/subsidy-packets'), budgets: await listOf(read, 'finance-bureau', '/v1/budgets'),
    consortia: await listOf(read, 'meic', '/v1/consortia'), loan: await policy('TECH_RENO_LOAN', on), guarantee: await policy('PARK_TECH_GUARANTEE', on),
    linkage: await policy('FISCAL_FINANCE_LINKAGE', on), first_loan_day: versions.map(({ effective_from }) => effective_from).sort()[0] ?? on
  }
}

interface Period { from: string, to: string, as_of: string }
const within = (day: string | null, { from, to }: Period): boolean => day !== null && day >= from && day < to
const at = (instant: string, { from, to }: Period): boolean => Date.parse(instant) >= begin(from) && Date.parse(instant) < begin(to)

interface Tally { judged: number, on_time: number, on_time_net: number, gross: number[], net: number[] }
const stages = ['contact', 'approval', 'disbursement'] as const

/** Milliseconds of [from, until] that pauses cover. */
function paused (from: number, until: number, pauses: readonly Pause[]): number {
  let covered = 0
  let reached = from
  for (const pause of [...pauses].sort((a, b) => Date.parse(a.from) - Date.parse(b.from))) {
    const [begun, ended] = [Math.max(reached, Date.parse(pause.from)), Math.min(until, pause.to === null ? until : Date.parse(pause.to))]
    if (ended > begun) covered += ended - begun
    reached = Math.max(reached, ended)
  }
  return covered
}

function clockOf (leads: readonly Lead[], { approvals }: Facts, period: Period): Record<typeof stages[number], Tally> {
  const empty = (): Tally => ({ judged: 0, on_time: 0, on_time_net: 0, gross: [], net: [] })
  const tallies = { contact: empty(), approval: empty(), disbursement: empty() }
  for (const { lead_no, pushed_at, ended_at, sla } of leads) {
    const begun = { contact: pushed_at, approval: sla.contact.done_at, disbursement: approvals.get(lead_no)?.occurred_at ?? null }
    const ends = { contact: sla.contact, approval: sla.plan_and_approval, disbursement: sla.disbursement }
    for (const stage of stages) {
      const [from, { done_at, due_at }, tally] = [begun[stage], ends[stage], tallies[stage]]
      const until = done_at === null ? begin(period.as_of) : Date.parse(done_at)
      if (from === null || until < Date.parse(from)) continue
      const rest = paused(Date.parse(from), until, sla.pauses)
      const is_late_net = until - rest >= Date.parse(due_at)
      if (done_at === null) {
        if (is_late_net && (ended_at === null || Date.parse(ended_at) >= Date.parse(due_at))) tally.judged++
        continue
      }
      tally.judged++
      if (until < Date.parse(due_at)) tally.on_time++
      if (!is_late_net) tally.on_time_net++
      tally.gross.push(until - Date.parse(from))
      tally.net.push(until - Date.parse(from) - rest)
    }
  }
  return tallies
}

function medianHours (all: readonly number[]): string | null {
  const sorted = [...all].sort((a, b) => a - b)
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]]
  return low === undefined || high === undefined ? null : two(low + high, 2 * 3_600_000)
}

const counts = (leads: readonly Lead[], { approvals }: Facts): { decided: number, approved: number, disbursed: number } => ({
  decided: leads.filter(({ sla }) => sla.plan_and_approval.done_at !== null).length, approved: leads.filter(({ lead_no }) => approvals.has(lead_no)).length,
  disbursed: leads.filter(({ sla }) => sla.disbursement.done_at !== null).length
})

function threeOneClock (facts: Facts, period: Period): Figures[] {
  return facts.participants.filter(({ role }) => ['BANK', 'GUARANTOR', 'LESSOR'].includes(role)).map(({ participant_no, name, role }) => {
    const leads = facts.leads.filter(({ of, pushed_at }) => of === participant_no && at(pushed_at, period))
    const clock = clockOf(leads, facts, period)
    const cells = stages.flatMap((stage): [string, Cell][] => [
      [`${stage}_judged`, clock[stage].judged], [`${stage}_on_time`, clock[stage].on_time], [`${stage}_on_time_net`, clock[stage].on_time_net],
      [`${stage}_median_hours`, medianHours(clock[stage].gross)], [`${stage}_median_hours_net`, medianHours(clock[stage].net)]
    ])
    const figures: Figures = { group: role, institution_no: participant_no, institution: name, kind: role, leads: leads.length, enterprises: distinct(leads, ({ uscc }) => uscc) }
    return Object.assign(figures, counts(leads, facts), Object.fromEntries(cells))
  })
}

const measures = ['volume', 'rate_preference', 'punctuality', 'approval', 'audit', 'relending'] as const
interface Racer { figures: Figures, role: string, volume: bigint, points: Record<typeof measures[number], bigint | null> }

function institutionRanking (facts: Facts, period: Period): Figures[] {
  const racers = facts.participants.filter(({ role }) => role === 'BANK' || role === 'LESSOR').map(({ participant_no, name, role }): Racer => {
    const drawn = facts.drawdowns.filter(({ of, disbursed_date }) => of === participant_no && within(disbursed_date, period))
    const leased = facts.leases.filter(({ of, lease_start }) => of === participant_no && within(lease_start, period))
    const contract_of = new Map(facts.contracts.filter(({ of }) => of === participant_no).map(each => [each.loan_contract_no, each]))
    let [rates, discounts, relent] = [0n, 0n, 0n]
    for (const { loan_contract_no, amount, disbursed_date } of drawn) {
      const contract = contract_of.get(loan_contract_no)
      if (contract === undefined) continue
      const [, one = '0', five = '0'] = LPR.findLast(([from]) => from <= disbursed_date) ?? []
      const in_five_years = `${Number(contract.start_date.slice(0, 4)) + 5}${contract.start_date.slice(4)}`
      rates += fen(amount) * micro(contract.annual_rate_pct)
      discounts += fen(amount) * (micro(contract.maturity_date > in_five_years ? five : one) - micro(contract.annual_rate_pct))
      if (contract.relending_supported === true) relent += fen(amount)
    }
    const lent = sum(drawn, ({ amount }) => amount)
    const volume = lent + sum(leased, ({ financed_principal }) => financed_principal)
    const leads = facts.leads.filter(({ of, pushed_at }) => of === participant_no && at(pushed_at, period))
    const clock = clockOf(leads, facts, period)
    const total = (of: 'judged' | 'on_time_net') => stages.reduce((before, stage) => before + clock[stage][of], 0)
    const { decided, approved } = counts(leads, facts)
    const audited = facts.packets.filter(each => each.participant_no === participant_no && each.recognised_amount !== null && each.audited_at !== null && at(each.audited_at, period))
    const [claimed, kept] = [sum(audited, each => each.claimed_amount), sum(audited, each => each.recognised_amount ?? '0.00')]
    const share = (n: bigint | number, d: bigint | number): bigint | null => BigInt(d) === 0n ? null : rounded(BigInt(n) * 10_000n, BigInt(d))
    const [punctual, approval, cut] = [share(total('on_time_net'), total('judged')), share(approved, decided), share(claimed - kept, claimed)]
    const relending = role === 'LESSOR' || lent === 0n ? null : share(relent, lent)
    const shown = (value: bigint | null): string | null => value === null ? null : fixed(value, 2)
    return {
      role, volume,
      points: { volume, rate_preference: lent === 0n ? null : rounded(discounts, lent), punctuality: punctual, approval, audit: cut === null ? null : 10_000n - cut, relending },
      figures: {
        group: role, institution_no: participant_no, institution: name, kind: role, volume: yuan(volume), drawdowns: drawn.length + leased.length,
        enterprises: new Set([...drawn.map(({ borrower_uscc }) => borrower_uscc), ...leased.map(({ lessee_uscc }) => lessee_uscc)]).size,
        average_rate_pct: lent === 0n ? null : fixed(rounded(rates, lent * 100n), 4), discount_to_lpr_bp: lent === 0n ? null : fixed(rounded(discounts, lent * 100n), 2),
        lpr_provisional: period.to > lpr_known_until, punctuality_pct: shown(punctual), approval_pct: shown(approval), audit_cut_pct: shown(cut), relending_pct: shown(relending)
      }
    }
  })
  const { parameters } = facts.loan
  return racers.map(racer => {
    const rivals = racers.filter(({ role, volume }) => role === racer.role && volume > 0n)
    const scoreOf = ({ points }: Racer): bigint => {
      let [weighted, weights] = [0n, 0n]
      for (const measure of measures) {
        const own = points[measure]
        if (own === null) continue
        const field = rivals.map(rival => rival.points[measure]).filter(value => value !== null)
        const is_placed = measure === 'volume' || measure === 'rate_preference'
        const value = is_placed ? rounded(BigInt(field.length - field.filter(each => each > own).length) * 10_000n, BigInt(field.length)) : own
        weighted += micro(parameters[`ranking_${measure}_pct`] ?? 0) * value
        weights += micro(parameters[`ranking_${measure}_pct`] ?? 0)
      }
      return rounded(weighted, weights)
    }
    if (racer.volume === 0n) return Object.assign(racer.figures, { rank: null, score: null, proposed_for_next_year: false })
    const score = scoreOf(racer)
    const rank = 1 + rivals.filter(rival => scoreOf(rival) > score).length
    return Object.assign(racer.figures, { rank, score: fixed(score, 2), proposed_for_next_year: rank <= Number(parameters.ranking_list_size) })
  })
}

function paidOf ({ payments }: Facts): Map<string, { amount: bigint, paid_date: string }> {
  return new Map(payments.filter(({ status }) => status === 'PAID').flatMap(({ lines, paid_date }) =>
    lines.map(({ line_no, amount }) => [line_no, { amount: fen(amount), paid_date: paid_date ?? '' }] as const)))
}

function subsidyProgress (facts: Facts, period: Period): Figures[] {
  const years = [Number(period.from.slice(0, 4)), Number(dayBefore(period.to).slice(0, 4))] as const
  const budgets = facts.budgets.filter(({ year, fund_source }) => fund_source !== 'RISK_POOL' && year >= years[0] && year <= years[1]).map((budget): Figures => ({
    group: 'BUDGET', row_kind: 'BUDGET', kind: null, lines: null, enterprises: null, blocked: null, open: null, frozen: null, approved: null, paid: null, year: String(budget.year), fund_source: budget.fund_source, budget: budget.amount, used: budget.used,
    budget_paid: yuan(sum(facts.payments.filter(({ status, year, fund_source }) => status === 'PAID' && year === budget.year && fund_source === budget.fund_source), ({ amount }) => amount))
  }))
  const paid = paidOf(facts)
  const live = facts.lines.filter(({ status, paid_date }) => status !== 'SUPERSEDED' && within(paid_date, period))
  const groups = Map.groupBy(live, ({ year, kind }) => `${year} ${kind}`)
  return [...budgets, ...[...groups.values()].map((lines): Figures => ({
    group: 'LINES', row_kind: 'LINES', fund_source: null, budget: null, used: null, budget_paid: null, year: String(lines[0]?.year), kind: lines[0]?.kind ?? null, lines: lines.length,
    enterprises: distinct(lines, ({ uscc }) => uscc), blocked: yuan(sum(lines.filter(({ status }) => status === 'BLOCKED'), ({ amount }) => amount)),
    open: yuan(sum(lines.filter(({ status }) => status === 'OPEN'), ({ amount }) => amount)),
    frozen: yuan(sum(lines.filter(({ status, recognised_amount }) => status === 'FROZEN' && recognised_amount === null), ({ amount }) => amount)),
    approved: yuan(sum(lines.filter(({ status }) => status === 'FROZEN'), ({ recognised_amount }) => recognised_amount ?? '0.00')),
    paid: yuan(lines.reduce((before, { line_no }) => before + (paid.get(line_no)?.amount ?? 0n), 0n))
  }))]
}

function fundPerformance (facts: Facts, period: Period): Figures[] {
  const line_of = new Map(facts.lines.map(line => [line.line_no, line]))
  const lent = sum(facts.drawdowns.filter(({ disbursed_date }) => within(disbursed_date, period)), ({ amount }) => amount)
  return ['LOAN_INTEREST', 'LEASE', 'GUARANTEE_FEE', 'PREMIUM'].map((kind): Figures => {
    const paid = [...paidOf(facts)].filter(([line_no, { paid_date }]) => line_of.get(line_no)?.kind === kind && within(paid_date, period))
    const amount = paid.reduce((before, [, one]) => before + one.amount, 0n)
    const days = paid.reduce((before, [line_no, { paid_date }]) => before + (Date.parse(paid_date) - Date.parse(line_of.get(line_no)?.paid_date ?? '')) / day_ms, 0)
    const of_kind = facts.payments.filter(({ lines }) => lines.some(({ line_no }) => line_of.get(line_no)?.kind === kind))
    const back = of_kind.filter(({ payment_no }) => facts.returned.get(payment_no)?.some(date => within(date, period))).length
    const answered = back + of_kind.filter(({ paid_date }) => within(paid_date, period)).length
    const is_loan = kind === 'LOAN_INTEREST'
    return {
      group: 'ALL', kind, subsidy_paid: yuan(amount), lines_paid: paid.length, enterprises: distinct(paid, ([line_no]) => line_of.get(line_no)?.uscc ?? ''),
      loans_disbursed: is_loan ? yuan(lent) : null, subsidy_per_loan_yuan: is_loan && lent > 0n ? fixed(rounded(amount * 10_000n, lent), 4) : null,
      average_days_to_payment: two(days, paid.length), payments_answered: answered, payments_returned: back, returned_pct: pct(back, answered)
    }
  })
}

/** 规上 enterprises of the leading industries that a park described, and those that have begun a renovation project. */
function leadingPct ({ consortia, described, projects, drawdowns }: Facts, park_no: string, { from, to }: Period): string | null {
  const codes = consortia.filter(({ park, valid_from, valid_to }) => park === park_no && valid_from < to && valid_to > from)
    .flatMap(({ application }) => application?.supported_industries ?? []).map(text => /^C?(\d{2,4})/.exec(text)?.[1] ?? '-')
  const larger = (described.get(park_no) ?? []).filter(({ industry_code, revenue }) => revenue !== null && fen(revenue) >= 2_000_000_000n &&
    codes.some(code => (industry_code ?? '').replace(/^C/, '').startsWith(code)))
  return pct(larger.filter(({ uscc }) => projects.some(each => each.owner_uscc === uscc && each.start_date !== null && each.start_date < to) ||
    drawdowns.some(each => each.borrower_uscc === uscc && each.disbursed_date < to)).length, larger.length)
}

function parkPerformance (facts: Facts, period: Period): Figures[] {
  const need_of = new Map(facts.needs.map(need => [need.need_no, need]))
  const lead_of = new Map(facts.leads.map(lead => [lead.lead_no, lead]))
  const contract_of = new Map(facts.contracts.map(each => [`${each.of} ${each.loan_contract_no}`, each]))
  const parkOfLead = (lead: KnownLead | undefined): string | null => need_of.get(lead?.need_no ?? '')?.park_no ?? null
  return facts.participants.filter(({ role }) => role === 'PARK').map(({ participant_no, name, region_code }): Figures => {
    const needs = facts.needs.filter(({ park_no, created_at }) => park_no === participant_no && at(created_at, period))
    const leads = facts.leads.filter(lead => parkOfLead(lead) === participant_no && at(lead.pushed_at, period))
    const drawn = facts.drawdowns.filter(({ of, loan_contract_no, disbursed_date }) => within(disbursed_date, period) &&
      parkOfLead(lead_of.get(contract_of.get(`${of} ${loan_contract_no}`)?.lead_no ?? '')) === participant_no)
    const lent_before = new Set(facts.drawdowns.filter(({ disbursed_date }) => disbursed_date < period.from).map(({ borrower_uscc }) => borrower_uscc))
    const brought = new Set(facts.needs.filter(({ park_no }) => park_no === participant_no).map(({ uscc, project_code }) => `${uscc} ${project_code}`))
    const { contact } = clockOf(leads, facts, period)
    const { approved, disbursed } = counts(leads, facts)
    return {
      group: 'PARK', park_no: participant_no, park: name, region_code, new_loan_amount: yuan(sum(drawn, ({ amount }) => amount)), borrowers: distinct(drawn, each => each.borrower_uscc),
      new_borrowers: distinct(drawn.filter(({ borrower_uscc }) => !lent_before.has(borrower_uscc)), each => each.borrower_uscc),
      leading_industry_renovated_pct: leadingPct(facts, participant_no, period), needs: needs.length, needed_amount: yuan(sum(needs, ({ amount }) => amount ?? '0.00')), leads: leads.length,
      contacted_on_time_pct: pct(contact.on_time_net, contact.judged), approved, disbursed,
      listed_projects: facts.projects.filter(each => each.library_entry?.status === 'LISTED' && brought.has(`${each.owner_uscc} ${each.project_code}`)).length
    }
  })
}

function districtLedger (facts: Facts, period: Period): Figures[] {
  const region = (uscc: string): string | null => facts.enterprises.get(uscc)?.region_code ?? null
  const in_period = {
    listed: facts.projects.filter(({ library_entry }) => library_entry?.status === 'LISTED').map(({ owner_uscc }) => ({ uscc: owner_uscc, amount: '0.00' })),
    needs: facts.needs.filter(({ created_at }) => at(created_at, period)).map(({ uscc, amount }) => ({ uscc, amount: amount ?? '0.00' })), leads: facts.leads.filter(({ pushed_at }) => at(pushed_at, period)).map(({ uscc }) => ({ uscc, amount: '0.00' })),
    approvals: facts.leads.filter(({ of }) => facts.participants.some(({ participant_no, role }) => participant_no === of && (role === 'BANK' || role === 'LESSOR'))).flatMap(({ lead_no, uscc }) => {
      const event = facts.approvals.get(lead_no)
      return event === undefined || !at(event.occurred_at, period) ? [] : [{ uscc, amount: event.amount ?? '0.00' }]
    }),
    drawn: facts.drawdowns.filter(({ disbursed_date }) => within(disbursed_date, period)).map(({ borrower_uscc, amount }) => ({ uscc: borrower_uscc, amount }))
  }
  const codes = new Set(Object.values(in_period).flatMap(all => all.map(({ uscc }) => region(uscc))))
  return [...codes].map((region_code): Figures => {
    const of = (name: keyof typeof in_period): { uscc: string, amount: string }[] => in_period[name].filter(({ uscc }) => region(uscc) === region_code)
    const amount = (name: keyof typeof in_period): string => yuan(sum(of(name), each => each.amount))
    return {
      group: 'ALL', region_code, listed_projects: of('listed').length, needs: of('needs').length, needed_amount: amount('needs'), leads: of('leads').length,
      approvals: of('approvals').length, approved_amount: amount('approvals'), disbursed_amount: amount('drawn'), enterprises_needing: distinct(of('needs'), ({ uscc }) => uscc),
      enterprises_lent_to: distinct(of('drawn'), ({ uscc }) => uscc)
    }
  })
}

function guaranteeBreaker (facts: Facts, period: Period): Figures[] {
  const { parameters: p } = facts.guarantee
  const years = [Number(period.from.slice(0, 4)), Number(dayBefore(period.to).slice(0, 4))] as const
  const liability = (all: readonly Guarantee[]): bigint => sum(all, each => each.guaranteed_principal) * micro(p.guaranteed_share_pct ?? 0) / 100_000_000n
  const groups = Map.groupBy(facts.guarantees.filter(({ vintage_year }) => vintage_year >= years[0] && vintage_year <= years[1]), each => `${each.of} ${each.lender_no} ${each.vintage_year}`)
  return [...groups].map(([key, given]): Figures => {
    const [guarantor_no = '', bank_no = '', year] = key.split(' ')
    const claims = facts.claims.filter(each => each.guarantor_no === guarantor_no && each.participant_no === bank_no && each.vintage_year === Number(year) && each.review?.decision !== 'REJECT')
    const covered = sum(claims, ({ computed }) => computed?.covered_principal ?? '0.00')
    const back = claims.flatMap(({ recoveries }) => recoveries).filter(({ settled_in }) => settled_in !== null)
      .reduce((before, { split }) => before + fen(split.guarantor) + fen(split.fiscal) + fen(split.re_guarantor), 0n)
    const [whole, compensated] = [liability(given), covered - back]
    const cap = whole * micro(p.breaker_cap_pct ?? 0) / 100_000_000n
    const released = liability(given.filter(({ released_on }) => released_on !== null && released_on <= period.as_of))
    const state = compensated >= cap ? 'TRIPPED' : compensated * 100_000_000n >= cap * micro(p.breaker_warning_share_pct ?? 0) ? 'WARNING' : 'NORMAL'
    return {
      group: 'ALL', guarantor_no, bank_no, vintage_year: Number(year), state, enterprises: distinct(given, each => each.borrower_uscc), liability: yuan(whole), cap: yuan(cap),
      compensated: yuan(compensated), vintage_rate_pct: cutPct(compensated, whole), compensation_rate_pct: released === 0n ? null : cutPct(covered, released)
    }
  })
}

function averageGuaranteeFee (facts: Facts, period: Period): Figures[] {
  const ceiling = micro(facts.linkage.parameters.average_guarantee_fee_max_pct ?? 0)
  const focus = fen(String(facts.linkage.parameters.focus_guaranteed_amount_max))
  return facts.participants.filter(({ role }) => role === 'GUARANTOR').map(({ participant_no, name }): Figures => {
    const own = facts.guarantees.filter(({ of, start_date }) => of === participant_no && within(start_date, period))
    const principal = sum(own, each => each.guaranteed_principal)
    // Σ fees × 12 ÷ months over one denominator
    const months = own.reduce((product, { term_months }) => product * BigInt(term_months), 1n)
    const fees = own.reduce((before, each) => before + (fen(each.guarantee_fee_total) + fen(each.other_fees_total ?? '0.00')) * 12n * months / BigInt(each.term_months), 0n)
    const rate = [fees * 100n, principal * months] as const
    const households = [...Map.groupBy(own, each => each.borrower_uscc).values()].map(all => sum(all, each => each.guaranteed_principal))
    const focused = households.filter(each => each <= focus).reduce((before, each) => before + each, 0n)
    return {
      group: 'GUARANTOR', guarantor_no: participant_no, guarantor: name, guarantees: own.length, enterprises: distinct(own, each => each.borrower_uscc), guaranteed_amount: yuan(principal),
      average_fee_rate_pct: principal === 0n ? null : fixed(rounded(rate[0] * 10_000n, rate[1]), 4), ceiling_pct: fixed(ceiling / 100n, 4),
      within_ceiling: principal === 0n ? null : rate[0] * 1_000_000n <= ceiling * rate[1],
      focus_amount_max: yuan(focus), focus_pct: principal === 0n ? null : fixed(rounded(focused * 10_000n, principal), 2)
    }
  })
}

function supplyChainReward (facts: Facts, period: Period): Figures[] {
  const { parameters: p, effective_to } = facts.loan
  const core_of = new Map(facts.contracts.map(each => [`${each.of} ${each.loan_contract_no}`, each.core_enterprise_uscc]))
  const counted = facts.drawdowns.filter(({ disbursed_date }) => disbursed_date >= facts.first_loan_day && disbursed_date < period.to && (effective_to === null || disbursed_date <= effective_to))
  const earned = (promoted: bigint): bigint => {
    const [whole, ceiling] = [rounded(promoted * micro(p.reward_share_pct ?? 0), 100_000_000n), fen(String(p.reward_ceiling))]
    return whole < ceiling ? whole : ceiling
  }
  const rows = [...Map.groupBy(counted, ({ of, loan_contract_no }) => core_of.get(`${of} ${loan_contract_no}`) ?? '')].filter(([core]) => core !== '').map(([core, all]) => {
    const now = all.filter(({ disbursed_date }) => disbursed_date >= period.from)
    const before = sum(all.filter(({ disbursed_date }) => disbursed_date < period.from), ({ amount }) => amount)
    const promoted = sum(now, ({ amount }) => amount)
    return { core, now, promoted, reward: earned(before + promoted) - earned(before) }
  }).filter(({ now }) => now.length > 0)
  const row = (kind: string, core: string | null, some: typeof rows): Figures => ({
    group: kind, row_kind: kind, core_enterprise_uscc: core, core_enterprises: some.length, borrowers: distinct(some.flatMap(({ now }) => now), each => each.borrower_uscc),
    promoted_amount: yuan(some.reduce((before, each) => before + each.promoted, 0n)), reward: yuan(some.reduce((before, each) => before + each.reward, 0n))
  })
  return rows.length === 0 ? [] : [row('ALL', null, rows), ...rows.map(each => row('CORE_ENTERPRISE', each.core, [each]))]
}

/** How each report is made again, and which columns tell its rows apart. */
const REPORTS: Readonly<Record<string, { make (facts: Facts, period: Period): Figures[], keys: string[], own: Readonly<Record<string, string>> }>> = {
  'institution-ranking': { make: institutionRanking, keys: ['institution_no'], own: { BANK: 'institution_no', LESSOR: 'institution_no' } },
  'three-one-clock': { make: threeOneClock, keys: ['institution_no'], own: { BANK: 'institution_no', LESSOR: 'institution_no', GUARANTOR: 'institution_no' } },
  'subsidy-progress': { make: subsidyProgress, keys: ['row_kind', 'year', 'fund_source', 'kind'], own: {} },
  'park-performance': { make: parkPerformance, keys: ['park_no'], own: { PARK: 'park_no' } },
  'guarantee-breaker': { make: guaranteeBreaker, keys: ['guarantor_no', 'bank_no', 'vintage_year'], own: {} },
  'average-guarantee-fee': { make: averageGuaranteeFee, keys: ['guarantor_no'], own: {} },
  'supply-chain-reward': { make: supplyChainReward, keys: ['row_kind', 'core_enterprise_uscc'], own: {} },
  'fund-performance': { make: fundPerformance, keys: ['kind'], own: {} },
  'district-ledger': { make: districtLedger, keys: ['region_code'], own: { DISTRICT_MEIC: 'region_code' } }
}
/** A name of a code, no figure. */
const labels: ReadonlySet<string> = new Set(['district'])

/** Computes all reports of a period again. @param read how a participant's machine reads a path; errors for what it may not */
export async function rederiveReports (read: Read, from: string, to: string): Promise<Outcome> {
  const facts = await gather(read, to)
  const outcome: Outcome = { reports: 0, figures: 0, differences: [] }
  const say = (where: string, stated: unknown, computed: unknown): void => {
    outcome.figures++
    if (stated !== computed) outcome.differences.push(`${where}: ${JSON.stringify(stated)}, computed again ${JSON.stringify(computed)}`)
  }
  const compare = (where: string, report: ReportBody, rows: readonly Figures[], keys: readonly string[]): void => {
    const keyOf = (row: Figures): string => keys.map(key => row[key]).join(' ')
    const own = new Map(rows.map(row => [keyOf(row), row]))
    say(`${where} rows`, report.rows.map(row => keyOf(row)).sort().join(', '), [...own.keys()].sort().join(', '))
    for (const row of report.rows) {
      for (const { column } of report.definitions.filter(each => !labels.has(each.column))) {
        const computed = own.get(keyOf(row))?.[column]
        say(`${where} ${keyOf(row)} ${column}`, row[column], row.suppressed_columns.includes(column) && computed !== undefined ? null : computed)
      }
    }
  }
  for (const [name, { make, keys, own }] of Object.entries(REPORTS)) {
    const path = `/v1/reports/${name}?from=${from}&to=${to}`
    const report = await read<ReportBody>('meic', path)
    const rows = make(facts, report.period)
    compare(name, report, rows, keys)
    for (const { group, ...totals } of report.totals) {
      for (const [column, stated] of Object.entries(totals)) {
        const values = rows.filter(row => row.group === group).map(row => row[column] ?? null).filter(value => value !== null)
        const total = typeof values[0] === 'string' ? yuan(values.reduce((before: bigint, value) => before + fen(String(value)), 0n)) : values.reduce((before: number, value) => before + Number(value), 0)
        say(`${name} total ${group} ${column}`, stated, values.length === 0 ? null : total)
      }
    }
    for (const { participant_no, role, region_code } of facts.participants) {
      const column = own[role]
      if (column === undefined) continue
      const mine = column === 'region_code' ? region_code : participant_no
      compare(`${name} as ${participant_no}`, await read<ReportBody>(participant_no, path), rows.filter(row => row[column] === mine), keys)
    }
    outcome.reports++
  }
  return outcome
}

if (import.meta.main) {
  const [base_url = '', sandbox = '', from = '', to = ''] = process.argv.slice(2)
  const { participants } = JSON.parse(readFileSync(sandbox, 'utf8')) as { participants: { participant_no: string, api_key: string }[] }
  const key_of = new Map(participants.map(({ participant_no, api_key }) => [participant_no, api_key]))
  const { reports, figures, differences } = await rederiveReports(async <T>(who: string, path: string): Promise<T> => {
    const get = (place: string) => fetch(base_url + place, { headers: { authorization: `Bearer ${key_of.get(who)}` } })
    let answer = await get(path)
    const place = answer.headers.get('location') ?? path
    while (answer.status === 202) {
      await setTimeout(1000)
      answer = await get(place)
    }
    if (!answer.ok) throw new Error(`${who} GET ${path}: ${answer.status} ${await answer.text()}`)
    return await answer.json() as T
  }, from, to)
  for (const difference of differences) console.log(`wrong: ${difference}`)
  console.log(`${reports} reports, ${figures} figures computed again, ${differences.length} differences`)
  process.exitCode = differences.length > 0 ? 1 : 0
}
