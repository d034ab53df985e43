import type { Clock } from '../clock.ts'
import type { Db } from './db.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'

/** @param target path of the SQLite file, or postgres://… */
export function openDb (target: string, clock: Clock): Db {
  return target.startsWith('postgres') ? openPostgres(target, clock) : openSqlite(target, clock)
}
