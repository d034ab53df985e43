/**
 * Keys of sealed values:
 *   node scripts/rotate-keys.ts --first <id>   makes the keyring (KEK_FILE) of a new hub
 *   node scripts/rotate-keys.ts --add <id>     adds a key that seals from now on; start every hub process again afterwards
 *   node scripts/rotate-keys.ts                moves every sealed value and file to the current key and SEAL_ALGORITHM, in small units while the hub works
 *   node scripts/rotate-keys.ts --drop <id>    removes an old key; refused while anything is sealed under it
 * It can be broken off and run again at any time: what is done stays done. Reads the environment of the hub.
 */
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { and, asc, eq, getTableColumns, gte, not, sql as expression, type Column, type SQL, type Table } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { newNo, runningClock } from '../src/clock.ts'
import { ConfigError, readConfig, type Config } from '../src/config.ts'
import { newKeyring, parseKeyring, rotatedKeyring, type Cipher } from '../src/db/cipher.ts'
import type { Db } from '../src/db/db.ts'
import { openDb } from '../src/db/open.ts'
import { answerPlace, idempotent_answers } from '../src/http/idempotency.ts'
import { proofPlace, request_signatures } from '../src/http/signed-requests.ts'
import { hubCipher } from '../src/http/sm.ts'
import { secretPlace } from '../src/delivery/secrets.ts'
import { webhook_secrets } from '../src/delivery/store.ts'
import { enterprise_lists, fileNamePlace as listFilePlace, list_rows, rowPlace } from '../src/intake/enterprise-lists/store.ts'
import { authorizations, signerPlace } from '../src/intake/authorizations/store.ts'
import { contactPlace, enterprises, enterprise_sources } from '../src/intake/enterprises/store.ts'
import { bodyPlace } from '../src/lending/documents/files.ts'
import { documents, fileNamePlace } from '../src/lending/documents/store.ts'
import { accountPlace, subsidy_accounts } from '../src/lending/subsidy-accounts/store.ts'
import { participants, proposalPlace, userPlace, users } from '../src/registry/participants/store.ts'
import { eventPlace, lead_events, leads, personalPlace } from '../src/matching/leads/store.ts'

type Row = Record<string, string>

/** One sealed column: where it stands, what names its row, what its values are bound to. */
interface SealedColumn {
  table: Table
  key: readonly string[]
  column: string
  place (row: Row): string
  /** what stands around the sealed text */
  around?: readonly [string, string]
}

const of = (row: Row, name: string): string => row[name] ?? ''

/** Every sealed column of the hub; test/trust/rotation.test.ts finds one that is missing here. */
export const sealed_columns: readonly SealedColumn[] = [
  { table: users, key: ['user_no'], column: 'name', place: row => userPlace(of(row, 'user_no')) },
  { table: participants, key: ['participant_no'], column: 'proposed', place: row => proposalPlace(of(row, 'participant_no')) },
  ...(['contact_name', 'contact_phone'] as const).flatMap((column): SealedColumn[] => [
    { table: enterprises, key: ['uscc'], column, place: row => contactPlace(column, of(row, 'uscc')) },
    { table: enterprise_sources, key: ['uscc', 'source_no'], column, place: row => contactPlace(column, of(row, 'uscc')) }
  ]),
  { table: documents, key: ['document_no'], column: 'file_name', place: row => fileNamePlace(of(row, 'document_no')) },
  { table: enterprise_lists, key: ['list_no'], column: 'file_name', place: row => listFilePlace(of(row, 'list_no')) },
  ...(['contact_name', 'contact_phone', 'normalised_from', 'findings'] as const).map((column): SealedColumn =>
    ({ table: list_rows, key: ['row_id'], column, place: row => rowPlace(column, of(row, 'row_id')) })),
  ...(['signer_name', 'personal_info_consents'] as const).map((column): SealedColumn =>
    ({ table: authorizations, key: ['authorization_no'], column, place: row => signerPlace(column, of(row, 'authorization_no')) })),
  { table: leads, key: ['lead_no'], column: 'personal', place: row => personalPlace(of(row, 'lead_no')) },
  { table: lead_events, key: ['lead_event_no'], column: 'content', around: ['{"sealed":"', '"}'], place: row => eventPlace(of(row, 'lead_event_no')) },
  { table: subsidy_accounts, key: ['number'], column: 'account_sealed', place: row => accountPlace(of(row, 'number')) },
  { table: webhook_secrets, key: ['secret_no'], column: 'sealed_secret', place: row => secretPlace(of(row, 'secret_no'), 'secret') },
  { table: webhook_secrets, key: ['secret_no'], column: 'sealed_private_key', place: row => secretPlace(of(row, 'secret_no'), 'private_key') },
  { table: request_signatures, key: ['signature_no'], column: 'body', place: row => proofPlace(of(row, 'signature_no')) },
  { table: idempotent_answers, key: ['caller', 'idempotency_key'], column: 'body', place: row => answerPlace({ caller: of(row, 'caller'), key: of(row, 'idempotency_key') }) }
]

const rows_per_unit = 200

interface Work { table: SQLiteTable, keys: Column[], text: SQL<string>, old: SQL | undefined }

function begins (column: Column, head: string): SQL {
  return expression`substr(${column}, 1, ${expression.raw(String(head.length))}) = ${head}`
}

/** Rows of a column that are sealed under another key or algorithm than what seals now. */
function workOf ({ table, key, column, around }: SealedColumn, cipher: Cipher): Work {
  const columns = getTableColumns(table) as Record<string, Column>
  const sealed = columns[column] as Column
  const head = around?.[0] ?? ''
  return {
    table: table as SQLiteTable, keys: key.map(name => columns[name] as Column), text: expression<string>`${sealed}`,
    old: and(begins(sealed, `${head}v1.`), not(begins(sealed, head + cipher.head)))
  }
}

