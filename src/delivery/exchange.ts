/**
 * One request and its answer. A handler of undici's dispatcher instead of its `request`: no stream and no signal is made for every message, and
 * one timer watches over all of them.
 */
import type { Dispatcher, Pool } from 'undici'

export interface Reply { status_code: number, retry_after: string | undefined, text: string }

export interface Exchanges {
  /**
   * Posts a body and reads the answer to its end, or to `bytes_max` of it.
   *
   * Errors: TIMEOUT when it took longer in all, the reason of `abort`, whatever the connection met.
   */
  post (pool: Pool, path: string, headers: Record<string, string>, body: string, reads: boolean): Promise<Reply>
  /** Ends everything that is under way. */
  abort (reason: Error): void
}

const reply_bytes_max = 65_536

interface Underway { deadline: number, fail (reason: Error): void }

/** @param within_ms for resolving, connecting, sending and the whole answer together */
export function createExchanges (within_ms: number): Exchanges {
  /** In the order in which they end at the latest. */
  const underway = new Set<Underway>()
  let timer: NodeJS.Timeout | undefined

  function watch (): void {
    timer = undefined
    const now = performance.now()
    for (const one of underway) {
      if (one.deadline > now) {
        timer = setTimeout(watch, one.deadline - now).unref()
        return
      }
      one.fail(new Error('TIMEOUT'))
    }
  }

  function post (pool: Pool, path: string, headers: Record<string, string>, body: string, reads: boolean): Promise<Reply> {
    return new Promise((resolve, reject) => {
      let controller: Dispatcher.DispatchController | undefined
      let failed: Error | undefined
      let reply: Reply = { status_code: 0, retry_after: undefined, text: '' }
      let bytes = 0
      const one: Underway = {
        deadline: performance.now() + within_ms,
        fail (reason) {
          failed = reason
          underway.delete(one)
          controller?.abort(reason)
          reject(reason)
        }
      }
      underway.add(one)
      timer ??= setTimeout(watch, within_ms).unref()
      const end = (): void => {
        underway.delete(one)
        resolve(reply)
      }
      pool.dispatch({ method: 'POST', path, headers, body }, {
        onRequestStart (started) {
          controller = started
          // Ended while it waited for a connection.
          if (failed !== undefined) started.abort(failed)
        },
        onResponseStart (_controller, status_code, { 'retry-after': retry_after }) {
          reply = { status_code, retry_after: typeof retry_after === 'string' ? retry_after : undefined, text: '' }
        },
        onResponseData (of, chunk) {
          bytes += chunk.length
          if (reads) reply.text += chunk.toString('utf8')
          if (bytes < reply_bytes_max) return
          end()
          of.abort(new Error('the answer is longer than anybody reads'))
        },
        onResponseEnd: end,
        onResponseError (_controller, reason) {
          underway.delete(one)
          reject(reason)
        }
      })
    })
  }

  return {
    post,
    abort (reason) {
      clearTimeout(timer)
      timer = undefined
      for (const one of underway) one.fail(reason)
    }
  }
}
