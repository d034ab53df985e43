/** Brings the lines of an enterprise project in step with its accepted vouchers, in one unit that owns the project's row. */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import type { Db, ReadSql, WriteSql } from '../../db/db.ts'
import { append, the_hub } from '../../journal/events.ts'
import { findEnterprise } from '../../intake/enterprises/store.ts'
import { clearMark, dueMarks, mark, SUBSIDY_KINDS, type SubsidyKind } from '../../lending/marks.ts'
import { countsAllProjects, leasesUseLoanCeiling } from '../../policy/ceilings.ts'
import { blocking } from '../../policy/eligibility.ts'
import { yuanOf } from '../../policy/money.ts'
import { settlementPeriodOf } from '../../policy/period.ts'
import type { PolicyVersion } from '../../policy/terms.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { ownersOf } from '../audience.ts'
import { countDraft, draftFor } from '../packets/drafts.ts'
import { ceilingPlace, type VoucherClaim } from './claims.ts'
import { allot, type Allotment, type Cut, type Frozen } from './derivation.ts'
import { acceptedClaims, heldChains, projectFacts, type ProjectFacts } from './sources.ts'
import {
  derivationsOf, derivedProjects, insertLine, judgeLine, keepGranted, liveLines, moveLines, ownDerivation, placeLine, staleDerivations, type Block,
    type ProjectYear, type SubsidyLine
} from './store.ts'

export const marks_per_step = 50

/** Whose lines are derived together. `project_code` null: over all projects of the enterprise. */
export interface Owner { kind: SubsidyKind, uscc: string, project_code: string | null }

/** What a claw-back is asked for: the chain's last frozen line and how much of it is no longer due. */
export interface Overpaid { of: Owner, chain: string, line: SubsidyLine | null, open_fen: number,
  reason: 'VOUCHER_WITHDRAWN' | 'VOUCHER_CORRECTED' }

/** What derived claw-backs ask back of a chain, what of it was taken back already, and whether one is open; what persons decided to take back besides. */
export interface Clawed { clawed_fen: number, settled_fen: number, is_open: boolean, decided_fen: number }

/** The claw-backs of the payment floor, handed in by app.ts. */
export interface ClawbackLedger {
  /** of chains that claw-backs are about */
  of (sql: ReadSql, of: Owner, chains: readonly string[]): Promise<Map<string, Clawed>>
  /** Makes the open derived claw-back of a chain equal `open_fen`; zero closes it. */
  keep (sql: WriteSql, now: string, overpaid: Overpaid): Promise<void>
}

/**
 * One step of the loop. A project that cannot be derived holds up no other.
 *
 * @returns how many projects were derived
 * Errors: the first failure, after the others were derived
 */
export async function deriveDue (db: Db, ledger: ClawbackLedger): Promise<number> {
  const due = await dueMarks(db.read, marks_per_step)
  const failures: unknown[] = []
  for (const { uscc, project_code, kind, mark: seen } of due) {
    await db.write(async (sql, now) => {
      await derive(sql, now, ledger, uscc, project_code, kind)
      await clearMark(sql, uscc, project_code, kind, seen)
    }).catch((error: unknown) => { failures.push(error) })
  }
  if (failures.length > 0) throw failures[0]
  return due.length
}

/** Asks for everything to be derived again that a change of a project concerns: its facts decide whether lines are payable. */
export async function markProject (sql: WriteSql, now: string, owner_uscc: string, project_code: string): Promise<void> {
  for (const derivation of await derivationsOf(sql, owner_uscc, project_code)) await mark(sql, now, owner_uscc, derivation.project_code,
    derivation.kind)
}

function markOf (policies: readonly PolicyVersion[]): string {
  return digestOf(policies.map(({ policy_code, version, effective_from, effective_to }) => [policy_code, version, effective_from,
    effective_to]))
}

/** One step of the loop that looks for what nobody marks: another policy in force, facts that an enterprise was blocked for. */
export async function markStale (db: Db): Promise<number> {
  const stale = await staleDerivations(db.read, markOf(await policiesIn(db.read)), marks_per_step)
  if (stale.length > 0) {
    await db.write(async (sql, now) => {
      for (const { uscc, project_code, kind } of stale) await mark(sql, now, uscc, project_code, kind)
    })
  }
  return stale.length
}

/** Premiums have ceilings per product or enterprise, so they are derived over all projects of the enterprise. */
const ownerOf = (kind: SubsidyKind, uscc: string, project_code: string): Owner => ({ kind, uscc, project_code: kind === 'PREMIUM' ? null : project_code })