/**
 * Moves what is sealed under older keys, or by the other algorithm, to what seals now.
 *
 * @param limit stops after so many units: for tests of breaking off
 * @returns values and files moved
 */
export async function reseal (db: Db, cipher: Cipher, folders: readonly string[], limit = Infinity): Promise<{ values: number, files: number }> {
  let units = 0
  let values = 0
  for (const sealed of sealed_columns) {
    const { table, keys, text, old } = workOf(sealed, cipher)
    const [first] = keys as [Column]
    const wanted = { ...Object.fromEntries(keys.map((key, index) => [sealed.key[index], key])), kept: text }
    for (let after = ''; units < limit; units++) {
      const rows = await db.read.select(wanted as never).from(table).where(and(gte(first, after), old)).orderBy(asc(first)).limit(rows_per_unit) as Row[]
      if (rows.length === 0) break
      const [before = '', behind = ''] = sealed.around ?? []
      await db.write(async sql => {
        for (const row of rows) {
          const kept = of(row, 'kept')
          const moved = before + cipher.reseal(kept.slice(before.length, kept.length - behind.length), sealed.place(row)) + behind
          const same = sealed.key.map((name, index) => eq(keys[index] as Column, of(row, name)))
          await sql.update(table).set({ [sealed.column]: expression`${moved}` } as never).where(and(...same, eq(text, kept)))
        }
      })
      values += rows.length
      after = of(rows.at(-1) as Row, sealed.key[0] as string)
    }
  }
  let files = 0
  for (const file of folders.filter(folder => existsSync(folder)).flatMap(bodiesUnder)) {
    if (units++ >= limit) break
    const kept = readFileSync(file)
    if (cipher.isCurrent(kept)) continue
    await replace(file, cipher.sealBytes(cipher.openBytes(kept, bodyPlace(basename(file))), bodyPlace(basename(file))))
    files++
  }
  return { values, files }
}

function bodiesUnder (folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)).filter(name => /\/[0-9a-f]{64}$/.test(name) && statSync(name).isFile())
}

/** Whole or not at all. */
async function replace (file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${newNo('part')}`
  const handle = await open(temporary, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  renameSync(temporary, file)
}

/** How many values and files are sealed under a key. */
export async function sealedUnder (db: Db, id: string, folders: readonly string[]): Promise<number> {
  let found = 0
  for (const sealed of sealed_columns) {
    const column = (getTableColumns(sealed.table) as Record<string, Column>)[sealed.column] as Column
    const [row] = await db.read.select({ many: expression<number>`count(*)`.mapWith(Number) } as never).from(sealed.table as SQLiteTable)
      .where(begins(column, `${sealed.around?.[0] ?? ''}v1.${id}.`)) as { many: number }[]
    found += row?.many ?? 0
  }
  const head = Buffer.from(`v1.${id}.`)
  for (const file of folders.filter(folder => existsSync(folder)).flatMap(bodiesUnder)) if (readFileSync(file).subarray(0, head.length).equals(head)) found++
  return found
}

/** The keyring without one of its old keys. */
export function withoutKey (text: string, id: string): string {
  const ring = JSON.parse(text) as { current: string, keys: { id: string, key: string }[], index_key: string }
  if (ring.current === id) throw new Error(`${id} is the current key: add another one first`)
  if (!ring.keys.some(key => key.id === id)) throw new Error(`there is no key ${id}`)
  const left = `${JSON.stringify({ ...ring, keys: ring.keys.filter(key => key.id !== id) }, null, 2)}\n`
  parseKeyring(left)
  return left
}

export function bodyFolders ({ data_dir }: Pick<Config, 'data_dir'>): string[] {
  return ['documents', 'lists'].map(name => join(data_dir, name))
}

function writePrivately (file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true })
  renameSync(`${file}.new`, file)
}

async function main (): Promise<string> {
  const { values: { first, add, drop } } = parseArgs({ options: { first: { type: 'string' }, add: { type: 'string' }, drop: { type: 'string' } } })
  const config = readConfig()
  const file = config.kek_file ?? join(config.data_dir, 'keys', 'kek.json')
  if (first !== undefined) {
    writeFileSync(file, newKeyring(first), { mode: 0o600, flag: 'wx', flush: true })
    return `made ${file}: keep a copy in a safe place apart from every backup`
  }
  if (add !== undefined) {
    writePrivately(file, rotatedKeyring(readFileSync(file, 'utf8'), add))
    return `${add} seals from now on: start every hub process again, then run this without --add`
  }
  const db = openDb(config.database_url ?? join(config.data_dir, 'hub.sqlite'), runningClock(config.now ?? undefined))
  try {
    const text = readFileSync(file, 'utf8')
    const keyring = parseKeyring(text)
    if (drop !== undefined) {
      const left = withoutKey(text, drop)
      const found = await sealedUnder(db, drop, bodyFolders(config))
      if (found > 0) throw new Error(`${found} values are still sealed under ${drop}: run this without --drop first`)
      writePrivately(file, left)
      return `${drop} is gone; backups made before it was replaced can be read with a copy of it only`
    }
    const { values, files } = await reseal(db, hubCipher(config, keyring), bodyFolders(config))
    return `${values} values and ${files} files moved to ${keyring.current.id}, ${config.seal_algorithm}`
  } finally {
    await db.close()
  }
}

if (import.meta.main) {
  try {
    console.log(await main())
  } catch (error) {
    for (const line of error instanceof ConfigError ? error.mistakes : [error instanceof Error ? error.message : String(error)]) console.error(line)
    process.exit(1)
  }
}
