/** From the one log to deliveries: what an owner's feed shows is laid out for each of its endpoints, in the same order. */
import type { Db } from '../db/db.ts'
import { isSent } from './event-types.ts'
import { endpointsBehind, feedAfter, insertDeliveries, noteHealth, type Delivery, type Endpoint, type FeedRow } from './store.ts'

const endpoints_per_unit_max = 20
const events_per_endpoint_max = 500

/** Events about endpoints themselves: a test goes to the one it is about, a notice of disabling to the others. */
function wants (endpoint: Endpoint, { type, subject }: FeedRow): boolean {
  if (type === 'webhook_endpoint.tested') return subject === endpoint.endpoint_no
  if (!isSent(type) || (type === 'webhook_endpoint.disabled' && subject === endpoint.endpoint_no)) return false
  return endpoint.event_types.length === 0 || endpoint.event_types.includes(type) || endpoint.event_types.includes(`${type.split('.')[0] ?? ''}.*`)
}

export function deliveryOf (endpoint_no: string, { event_no, seq, type, subject, at }: FeedRow, now: string): Delivery {
  return { endpoint_no, event_no, seq, type, subject, occurred_at: at, status: 'PENDING', attempts: 0, next_at: now, updated_at: now }
}

/** One bounded step. @returns how many events were looked at */
export async function layOut (db: Db): Promise<number> {
  if ((await endpointsBehind(db.read, 1)).length === 0) return 0
  return db.write(async (sql, now) => {
    let seen = 0
    for (const endpoint of await endpointsBehind(sql, endpoints_per_unit_max)) {
      const rows = await feedAfter(sql, endpoint.participant_no, endpoint.laid_out_seq, events_per_endpoint_max)
      const last = rows.at(-1)
      if (last === undefined) continue
      await insertDeliveries(sql, rows.filter(row => wants(endpoint, row)).map(row => deliveryOf(endpoint.endpoint_no, row, now)), false)
      await noteHealth(sql, endpoint.endpoint_no, { laid_out_seq: last.seq })
      seen += rows.length
    }
    return seen
  })
}
