import { yuanOf } from './money.ts'
import { clauseOf, type PolicyVersion, type TraceStep } from './terms.ts'

/** Collects the steps of one line; each starts where the one before ended. */
export interface Trace {
  readonly steps: readonly TraceStep[]
  /** Records a step from the amount reached to `after_fen`, also where nothing changed; returns `after_fen`. */
  readonly step: (rule_id: string, after_fen: number) => number
}

/** A trace that starts at an amount in fen; the clauses are those of the version that rules the line. */
export function traceFrom (policy: PolicyVersion, start_fen: number): Trace {
  const steps: TraceStep[] = []
  let reached = yuanOf(start_fen)
  return {
    steps,
    step: (rule_id, after_fen) => {
      const { clause, clause_zh } = clauseOf(policy, rule_id)
      const after = yuanOf(after_fen)
      steps.push({ rule_id, clause, clause_zh, before: reached, after })
      reached = after
      return after_fen
    }
  }
}
