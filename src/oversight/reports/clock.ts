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

function judge (tally: StageTally, lead: LeadTimes, stage: { from: string | null, done_at: string | null, due_date: string },
  as_of_at: string): void {
  const { from, done_at, due_date } = stage
  if (from === null) return
  const due_at = endOfBeijingDay(due_date)
  const until = done_at ?? as_of_at
  if (until < from) return
  const { gross_ms, net_ms } = stageDuration(from, until, lead.pauses)
  const late_net = instantMs(until) - (gross_ms - net_ms) >= instantMs(due_at)
  if (done_at === null) {
    if (!late_net || (lead.ended_at !== null && lead.ended_at < due_at)) return
    tally.judged++
  } else {
    tally.judged++
    tally.done++
    if (done_at < due_at) tally.on_time++
    if (!late_net) tally.on_time_net++
    tally.gross_ms.push(gross_ms)
    tally.net_ms.push(net_ms)
  }
  tally.enterprises.add(lead.uscc)
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
  judge(tally.stages.contact, lead, { from: lead.pushed_at, done_at: lead.contacted_at, due_date: lead.contact_due_date }, as_of_at)
  judge(tally.stages.approval, lead, { from: lead.contacted_at, done_at: lead.decided_at, due_date: lead.approval_due_date }, as_of_at)
  judge(tally.stages.disbursement, lead, { from: lead.approved_at, done_at: lead.disbursed_at, due_date: lead.disbursement_due_date },
    as_of_at)
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
