/**
 * Who gets a need, and why the others do not. Pure.
 * Source: S1 四(二)(三)3 and last paragraph (enterprises outside parks); S2 (三) lessors; S2 (十五) other platforms.
 */
import { coveringOf } from '../../intake/authorizations/service.ts'
import type { RecipientClass, Scope } from '../../intake/authorizations/kinds.ts'
import type { Authorization } from '../../intake/authorizations/store.ts'
import type { Need } from '../../intake/financing-needs/store.ts'
import type { Participant } from '../../registry/participants/store.ts'
import type { Facts } from './facts.ts'
import type { Outcome, RecipientKind } from './kinds.ts'
import type { Reason } from './store.ts'

export interface Decision {
  participant_no: string
  recipient_kind: RecipientKind
  outcome: Outcome
  reason: Reason
  /** the live authorization, when it is pushed */
  authorization: Authorization | null
}

const classes: Readonly<Record<RecipientKind, RecipientClass | undefined>> = {
  BANK: 'PAIRED_BANK', GUARANTOR: 'PAIRED_GUARANTOR', LESSOR: 'LESSOR', PARTNER_PLATFORM: undefined
}
/** Without this scope nothing is pushed at all. */
const needed_scopes: readonly Scope[] = ['FINANCING_NEED']

const reasons = {
  preferred: because('PREFERRED', 'Paired with the park by a consortium in force, and preferred by the enterprise', '与该园区结对，联合体在有效期内，且为企业意向银行'),
  preferred_cooperating: because('PREFERRED', 'In reach of the enterprise anyhow, and preferred by it', '在可对接范围内，且为企业意向银行'),
  paired: because('PAIRED', 'Paired with the park by a consortium in force', '与该园区结对，联合体在有效期内'),
  cooperating: because('COOPERATING', 'Cooperating institution, for an enterprise outside the parks', '合作金融机构，对接园区外企业'),
  nearest: because('NEAREST_PARK', 'Paired with the park nearest to the enterprise', '与企业就近园区结对'),
  lease: because('LEASE_WANTED', 'The enterprise also asks for direct leasing', '企业同时有直租需求'),
  named: because('NAMED', 'Named in the authorization', '授权书中指定的接收方'),
  no_guarantee: because('GUARANTEE_NOT_WANTED', 'The enterprise does not ask for a guarantee', '企业未提出担保需求'),
  MISSING: because('AUTHORIZATION_MISSING', 'The enterprise has given no authorization', '企业尚未授权'),
  NOT_ACTIVE: because('AUTHORIZATION_NOT_ACTIVE', 'No authorization of the enterprise is active today', '企业授权今日未生效、已到期或已撤回'),
  SCOPE_INSUFFICIENT: because('SCOPE_INSUFFICIENT', 'No active authorization names this class of recipients together with the financing need', '有效授权未同时包含该类接收方与融资需求范围'),
  purpose: because('PURPOSE_INSUFFICIENT', 'The authorization does not name financing matching as a purpose', '授权目的未包含融资对接')
} as const

/** What an institution is told that was never considered. */
export const not_paired: Reason = because('NOT_PAIRED', 'Not paired with the park of this need on the day it was matched', '匹配当日未与该需求所属园区结对')

function because (code: string, reason: string, reason_zh: string): Reason {
  return { code, reason, reason_zh }
}

/** Everybody considered for a need, with the outcome. */
export function decide (need: Need, facts: Facts, day: string): Decision[] {
  const given = facts.authorizations.get(need.uscc) ?? []
  // The need's own authorization counts first; others of the enterprise may name further classes.
  const candidates = [...given].sort((a, b) => Number(b.authorization_no === need.authorization_no) - Number(a.authorization_no === need.authorization_no))
  const serving = candidates.filter(serves)
  return considered(need, facts, candidates).map(({ participant: { participant_no }, kind: recipient_kind, reason }): Decision => {
    if (recipient_kind === 'GUARANTOR' && !need.wants_guarantee) {
      return { participant_no, recipient_kind, outcome: 'NOT_WANTED', reason: reasons.no_guarantee, authorization: null }
    }
    const recipient_class = classes[recipient_kind]
    const wanted = { day, recipient_no: participant_no, scopes: needed_scopes, ...(recipient_class === undefined ? {} : { recipient_class }) }
    const covering = coveringOf(serving, wanted)
    if (covering.found !== null) return { participant_no, recipient_kind, outcome: 'PUSHED', reason, authorization: covering.found }
    const only_purpose = coveringOf(candidates, wanted)
    const outcome = only_purpose.found === null && only_purpose.reason === 'SCOPE_INSUFFICIENT' ? 'SCOPE_INSUFFICIENT' : 'NOT_AUTHORISED'
    return {
      participant_no, recipient_kind, outcome, reason: only_purpose.found === null ? reasons[only_purpose.reason] : reasons.purpose, authorization: null
    }
  })
}

function serves ({ purposes }: Authorization): boolean {
  return purposes.includes('FINANCING_MATCHING')
}

/** The banks that the enterprise prefers come first and are told so; who is not considered anyhow is not reached by it. */
function preferredFirst (found: Considered[], { wishes }: Need): void {
  const preferred = new Set(wishes?.preferred_banks ?? [])
  if (preferred.size === 0) return
  for (const one of found) {
    if (one.kind === 'BANK' && preferred.has(one.participant.participant_no)) one.reason = one.reason === reasons.paired ? reasons.preferred : reasons.preferred_cooperating
  }
  found.sort((a, b) => Number(b.reason.code === 'PREFERRED') - Number(a.reason.code === 'PREFERRED'))
}

interface Considered { participant: Participant, kind: RecipientKind, reason: Reason }

function considered (need: Need, { institutions, paired, parks, enterprises, senders }: Facts, given: readonly Authorization[]): Considered[] {
  const found: Considered[] = []
  const add = (kind: RecipientKind, reason: Reason, fits: (participant: Participant) => boolean): void => {
    for (const participant of institutions[kind]) if (fits(participant)) found.push({ participant, kind, reason })
  }
  if (need.park_no !== null) {
    const members = paired.get(need.park_no)
    for (const kind of ['BANK', 'GUARANTOR'] as const) add(kind, reasons.paired, ({ participant_no }) => members?.has(participant_no) === true)
  } else {
    const near = nearestPark(need.region_code ?? enterprises.get(need.uscc)?.region_code ?? null, parks)
    const members = near === null ? undefined : paired.get(near)
    for (const kind of ['BANK', 'GUARANTOR'] as const) {
      if (institutions[kind].some(({ is_cooperating }) => is_cooperating)) add(kind, reasons.cooperating, ({ is_cooperating }) => is_cooperating)
      else add(kind, reasons.nearest, ({ participant_no }) => members?.has(participant_no) === true)
    }
  }
  if (need.wants_lease) add('LESSOR', reasons.lease, () => true)
  preferredFirst(found, need)
  const named = new Set(given.flatMap(({ recipients }) => recipients))
  const from = senders.get(need.need_no) ?? []
  add('PARTNER_PLATFORM', reasons.named, ({ participant_no }) => named.has(participant_no) && !from.includes(participant_no))
  return found
}

/** The park of the same district, the first by number where there are several. */
function nearestPark (region_code: string | null, parks: readonly Participant[]): string | null {
  return region_code === null ? null : parks.find(park => park.region_code === region_code)?.participant_no ?? null
}
