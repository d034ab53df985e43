/** Who may form a consortium: a park, at least one bank, at least one government guarantor, in principle two banks. */
import type { ReadSql } from '../../db/db.ts'
import type { Role } from '../../http/access.ts'
import { Problem, type ProblemItem } from '../../problem.ts'
import { participantsByNo, type Participant } from '../participants/store.ts'
import { otherBanksOf } from './store.ts'

/** `park` null: institutions apply without one (S1 四(一)). */
export interface Membership { park: string | null, banks: readonly string[], guarantors: readonly string[] }

const wrong = (pointer: string, code: string, message: string, message_zh: string): ProblemItem => ({ pointer, code, message, message_zh })

/**
 * Errors: consortium_incomplete without a bank or guarantor, participant_unknown for somebody that is not active in that role,
 * guarantor_not_government. All mistakes are listed.
 * Source: S1 三(一)1, 三(二)1, 四(二); rules E-13, E-14.
 */
export async function checkMembers (sql: ReadSql, { park, banks, guarantors }: Membership): Promise<void> {
  const known = new Map((await participantsByNo(sql, [...park === null ? [] : [park], ...banks, ...guarantors])).map(each => [each.participant_no, each]))
  const incomplete: ProblemItem[] = []
  if (banks.length === 0) incomplete.push(wrong('/banks', 'BANK_MISSING', 'A consortium needs at least one bank', '联合体至少需要一家银行'))
  if (guarantors.length === 0) incomplete.push(wrong('/guarantors', 'GUARANTOR_MISSING', 'A consortium needs at least one government guarantor', '联合体至少需要一家政府性融资担保机构'))
  const unknown: ProblemItem[] = []
  const fits = (participant_no: string, role: Role, pointer: string): Participant | undefined => {
    const found = known.get(participant_no)
    if (found?.role === role && found.status === 'ACTIVE') return found
    unknown.push(wrong(pointer, 'PARTICIPANT_UNKNOWN', `${participant_no} is no active ${role}`, `${participant_no} 不是有效的 ${role} 参与方`))
    return undefined
  }
  if (park !== null) fits(park, 'PARK', '/park')
  for (const [index, no] of banks.entries()) fits(no, 'BANK', `/banks/${index}`)
  const private_ones: ProblemItem[] = []
  for (const [index, no] of guarantors.entries()) {
    if (fits(no, 'GUARANTOR', `/guarantors/${index}`)?.is_government_guarantor === false) {
      private_ones.push(wrong(`/guarantors/${index}`, 'GUARANTOR_NOT_GOVERNMENT', `${no} is no government financing guarantor`, `${no} 不是政府性融资担保机构`))
    }
  }
  const errors = [...incomplete, ...unknown, ...private_ones]
  if (incomplete.length > 0) throw new Problem('consortium_incomplete', { errors })
  if (unknown.length > 0) throw new Problem('participant_unknown', { errors })
  if (private_ones.length > 0) throw new Problem('guarantor_not_government', { errors })
}

/**
 * At most two banks in a consortium, and at most two active ones for a park over all its consortia, unless MEIC gives a reason.
 *
 * @returns what to store of the override; nothing when none was needed
 * Source: S1 四(二) “原则上每个园区联合的银行不超过2家”; rule E-10.
 */
export async function checkBankLimit (
  sql: ReadSql, { park, banks }: Membership, about: { consortium_no: string, day: string, max: number, override: { reason: string, by: string } | null }
): Promise<{ override_reason?: string, override_by?: string }> {
  const { consortium_no, day, max, override } = about
  if (park === null) return {}
  const others = await otherBanksOf(sql, park, consortium_no, day)
  const all = new Set([...others, ...banks])
  if (all.size <= max) return {}
  if (override !== null) return { override_reason: override.reason, override_by: override.by }
  const message = `${all.size} active banks for the park are more than ${max}: ${[...all].sort().join(', ')}; a person of MEIC may allow it with override_reason`
  const message_zh = `该园区联合的银行达 ${all.size} 家，超过 ${max} 家；确有需要的，由市经济信息委人员填写 override_reason`
  throw new Problem('consortium_bank_limit', { detail: message, detail_zh: message_zh, errors: [wrong('/banks', 'CONSORTIUM_BANK_LIMIT', message, message_zh)] })
}
