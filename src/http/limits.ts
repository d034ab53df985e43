/**
 * Limits by network address, counted before anybody is known: a flood or a guesser is stopped without touching the database.
 */
import { stopwatch } from '../clock.ts'

const window_ms = 60_000
const addresses_max = 100_000
const network_groups = 4

/** Counts per address and minute. */
export interface AddressCounter {
  /** Counts one more. @returns whether the address stays within the limit */
  count (address: string): boolean
  /** Whether the address used up its limit. */
  isOver (address: string): boolean
  retryAfterSeconds (): number
}

/** An IPv6 client owns a whole /64: it counts as one. */
export function networkOf (address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  return (address.split('::')[0] ?? '').split(':').slice(0, network_groups).join(':')
}

/** Beyond 100,000 addresses a minute the newcomers share one count, so that memory stays bounded. */
export function countByAddress (max: number): AddressCounter {
  const elapsed = stopwatch()
  const counts = new Map<string, number>()
  let window_end_ms = window_ms

  function present (): void {
    if (elapsed() < window_end_ms) return
    counts.clear()
    window_end_ms = elapsed() + window_ms
  }

  function keyOf (address: string): string {
    const network = networkOf(address)
    return counts.size < addresses_max || counts.has(network) ? network : ''
  }

  return {
    count (address) {
      present()
      const key = keyOf(address)
      const counted = (counts.get(key) ?? 0) + 1
      counts.set(key, counted)
      return counted <= max
    },
    isOver (address) {
      present()
      return (counts.get(keyOf(address)) ?? 0) >= max
    },
    retryAfterSeconds: () => Math.max(1, Math.ceil((window_end_ms - elapsed()) / 1000))
  }
}

/** Requests of one client that are under way at once: so many, and no client takes the places of all. */
export interface Places {
  /** @returns false when the client has all it may have */
  take (client_id: string): boolean
  give (client_id: string): void
}

export function placesPerClient (max: number): Places {
  const taken = new Map<string, number>()
  return {
    take (client_id) {
      const now = taken.get(client_id) ?? 0
      if (now >= max) return false
      taken.set(client_id, now + 1)
      return true
    },
    give (client_id) {
      const left = (taken.get(client_id) ?? 0) - 1
      if (left > 0) taken.set(client_id, left)
      else taken.delete(client_id)
    }
  }
}