/**
 * Whose lines use up common ceilings with those of an owner: mostly nobody's. Where a version counts all projects of an enterprise
 * or leases with loans, they are derived together; which ceiling a voucher uses up its own paid date decides. In a fixed order.
 */
async function derivedTogether (sql: ReadSql, owner: Owner, policies: readonly PolicyVersion[]): Promise<Owner[]> {
  const { kind, uscc, project_code } = owner
  if (project_code === null) return [owner]
  const versions = policies.filter(({ policy_code }) => policy_code === 'TECH_RENO_LOAN')
  const kinds: SubsidyKind[] = kind !== 'GUARANTEE_FEE' && versions.some(leasesUseLoanCeiling) ? ['LEASE', 'LOAN_INTEREST'] : [kind]
  const projects = versions.some(countsAllProjects) ? new Set(['', project_code, ...await derivedProjects(sql, uscc, kinds)]) : [project_code]
  return [...projects].sort().flatMap(project => kinds.map(each => ownerOf(each, uscc, project)))
}

/** Derives the lines of an enterprise project anew, with those that share ceilings with it. */
export async function derive (sql: WriteSql, now: string, ledger: ClawbackLedger, uscc: string, project_code: string,
  kind: SubsidyKind): Promise<void> {
  if (!SUBSIDY_KINDS.includes(kind)) throw new Error(`no kind of subsidy: ${kind}`)
  const policies = await policiesIn(sql)
  const owners = await derivedTogether(sql, ownerOf(kind, uscc, project_code), policies)
  const rows = owners.map(owner => ({ ...owner, project_code: owner.project_code ?? '' }))
  const enterprise_version = (await findEnterprise(sql, uscc))?.version ?? 0
  for (const row of rows) await ownDerivation(sql, now, row, markOf(policies), enterprise_version)
  const parts: Part[] = []
  for (const owner of owners) parts.push(await partOf(sql, ledger, policies, owner))
  const allotments = allot(parts.flatMap(({ claims }) => claims), new Map(parts.flatMap(({ frozen }) => [...frozen])))
  await keepGranted(sql, now, rows, grantedRows(uscc, allotments))
  const facts = new Map<string, ProjectFacts>()
  for (const part of parts) {
    const own = new Set([...part.claims.map(({ chain }) => chain), ...part.frozen.keys()])
    await keepPart(sql, now, ledger, part, allotments.filter(({ chain }) => own.has(chain)), policies, facts)
  }
}

/** What one owner brings: its claims, its lines so far, and what of them is frozen, by chain. */
interface Part {
  owner: Owner
  claims: VoucherClaim[]
  lines: SubsidyLine[]
  frozen: Map<string, Frozen>
  clawbacks: Map<string, Clawed>
}

/** A correction that moved to another project keeps its chain: as chains of two owners they are two. */
const chainIn = ({ kind, project_code }: Owner, chain: string): string => `${kind}/${project_code ?? ''}/${chain}`

async function partOf (sql: ReadSql, ledger: ClawbackLedger, policies: readonly PolicyVersion[], owner: Owner): Promise<Part> {
  const { kind, uscc, project_code } = owner
  const claims = (await acceptedClaims(sql, policies, uscc, project_code, kind)).map(claim => Object.assign(claim, { chain: chainIn(owner, claim.chain) }))
  const lines = await liveLines(sql, uscc, project_code, kind)
  const clawbacks = await ledger.of(sql, owner, [...new Set(lines.map(({ chain }) => chain))])
  const frozen = frozenOf(lines, clawbacks)
  const claimed = new Set(claims.map(({ chain }) => chain))
  const without = [...frozen].filter(([chain]) => !claimed.has(chainIn(owner, chain)))
  const waiting = without.length === 0 ? new Set<string>() : await heldChains(sql, uscc, project_code, kind)
  for (const [chain, held] of without) if (waiting.has(chain)) held.suspended = lines.findLast(line => line.chain === chain && line.status === 'FROZEN')?.uses ?? []
  return {
    owner, lines, claims, clawbacks,
    frozen: new Map([...frozen].map(([chain, held]) => [chainIn(owner, chain), held]))
  }
}

