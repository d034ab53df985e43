/** Who takes part in the two stories of the world, and who may be told what of them by the matrix. */
import type { Test } from 'tap'
import { newSecret } from '../../../src/clock.ts'
import type { Role } from '../../../src/http/access.ts'
import { insertClient } from '../../../src/registry/participants/access-store.ts'
import { hashSecret } from '../../../src/registry/participants/service.ts'
import { insertCredential, insertParticipant, insertUser } from '../../../src/registry/participants/store.ts'
import { build, type Built } from '../../helper.ts'
import { withUsccCheckDigit } from '../../matching/uscc.ts'
import { thingNamed, type Relation } from './matrix.ts'

export const sides = ['left', 'right'] as const
export type Side = typeof sides[number]

/** Relation → participants, for each story. Bank 1 is paired in both and lends only in the left one. */
const standing: Readonly<Record<Side, Readonly<Partial<Record<Relation, readonly string[]>>>>> = {
  left: {
    park: ['park-1'], enterprise: ['enterprise-1'], paired: ['bank-1', 'bank-2', 'guarantor-1'], partner: ['partner-platform-1'], bank: ['bank-1'], guarantor: ['guarantor-1'],
    lessor: ['lessor-1'], insurer: ['insurer-1'], auditor: ['auditor-1'], member: ['park-1', 'bank-1', 'bank-2', 'guarantor-1']
  },
  right: {
    park: ['park-2'], enterprise: ['enterprise-2'], paired: ['bank-1', 'bank-3', 'guarantor-2'], partner: ['partner-platform-2'], bank: ['bank-3'], guarantor: ['guarantor-2'],
    lessor: ['lessor-2'], insurer: ['insurer-2'], auditor: ['auditor-2'], member: ['park-2', 'bank-1', 'bank-3', 'guarantor-2']
  }
}

/** The first participant that stands so in a story. */
export function one (side: Side, relation: Relation): string {
  const [first] = standing[side][relation] ?? []
  if (first === undefined) throw new Error(`nobody is ${relation} on the ${side}`)
  return first
}

export interface Reading { hub: Built, side: Side }

/** Participants that may read some things of a story. @param own the participant itself, where the matrix says so */
export function readersOf (hub: Built, side: Side, things: readonly string[], own: readonly string[] = []): string[] {
  const readers = new Set<string>(own)
  for (const name of things) {
    const { read } = thingNamed(name)
    for (const { participant_no, role } of hub.sandbox.participants) {
      const relation = read[role]
      if (relation === undefined) continue
      if (relation === 'all' || standing[side][relation]?.includes(participant_no) === true) readers.add(participant_no)
    }
  }
  return [...readers]
}

/** Second ones of the roles that the sandbox has once: every role must have a stranger. */
const more: readonly { participant_no: string, role: Role, code: string }[] = [
  { participant_no: 'lessor-2', role: 'LESSOR', code: '91500000MAYY90019' },
  { participant_no: 'insurer-2', role: 'INSURER', code: '91500000MAYY90027' },
  { participant_no: 'partner-platform-2', role: 'PARTNER_PLATFORM', code: '91500000MAYY90035' }
]

/** The hub with everybody in it; limits are out of the way. */
export async function hubOfMany (t: Test, now: string): Promise<Built> {
  const hub = await build(t, { now, config: { rate_limit_per_minute: 1e9, rate_limit_per_address_per_minute: 1e9 } })
  for (const { participant_no, role, code } of more) {
    const [uscc, api_key, user_key] = [withUsccCheckDigit(code), newSecret('sandbox_key'), newSecret('sandbox_user_key')]
    const [client_id, user_no, name] = [`client-${participant_no}`, `${participant_no}-user-1`, `示范${participant_no}（虚构）`]
    await hub.db.write(async (sql, at) => {
      await insertParticipant(sql, {
        participant_no, role, name, uscc, region_code: null, aliases: [], is_government_guarantor: false, is_cooperating: role === 'LESSOR', status: 'ACTIVE', version: 1,
        created_at: at, updated_at: at
      })
      const owner = { participant_no, status: 'ACTIVE', created_at: at } as const
      await insertUser(sql, { user_no, participant_no, name: `示范用户${participant_no}`, duties: ['PREPARE', 'APPROVE'], status: 'ACTIVE' })
      for (const [id, user, key] of [[client_id, null, api_key], [user_no, user_no, user_key]] as const) {
        await insertClient(sql, { ...owner, client_id: id, user_no: user, content_digest: '', created_by: participant_no })
        await insertCredential(sql, { ...owner, client_id: id, user_no: user, secret_hash: hashSecret(key), kind: 'API_KEY' })
      }
    })
    hub.sandbox.participants.push({
      participant_no, role, name, uscc, client_id, client_secret: 'none', api_key,
      users: [{ user_no, name: `示范用户${participant_no}`, duties: ['PREPARE', 'APPROVE'], api_key: user_key }]
    })
  }
  return hub
}
