/** A load of closed loops over keep-alive connections, as one bank's integration server would send it. */
import { Pool, type Dispatcher } from 'undici'

export interface LoadRequest { method: 'GET' | 'POST', path: string, headers?: Record<string, string>, body?: string | Uint8Array }

export interface LoadResult {
  per_second: number
  requests: number
  /** answers by status */
  statuses: Record<string, number>
  p50_ms: number
  p99_ms: number
}

export interface LoadOptions {
  base_url: string
  connections: number
  /** stop after this time … */
  duration_ms?: number
  /** … or after this many requests */
  requests_max?: number
  /** the n-th request, from 0 */
  next (n: number): LoadRequest
  /** answers whose body nobody looks at are read to their end and no more; `onAnswer` gets '' */
  isOfInterest? (request: LoadRequest, status: number): boolean
  onAnswer? (request: LoadRequest, status: number, body: string, headers: Record<string, string | string[] | undefined>): void
}

/** Sends until time or count is up; every answer is read to its end. */
export async function load (options: LoadOptions): Promise<LoadResult> {
  const pool = new Pool(options.base_url, { connections: options.connections, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 })
  const statuses: Record<string, number> = {}
  const times: number[] = []
  const begun = performance.now()
  const until = options.duration_ms === undefined ? Infinity : begun + options.duration_ms
  let sent = 0
  async function oneByOne (): Promise<void> {
    while (performance.now() < until && sent < (options.requests_max ?? Infinity)) {
      const request = options.next(sent++)
      const start = performance.now()
      const answer: Dispatcher.ResponseData = await pool.request({ method: request.method, path: request.path, headers: request.headers ?? {}, body: request.body ?? null })
      const is_read = options.onAnswer !== undefined && options.isOfInterest?.(request, answer.statusCode) !== false
      const body = is_read ? await answer.body.text() : await answer.body.dump({ limit: 100_000_000 }).then(() => '')
      options.onAnswer?.(request, answer.statusCode, body, answer.headers)
      times.push(performance.now() - start)
      statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: options.connections }, oneByOne))
  const elapsed_ms = performance.now() - begun
  await pool.close()
  times.sort((a, b) => a - b)
  const at = (share: number) => Math.round((times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0) * 100) / 100
  return { per_second: times.length / elapsed_ms * 1000, requests: times.length, statuses, p50_ms: at(0.5), p99_ms: at(0.99) }
}

export function median (values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