/** Brings the lines of one owner in step with what its chains are due. */
async function keepPart (sql: WriteSql, now: string, ledger: ClawbackLedger, { owner, lines, clawbacks }: Part,
  allotments: readonly Allotment<VoucherClaim>[], policies: readonly PolicyVersion[], facts: Map<string, ProjectFacts>): Promise<void> {
  const { kind, uscc, project_code } = owner
  for (const allotment of allotments) {
    const chain = allotment.chain.slice(chainIn(owner, '').length)
    const of_chain = lines.filter(line => line.chain === chain)
    const last_frozen = of_chain.findLast(line => line.status === 'FROZEN')
    const open = of_chain.find(line => line.status !== 'FROZEN')
    await bringInStep(sql, now, { allotment, open, last_frozen, policies, facts })
    // What persons take back comes back already: both together never ask for more than there is.
    const left_fen = Math.max(allotment.target_fen, clawbacks.get(chain)?.decided_fen ?? 0)
    const open_fen = last_frozen === undefined ? 0 : Math.max(0, allotment.frozen_fen - left_fen)
    if (open_fen > 0 || clawbacks.get(chain)?.is_open === true) {
      await ledger.keep(sql, now, { of: owner, chain, line: last_frozen ?? null, open_fen, reason: allotment.claim === null
        ? 'VOUCHER_WITHDRAWN' : 'VOUCHER_CORRECTED' })
    }
  }
  const derived = new Set(allotments.map(({ chain }) => chain))
  for (const line of lines) {
    const { chain } = line
    if (derived.has(chainIn(owner, chain))) continue
    await supersede(sql, now, line)
    // Its packet came back: nothing of it is frozen any more, so nothing is overpaid.
    if (clawbacks.get(chain)?.is_open === true) {
      await ledger.keep(sql, now, { of: owner, chain, line: null, open_fen: 0, reason: 'VOUCHER_WITHDRAWN' })
    }
  }
  const after = await liveLines(sql, uscc, project_code, kind)
  for (const packet_no of new Set([...lines, ...after].map(line => line.packet_no))) if (packet_no !== null) await countDraft(sql, now,
    packet_no)
}

/** Sums of the frozen lines of every chain, with what audits cut of them and claw-backs ask back. */
function frozenOf (lines: readonly SubsidyLine[], clawbacks: ReadonlyMap<string, Clawed>): Map<string, Frozen & { cuts: Cut[] }> {
  const found = new Map<string, Frozen & { cuts: Cut[] }>()
  for (const { chain, status, line_no, granted_fen, amount_fen, recognised_fen } of lines) {
    if (status !== 'FROZEN') continue
    const { clawed_fen, settled_fen } = clawbacks.get(chain) ?? { clawed_fen: 0, settled_fen: 0 }
    const held = found.get(chain) ?? { recognised_fen: 0, clawed_fen, settled_fen, since: line_no, cuts: [] }
    held.recognised_fen += recognised_fen ?? amount_fen
    held.cuts.push({ granted_fen, cut_fen: amount_fen - (recognised_fen ?? amount_fen) })
    found.set(chain, held)
  }
  return found
}

type GrantedRow = Omit<ProjectYear, 'updated_at'>

function grantedRows (uscc: string, allotments: readonly Allotment<VoucherClaim>[]): GrantedRow[] {
  const rows = new Map<string, GrantedRow>()
  for (const { scope, year, amount_fen, cap_fen } of allotments.flatMap(({ uses }) => uses)) {
    const key = `${year}|${scope}`
    const row = rows.get(key) ?? { uscc, ...ceilingPlace(scope), year, granted_fen: 0, cap_fen }
    rows.set(key, { ...row, granted_fen: row.granted_fen + amount_fen, cap_fen: Math.max(row.cap_fen, cap_fen) })
  }
  return [...rows.values()]
}

interface Step {
  allotment: Allotment<VoucherClaim>
  open: SubsidyLine | undefined
  last_frozen: SubsidyLine | undefined
  policies: readonly PolicyVersion[]
  facts: Map<string, ProjectFacts>
}

/** The open line of a chain becomes what is due beyond the frozen ones; without frozen ones there is a line even of nothing. */
async function bringInStep (sql: WriteSql, now: string, { allotment, open, last_frozen, policies, facts }: Step): Promise<void> {
  const wanted = lineOf(now, allotment, last_frozen)
  if (wanted === null) {
    if (open !== undefined) await supersede(sql, now, open)
    return
  }
  const blocked_by = await blocksOf(sql, wanted, policies, facts)
  const status = blocked_by.length > 0 ? 'BLOCKED' : 'OPEN'
  if (open !== undefined && open.content_digest === wanted.content_digest) {
    const unchanged = open.status === status && digestOf(open.blocked_by) === digestOf(blocked_by)
    if (!unchanged) await judgeLine(sql, now, open.line_no, status, blocked_by)
    if (open.packet_no === null) await placeLine(sql, now, open.line_no, await draftFor(sql, now, open))
    return
  }
  if (open !== undefined) await supersede(sql, now, open)
  const packet_no = await draftFor(sql, now, wanted)
  await insertLine(sql, { ...wanted, status, blocked_by, packet_no })
  await append(sql, now, {
    type: 'subsidy_line.derived', subject: wanted.line_no, actor: the_hub, audience: await ownersOf(sql, wanted.participant_no,
      wanted.uscc),
    authorization_no: wanted.authorization_no, data: { kind: wanted.kind, voucher_no: wanted.voucher_no, packet_no, status,
      supplement_of: wanted.supplement_of }
  })
}

