/** What is wrong or worth saying about a fact, as data: a stable code, the rule it comes from, and what to do about it. */
export interface Finding {
  readonly code: string
  readonly rule_id: string | null
  readonly message: string
  readonly message_zh: string
}

/** A finding about one place of a request; `pointer` is an RFC 6901 JSON pointer into the body. */
export interface PointedFinding extends Finding {
  readonly pointer: string
}

/** A value, or the findings that forbid it; never both. */
export type Outcome<T> =
  | { readonly value: T, readonly findings: readonly [] }
  | { readonly value: null, readonly findings: readonly PointedFinding[] }

/** Facts reached the kernel that intake should have refused: a bug of the caller, with the findings it overlooked. */
export class RuleBreach extends RangeError {
  readonly findings: readonly PointedFinding[]

  constructor (findings: readonly PointedFinding[]) {
    super(findings.map((one) => `${one.pointer} ${one.code}: ${one.message}`).join('; '))
    this.name = 'RuleBreach'
    this.findings = findings
  }
}

export function finding (code: string, rule_id: string | null, message: string, message_zh: string): Finding {
  return { code, rule_id, message, message_zh }
}

export function pointed (pointer: string, code: string, message: string, message_zh: string, rule_id: string | null = null): PointedFinding {
  return { pointer, code, rule_id, message, message_zh }
}

export function accepted<T> (value: T): Outcome<T> {
  return { value, findings: [] }
}

export function refused<T> (findings: readonly PointedFinding[]): Outcome<T> {
  return { value: null, findings }
}
