/**
 * The sandbox: invented participants, persons, keys and consortia, written to sandbox.json (mode 0600).
 */
import { newSecret } from '../../clock.ts'
import type { Db, WriteSql } from '../../db/db.ts'
import type { Duty, Role } from '../../http/access.ts'
import { insertConsortium, newConsortium } from '../consortia/store.ts'
import { hashSecret } from './service.ts'
import { insertClient } from './access-store.ts'
import { insertCredential, insertParticipant, insertUser, listParticipants } from './store.ts'

interface Seed { participant_no: string, role: Role, name: string, uscc: string, users: number, region_code?: string, aliases?: string[] }

const both: Duty[] = ['PREPARE', 'APPROVE']

export const sandbox_participants: readonly Seed[] = [
  { participant_no: 'park-1', role: 'PARK', name: '渝北示范产业园（虚构）', uscc: '12500112MAYY000180', users: 1, region_code: '500157', aliases: ['渝北示范产业园', '渝北示范园区'] },
  { participant_no: 'park-2', role: 'PARK', name: '璧山示范高新园（虚构）', uscc: '12500120MAYY00026D', users: 1, region_code: '500120', aliases: ['璧山示范高新园', '璧山示范园区'] },
  { participant_no: 'bank-1', role: 'BANK', name: '巴渝示范银行（虚构）', uscc: '91500000MAYY00034Y', users: 1 },
  { participant_no: 'bank-2', role: 'BANK', name: '江畔示范银行（虚构）', uscc: '91500000MAYY00042R', users: 1 },
  { participant_no: 'bank-3', role: 'BANK', name: '山城示范银行（虚构）', uscc: '91500000MAYY00050L', users: 1 },
  { participant_no: 'guarantor-1', role: 'GUARANTOR', name: '示范融资担保甲（虚构）', uscc: '91500000MAYY00069H', users: 1 },
  { participant_no: 'guarantor-2', role: 'GUARANTOR', name: '示范融资担保乙（虚构）', uscc: '91500000MAYY00077C', users: 1 },
  { participant_no: 're-guarantor-1', role: 'RE_GUARANTOR', name: '示范再担保（虚构）', uscc: '91500000MAYY000857', users: 1 },
  { participant_no: 'lessor-1', role: 'LESSOR', name: '示范融资租赁（虚构）', uscc: '91500000MAYY000932', users: 1 },
  { participant_no: 'insurer-1', role: 'INSURER', name: '示范财产保险（虚构）', uscc: '91500000MAYY00106P', users: 1 },
  { participant_no: 'auditor-1', role: 'AUDITOR', name: '示范会计师事务所甲（虚构）', uscc: '91500103MAYY001143', users: 2 },
  { participant_no: 'auditor-2', role: 'AUDITOR', name: '示范会计师事务所乙（虚构）', uscc: '91500103MAYY00122X', users: 2 },
  { participant_no: 'meic', role: 'MEIC', name: '示范市经济信息委（虚构）', uscc: '11500000MAYY00130G', users: 2 },
  { participant_no: 'district-meic-1', role: 'DISTRICT_MEIC', name: '示范区县经信委（虚构）', uscc: '11500112MAYY00149Y', users: 1, region_code: '500112' },
  { participant_no: 'finance-bureau', role: 'FINANCE_BUREAU', name: '示范市财政局（虚构）', uscc: '11500000MAYY001578', users: 2 },
  { participant_no: 'regulator-viewer', role: 'REGULATOR_VIEWER', name: '示范金融监管（虚构）', uscc: '11500000MAYY001653', users: 1 },
  { participant_no: 'partner-platform-1', role: 'PARTNER_PLATFORM', name: '示范伙伴平台（虚构）', uscc: '91500000MAYY00173M', users: 1 },
  { participant_no: 'platform-operator', role: 'PLATFORM_OPERATOR', name: '融桥示范运营方（虚构）', uscc: '91500000MAYY00181G', users: 2 },
  { participant_no: 'enterprise-1', role: 'ENTERPRISE', name: '重庆云岭精密机械有限公司（虚构）', uscc: '91500112MAXX00015Q', users: 1, region_code: '500157' },
  { participant_no: 'enterprise-2', role: 'ENTERPRISE', name: '重庆江岸新材料有限公司（虚构）', uscc: '91500115MAXX00023Y', users: 1, region_code: '500115' }
]

