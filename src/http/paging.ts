/**
 * Cursors: opaque, stable under inserts (keyset), bound to caller and operation.
 */
import { createHash } from 'node:crypto'
import { Problem } from '../problem.ts'
import type { Principal } from './access.ts'

const limit_default = 50

export interface PageRequest {
  limit: number
  /** key of the last item of the page before; null on the first page */
  after: string | null
}

function mark (operation_id: string, principal: Principal, key: string): string {
  return createHash('sha256').update(JSON.stringify([operation_id, principal.participant_no, principal.user_no, key])).digest('base64url').slice(0, 16)
}

/** Reads `limit` and `cursor` of a list request. Errors: invalid_request for a foreign or damaged cursor. */
export function pageRequest (operation_id: string, principal: Principal, query: { limit?: number, cursor?: string }): PageRequest {
  const limit = query.limit ?? limit_default
  if (query.cursor === undefined) return { limit, after: null }
  const separator = query.cursor.indexOf('.')
  const after = Buffer.from(query.cursor.slice(separator + 1), 'base64url').toString()
  if (separator < 0 || query.cursor.slice(0, separator) !== mark(operation_id, principal, after)) {
    throw new Problem('invalid_request', {
      errors: [{
        pointer: '/query/cursor', code: 'BAD_CURSOR', message: 'The cursor is not one of this list for this caller; start without it',
        message_zh: '游标不属于该调用方的此列表，请不带游标重新开始'
      }]
    })
  }
  return { limit, after }
}

/** Cuts `limit + 1` rows to a page and makes the next cursor from the last row kept. */
export function pageOf<T> (operation_id: string, principal: Principal, page: PageRequest, rows: readonly T[], keyOf: (row: T) => string):
{ items: T[], next_cursor: string | null } {
  const items = rows.slice(0, page.limit)
  const last = items.at(-1)
  if (rows.length <= page.limit || last === undefined) return { items, next_cursor: null }
  const key = keyOf(last)
  return { items, next_cursor: `${mark(operation_id, principal, key)}.${Buffer.from(key).toString('base64url')}` }
}
