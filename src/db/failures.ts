/** Failures of storage that pass by themselves or by an operator's hand: a full disk, a server that restarts, a lost connection. */
import { DrizzleQueryError } from 'drizzle-orm'

/** SQLite (also with a suffix, as SQLITE_IOERR_WRITE), files, network. */
const codes = /^(SQLITE_(FULL|IOERR|CANTOPEN|BUSY)|ENOSPC$|EDQUOT$|EIO$|EFBIG$|ECONNREFUSED$|ECONNRESET$|EPIPE$|ETIMEDOUT$)/
/** PostgreSQL's classes: connection exception, insufficient resources, operator intervention (shutdown, restart, cancelled), system error. */
const states = /^(08...|53...|57...|58...)$/
/** What the driver says without a code. */
const messages = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed)/

/** Whether something thrown, or what caused it, means that storage cannot be used now. A unit that failed so may have been kept: its commit may be on disk. */
export function isUnavailable (thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('code' in error && typeof error.code === 'string' && (codes.test(error.code) || states.test(error.code))) return true
    if (messages.test(error.message)) return true
    // A server reached by its socket file is away when the file is.
    if ('code' in error && error.code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect') return true
  }
  return false
}

/** An error as it is logged, with what caused it: the statement that failed, never the values it was asked with. */
export function loggedError (thrown: unknown): Record<string, unknown> {
  if (!(thrown instanceof Error)) return { type: typeof thrown }
  const message = thrown instanceof DrizzleQueryError ? `Failed query: ${thrown.query}` : thrown.message
  const frames = (thrown.stack ?? '').split('\n').filter(line => /^ +at /.test(line))
  return {
    type: thrown.name, message, ...'code' in thrown ? { code: thrown.code } : {}, stack: frames.join('\n'), ...thrown.cause === undefined ? {} : { cause: loggedError(thrown.cause) }
  }
}