function lineOf (now: string, { claim, granted, target_fen, frozen_fen, settled_fen, uses }: Allotment<VoucherClaim>,
  last_frozen: SubsidyLine | undefined): SubsidyLine | null {
  if (claim === null || granted === null) return null
  const amount_fen = last_frozen === undefined ? target_fen : target_fen - frozen_fen
  if (last_frozen !== undefined && amount_fen <= 0) return null
  const { voucher } = claim
  const supplement_of = last_frozen?.line_no ?? null
  const trace = supplement_of === null ? [...granted.trace] : [...granted.trace, ...target_fen === granted.amount_fen ? [] : [{
    rule_id: 'AUDIT_CUT', clause: 'Less what the audit of an earlier packet did not recognise', clause_zh: '扣除此前资料包审核核减的金额',
    before: yuanOf(granted.amount_fen), after: yuanOf(target_fen)
  }], {
    rule_id: 'SUPPLEMENT', clause: 'Less what the packets submitted before hold of the same voucher', clause_zh: '扣除此前已报送资料包中同一凭证的金额',
    before: yuanOf(target_fen), after: yuanOf(amount_fen)
  }]
  const content = {
    kind: voucher.kind, participant_no: voucher.participant_no, payee_kind: voucher.payee_kind, payee_uscc: voucher.payee_uscc,
      uscc: voucher.uscc,
    project_code: voucher.project_code, year: granted.year, period: settlementPeriodOf(voucher.paid_date), chain: voucher.chain,
      voucher_number: voucher.number,
    voucher_no: voucher.voucher_no, contract_no: voucher.contract_no, paid_date: voucher.paid_date, order_key: claim.order_key,
    eligible_interest_fen: granted.eligible_interest_fen, formula_fen: granted.formula_fen, granted_fen: granted.amount_fen, amount_fen, uses, trace,
      policy_code: granted.policy_code,
    policy_version: granted.policy_version, supplement_of, authorization_no: voucher.authorization_no, document_nos: voucher.document_nos,
      facts: supplement_of === null ? voucher.facts : { ...voucher.facts, taken_back: yuanOf(settled_fen) }
  }
  return {
    ...content, line_no: newNo('line'), status: 'OPEN', blocked_by: [], packet_no: null, recognised_fen: null,
      content_digest: digestOf(content),
    version: 1, created_at: now, updated_at: now
  }
}

/** E-01, E-03, E-04 have to be PASS before a line is payable; a premium without a project has only its enterprise to be judged. */
async function blocksOf (sql: ReadSql, line: SubsidyLine, policies: readonly PolicyVersion[], known: Map<string,
  ProjectFacts>): Promise<Block[]> {
  let facts = known.get(line.project_code)
  if (facts === undefined) known.set(line.project_code, facts = await projectFacts(sql, line.uscc, line.project_code))
  return blocking({ ...facts, on: line.paid_date }, policies)
    .filter(({ rule_id }) => rule_id === 'E-01' || line.project_code !== '')
    .map(({ rule_id, finding }) => ({
      rule_id, code: finding?.code ?? 'FACT_MISSING', message: finding?.message ?? 'Cannot be judged yet',
        message_zh: finding?.message_zh ?? '尚无法判断'
    }))
}

async function supersede (sql: WriteSql, now: string, line: SubsidyLine): Promise<void> {
  if (line.status === 'FROZEN' || (await moveLines(sql, now, [line.line_no], line.status, 'SUPERSEDED')).length === 0) return
  await append(sql, now, {
    type: 'subsidy_line.superseded', subject: line.line_no, actor: the_hub, audience: await ownersOf(sql, line.participant_no, line.uscc),
    authorization_no: line.authorization_no, data: { kind: line.kind, voucher_no: line.voucher_no }
  })
}