export const sandbox_consortia = [
  { consortium_no: 'consortium-1', park: 'park-1', banks: ['bank-1', 'bank-2'], guarantors: ['guarantor-1'] },
  { consortium_no: 'consortium-2', park: 'park-2', banks: ['bank-1', 'bank-3'], guarantors: ['guarantor-2'] }
] as const

/** What their applications named (S1 四(二): 聚焦主导产业). */
const sandbox_industries = ['C34', 'C35', 'C36', 'C38']

export interface SandboxUser { user_no: string, name: string, duties: Duty[], api_key: string }
export interface SandboxParticipant {
  participant_no: string, role: Role, name: string, uscc: string, client_id: string, client_secret: string, api_key: string, users: SandboxUser[]
}
export interface SandboxFile {
  base_url: string
  participants: SandboxParticipant[]
  consortia: { consortium_no: string, park: string, banks: readonly string[], guarantors: readonly string[] }[]
}

const years_of_cooperation = 3

/** Seeds an empty hub; null when there are participants already. */
export async function seedSandbox (db: Db): Promise<SandboxFile | null> {
  if ((await listParticipants(db.read, { limit: 1 })).length > 0) return null
  const people: SandboxParticipant[] = sandbox_participants.map(seed => ({
    participant_no: seed.participant_no,
    role: seed.role,
    name: seed.name,
    uscc: seed.uscc,
    client_id: `client-${seed.participant_no}`,
    client_secret: newSecret('sandbox_secret'),
    api_key: newSecret('sandbox_key'),
    users: Array.from({ length: seed.users }, (_, index) => ({
      user_no: `${seed.participant_no}-user-${index + 1}`,
      name: `示范用户${seed.participant_no}-${index + 1}`,
      duties: seed.users === 1 ? both : index === 0 ? ['PREPARE'] : ['APPROVE'],
      api_key: newSecret('sandbox_user_key')
    }))
  }))
  await db.write((sql, now) => keep(sql, now, people))
  return { base_url: '', participants: people, consortia: sandbox_consortia.map(each => ({ ...each })) }
}

async function keep (sql: WriteSql, now: string, people: readonly SandboxParticipant[]): Promise<void> {
  for (const person of people) {
    const seed = sandbox_participants.find(({ participant_no }) => participant_no === person.participant_no) as Seed
    await insertParticipant(sql, {
      participant_no: person.participant_no, role: person.role, name: person.name, uscc: person.uscc, region_code: seed.region_code ?? null,
      aliases: seed.aliases ?? [], is_government_guarantor: person.role === 'GUARANTOR', is_cooperating: person.role === 'BANK' || person.role === 'LESSOR',
      status: 'ACTIVE', version: 1, created_at: now, updated_at: now
    })
    const { participant_no, client_id } = person
    const owner = { participant_no, status: 'ACTIVE', created_at: now } as const
    const client = { ...owner, content_digest: '', created_by: participant_no }
    await insertClient(sql, { ...client, client_id, user_no: null })
    await insertCredential(sql, { ...owner, client_id, user_no: null, secret_hash: hashSecret(person.api_key), kind: 'API_KEY' })
    await insertCredential(sql, { ...owner, client_id, user_no: null, secret_hash: hashSecret(person.client_secret), kind: 'CLIENT_SECRET' })
    for (const { user_no, name, duties, api_key } of person.users) {
      await insertUser(sql, { user_no, participant_no, name, duties, status: 'ACTIVE' })
      // A person is a client of its own: limits and traces tell persons of one participant apart.
      await insertClient(sql, { ...client, client_id: user_no, user_no })
      await insertCredential(sql, { ...owner, client_id: user_no, user_no, secret_hash: hashSecret(api_key), kind: 'API_KEY' })
    }
  }
  const day = now.slice(0, 10)
  const last_day = `${Number(day.slice(0, 4)) + years_of_cooperation}${day.slice(4)}`
  for (const { consortium_no, park, banks, guarantors } of sandbox_consortia) {
    const member = (kind: 'BANK' | 'GUARANTOR') => (participant_no: string) => ({ consortium_no, participant_no, kind, joined_on: '2026-01-12', left_on: null })
    await insertConsortium(sql, newConsortium({
      consortium_no, park_no: park, status: 'ACTIVE', valid_from: '2026-01-12', valid_to: last_day, created_by: 'platform-operator', created_at: now,
      application: { supported_industries: sandbox_industries }
    }), [...banks.map(member('BANK')), ...guarantors.map(member('GUARANTOR'))])
  }
}
