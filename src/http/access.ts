/**
 * Who calls, and may they: every operation declares its callers; the start fails where one does not.
 */
import { Problem } from '../problem.ts'

export const ROLES = ['ENTERPRISE', 'PARK', 'BANK', 'GUARANTOR', 'RE_GUARANTOR', 'LESSOR', 'INSURER', 'AUDITOR', 'MEIC', 'DISTRICT_MEIC',
  'FINANCE_BUREAU', 'REGULATOR_VIEWER', 'PARTNER_PLATFORM', 'PLATFORM_OPERATOR'] as const
export type Role = typeof ROLES[number]
export const DUTIES = ['PREPARE', 'APPROVE'] as const
export type Duty = typeof DUTIES[number]

const scope_mark: unique symbol = Symbol('scope')

/** The caller of one request: a participant, and the person where one calls. Stores take it as the scope of what may be seen. */
export interface Principal {
  readonly participant_no: string
  readonly role: Role
  readonly name: string
  /** unified social credit code of the participant; an ENTERPRISE is bound to it */
  readonly uscc: string
  /** the person, or null for a machine */
  readonly user_no: string | null
  readonly duties: readonly Duty[]
  readonly client_id: string
  readonly [scope_mark]: true
}

/** The only maker of principals: called by the resolver that has checked a key or token. */
export function admit (facts: Omit<Principal, typeof scope_mark>): Principal {
  return Object.freeze({ ...facts, [scope_mark]: true as const })
}

/** Finds the principal behind a bearer credential; null when unknown, expired or suspended. */
export type PrincipalResolver = (bearer: string) => Promise<Principal | null> | Principal | null

/** Roles that may call, `any` login, or `public`. */
export type Callers = readonly Role[] | 'any' | 'public'

export function unauthenticated (): Problem {
  return new Problem('unauthenticated', { headers: { 'www-authenticate': 'Bearer' } })
}

export function checkCaller (callers: Callers, person: boolean, principal: Principal | null): void {
  if (callers === 'public') return
  if (principal === null) throw unauthenticated()
  if (callers !== 'any' && !callers.includes(principal.role)) {
    throw new Problem('role_not_allowed', {
      detail: `${principal.role} may not do this; these may: ${callers.join(', ')}`,
      detail_zh: `${principal.role} 无权执行，可执行角色：${callers.join('、')}`
    })
  }
  if (person && principal.user_no === null) throw new Problem('person_required')
}

/** The person behind a decision. */
export function personOf (principal: Principal): string {
  if (principal.user_no === null) throw new Problem('person_required')
  return principal.user_no
}

/** A second decision on the same thing needs another person. */
export function anotherPerson (principal: Principal, first_user_no: string): string {
  const person = personOf(principal)
  if (person === first_user_no) throw new Problem('own_work')
  return person
}

export function bearerOf (header: string | undefined): string | null {
  if (header === undefined) return null
  const match = /^Bearer ([\x21-\x7e]{1,8192})$/i.exec(header)
  return match?.[1] ?? null
}
