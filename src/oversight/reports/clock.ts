/**
 * The "3个1" clock of many leads: who was on time, gross and net of pauses, and how long it took. Pure.
 *
 * A stage is judged when it is done, or when its due instant has passed by the report's last instant; one that ended before with the lead
 * is not.
 * Source: S2 (十五); domain notes §4.
 */
import { endOfBeijingDay, instantMs, stageDuration } from '../../policy/calendar.ts'
import { medianHours } from './figures.ts'
import type { LeadTimes } from './store.ts'

export const CLOCK_STAGES = ['contact', 'approval', 'disbursement'] as const
export type ClockStage = typeof CLOCK_STAGES[number]

interface StageTally {
  judged: number
  done: number
  on_time: number
  on_time_net: number
  gross_ms: number[]
  net_ms: number[]
  enterprises: Set<string>
}

export interface ClockTally {
  leads: number
  approved: number
  decided: number
  disbursed: number
  enterprises: Set<string>
  decided_enterprises: Set<string>
  stages: Record<ClockStage, StageTally>
  first: string
  last: string
}

const emptyStage = (): StageTally => ({ judged: 0, done: 0, on_time: 0, on_time_net: 0, gross_ms: [], net_ms: [], enterprises: new Set() })

export function emptyTally (): ClockTally {
  return {
    leads: 0, approved: 0, decided: 0, disbursed: 0, enterprises: new Set(), decided_enterprises: new Set(), first: '', last: '',
    stages: { contact: emptyStage(), approval: emptyStage(), disbursement: emptyStage() }
  }
}

/** One stage of a lead that can be judged. */
export interface StageVerdict {
  stage: ClockStage
  due_date: string
  done_at: string | null
  on_time: boolean
  on_time_net: boolean
  /** null until it is done */
  gross_ms: number | null
  net_ms: number | null
}

/** The stages of a lead that count. @param as_of_at what was not done by then is late when it was due */
export function verdictsOn (lead: LeadTimes, as_of_at: string): StageVerdict[] {
  const begun: readonly (readonly [ClockStage, string | null, string | null, string])[] = [
    ['contact', lead.pushed_at, lead.contacted_at, lead.contact_due_date],
    ['approval', lead.contacted_at, lead.decided_at, lead.approval_due_date],
    ['disbursement', lead.approved_at, lead.disbursed_at, lead.disbursement_due_date]
  ]
  return begun.flatMap(([stage, from, done_at, due_date]): StageVerdict[] => {
    const until = done_at ?? as_of_at
    if (from === null || until < from) return []
    const due_at = endOfBeijingDay(due_date)
    const { gross_ms, net_ms } = stageDuration(from, until, lead.pauses)
    const late_net = instantMs(until) - (gross_ms - net_ms) >= instantMs(due_at)
    if (done_at !== null) return [{ stage, due_date, done_at, on_time: done_at < due_at, on_time_net: !late_net, gross_ms, net_ms }]
    if (!late_net || (lead.ended_at !== null && lead.ended_at < due_at)) return []
    return [{ stage, due_date, done_at, on_time: false, on_time_net: false, gross_ms: null, net_ms: null }]
  })
}

/** Counts one lead. @param as_of_at what was not done by then is late when it was due */
export function countLead (tally: ClockTally, lead: LeadTimes, as_of_at: string): void {
  tally.leads++
  tally.enterprises.add(lead.uscc)
  if (tally.first === '') tally.first = lead.lead_no
  tally.last = lead.lead_no
  if (lead.decided_at !== null) {
    tally.decided++
    tally.decided_enterprises.add(lead.uscc)
  }
  if (lead.approved_at !== null) tally.approved++
  if (lead.disbursed_at !== null) tally.disbursed++
  for (const { stage, done_at, on_time, on_time_net, gross_ms, net_ms } of verdictsOn(lead, as_of_at)) {
    const of = tally.stages[stage]
    of.judged++
    if (done_at !== null) of.done++
    if (on_time) of.on_time++
    if (on_time_net) of.on_time_net++
    if (gross_ms !== null) of.gross_ms.push(gross_ms)
    if (net_ms !== null) of.net_ms.push(net_ms)
    of.enterprises.add(lead.uscc)
  }
}

/** On time net of pauses over all stages that can be judged. */
export function punctuality ({ stages }: ClockTally): { on_time: number, judged: number } {
  const all = CLOCK_STAGES.map(stage => stages[stage])
  return { on_time: all.reduce((sum, stage) => sum + stage.on_time_net, 0), judged: all.reduce((sum, stage) => sum + stage.judged, 0) }
}

/** The figures of one stage under its name. */
export function stageCells (stage: ClockStage, tally: StageTally): Record<string, string | number | null> {
  return {
    [`${stage}_judged`]: tally.judged,
    [`${stage}_on_time`]: tally.on_time,
    [`${stage}_on_time_net`]: tally.on_time_net,
    [`${stage}_median_hours`]: medianHours(tally.gross_ms),
    [`${stage}_median_hours_net`]: medianHours(tally.net_ms)
  }
}
