/** Needs for the tests of matching: an enterprise, its authorization, its need, placed as intake places them. */
import { newNo } from '../../src/clock.ts'
import { digestOf } from '../../src/db/canonical.ts'
import { keepAuthorizations } from '../../src/intake/authorizations/service.ts'
import { plain_authorization, type Authorization } from '../../src/intake/authorizations/store.ts'
import { upsertEnterprise, type EnterpriseFacts } from '../../src/intake/enterprises/store.ts'
import { placeNeeds, type Placing } from '../../src/intake/financing-needs/placing.ts'
import { findNeed } from '../../src/intake/financing-needs/store.ts'
import { withUsccCheckDigit } from './uscc.ts'
import type { Built } from '../helper.ts'

export interface Given { need_no: string, authorization_no: string, uscc: string }
export interface Wanted {
  uscc?: string
  sender?: string
  need?: Partial<Placing>
  authorization?: Partial<Authorization>
  enterprise?: Partial<EnterpriseFacts>
}

let serial = 0

/** A made-up uscc with a right check digit. */
export function nextUscc (): string {
  serial++
  return withUsccCheckDigit(`91500157MATT${String(serial).padStart(5, '0')}`)
}

/** A need of park-1 under an authorization as a park list makes it; override what the test is about. */
export async function givenNeed (hub: Built, wanted: Wanted = {}): Promise<Given> {
  const uscc = wanted.uscc ?? nextUscc()
  const sender = wanted.sender ?? 'park-1'
  const authorization_no = newNo('auth')
  const need_no = newNo('need')
  const actor = { participant_no: sender, user_no: null }
  return hub.db.write(async (sql, now) => {
    await upsertEnterprise(sql, now, sender, false, {
      uscc, name: '重庆试验机械有限公司（虚构）', region_code: '500157', industry_code: 'C3670', size_class: 'SMALL', employees: 80, revenue_fen: 5_000_000_000,
      tags: [{ tag: 'HIGH_TECH', basis: 'CERTIFICATE', certificate_no: 'GR0001', valid_from: '2025-01-01', valid_to: '2028-01-01', source: sender }],
      contact_name: '示范联系人', contact_phone: '13800000000', ...wanted.enterprise
    })
    await keepAuthorizations(sql, now, [{
      authorization_no, grantor_uscc: uscc, grantor_name: '重庆试验机械有限公司（虚构）', signer_name: null, signer_role: null, collector_no: sender,
      recipients: ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'AUDITOR', 'FISCAL'], scopes: ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED'],
      purposes: ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT'], covers_history_from: null, valid_from: '2026-01-01', valid_to: '2029-01-01', method: 'PARK_DECLARED',
      evidence_digest: null, document_no: null, template_version: null, ...plain_authorization, status: 'ACTIVE', withdrawn_at: null, withdrawal_reason: null, list_no: null,
      version: 1, created_at: now, updated_at: now, ...wanted.authorization
    }], actor)
    const [placed] = await placeNeeds(sql, now, [{
      need_no, participant_no: sender, source: 'PARK_BATCH', park_no: 'park-1', uscc, reference: null, project_code: '2606-500157-07-02-100001',
      project_name: '精密加工产线技术改造（虚构）', region_code: null, amount_fen: 500_000_000, term_months: 36, purpose_code: 'EQUIPMENT_PURCHASE',
      purpose_text: '数控机床设备更新', demand_date: '2026-05-01', wants_guarantee: true, wants_lease: false, is_green_loan: false, unknown_rules: ['E-07'],
      fast_track: 'EQUIPMENT_ONLY', wishes: null, remarks: null, tags: '|HIGH_TECH|', authorization_no, list_no: null, row_id: null, content_digest: digestOf(need_no), ...wanted.need
    }], actor)
    return { need_no: placed?.need_no ?? need_no, authorization_no, uscc }
  })
}

export async function needStatus (hub: Built, need_no: string): Promise<string | undefined> {
  return (await findNeed(hub.db.read, need_no))?.status
}

export interface LeadView { [field: string]: unknown, lead_no: string, need_no: string, status: string, digest: string, disclosure: Record<string, unknown>, sla: Record<string, { due_date: string, due_at: string, done_at: string | null, overdue: boolean, gross_ms: number | null, net_ms: number | null }> }

/** Leads of an institution as its inbox shows them. */
export async function inbox (hub: Built, participant_no: string, query = ''): Promise<LeadView[]> {
  const answer = await hub.as(participant_no).get(`/v1/leads${query}`)
  if (answer.statusCode !== 200) throw new Error(answer.body)
  return (answer.json() as { items: LeadView[] }).items
}

/** The lead of an institution for a need. */
export async function leadFor (hub: Built, participant_no: string, need_no: string): Promise<LeadView> {
  const lead = (await inbox(hub, participant_no, '?limit=200')).find(each => each.need_no === need_no)
  if (lead === undefined) throw new Error(`${participant_no} has no lead for ${need_no}`)
  return lead
}

/** Types of the events in a participant's feed about one subject. */
export async function heard (hub: Built, participant_no: string, subject: string): Promise<string[]> {
  await hub.loops.settle()
  const { items } = (await hub.as(participant_no).get('/v1/events?limit=200')).json() as { items: { type: string, subject: string }[] }
  return items.filter(item => item.subject === subject).map(({ type }) => type)
}
