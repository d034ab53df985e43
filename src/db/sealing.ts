/**
 * Sealed columns: every connection carries the cipher of its database, so that a store that holds `sql` can seal and open.
 * What is sealed says so in its store; nothing else of the house knows of keys.
 */
import type { Cipher } from './cipher.ts'

/** Filled once the keys are known, before the first sealed value is met. */
export interface CipherSlot { cipher: Cipher | null }

const slots = new WeakMap<object, CipherSlot>()

/** Ties a connection to the slot of its database. */
export function carryCipher (sql: object, slot: CipherSlot): void {
  slots.set(sql, slot)
}

/** Errors: a connection whose database was given no keys. */
export function cipherOf (sql: object): Cipher {
  const cipher = slots.get(sql)?.cipher
  if (cipher === null || cipher === undefined) throw new Error('this database was opened without its keys: call useCipher first')
  return cipher
}

/**
 * A value as it is kept; null stays null.
 *
 * @param place table, column and row: a sealed value opens in its own place only
 */
export function sealed<T extends string | null> (sql: object, value: T, place: string): T {
  return (value === null ? null : cipherOf(sql).seal(value, place)) as T
}

/** The inverse of `sealed`. */
export function opened<T extends string | null> (sql: object, kept: T, place: string): T {
  return (kept === null ? null : cipherOf(sql).open(kept, place)) as T
}
