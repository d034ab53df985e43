/**
 * A seeded fault: units about one breaker no longer wait for each other. Each begins as a plain transaction and reads the row of the breaker
 * without taking it. Loaded into a hub's process by `--import`, it holds for all of it.
 */
import { isMainThread } from 'node:worker_threads'
import pg from 'pg'

const { query } = pg.Client.prototype
const taken = /^(insert into "breakers" .* on conflict \([^)]*\)) do update set .* returning (.*)$/u

function changed (text: string): string {
  return text.replace('isolation level serializable ', '').replace(taken, (_, insert: string, columns: string) => `with made as (${insert} do nothing returning ${columns})
    select ${columns} from made union all select ${columns} from breakers where guarantor_no = $1 and bank_no = $2 and vintage_year = $3 and $15::text <> ''`)
}

/** In place of a client's `query`. */
export const unowned = {
  value (this: pg.Client, first: unknown, ...rest: unknown[]): unknown {
    const asked = typeof first === 'string' ? changed(first)
      : typeof first === 'object' && first !== null && 'text' in first && typeof first.text === 'string' ? { ...first, text: changed(first.text) } : first
    return Reflect.apply(query, this, [asked, ...rest])
  }
}

if (isMainThread && process.env.UNOWNED_BREAKERS === '1') pg.Client.prototype.query = unowned.value as typeof query
