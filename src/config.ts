/**
 * The one file that reads the environment. Every mistake is reported at once.
 */
import { readFileSync } from 'node:fs'

export type HubMode = 'sandbox' | 'production'

export type PartnerStatuses = Readonly<Record<string, Readonly<Record<string, string>>>>
export const SEAL_ALGORITHMS = ['AES_256_GCM', 'SM4_CTR_HMAC_SM3'] as const
export type SealAlgorithm = typeof SEAL_ALGORITHMS[number]

export interface Config {
  host: string
  port: number
  data_dir: string
  /** postgres://… or null for SQLite in data_dir */
  database_url: string | null
  hub_mode: HubMode
  /** address that outside clients use; null = derived from host and port */
  public_url: string | null
  log_level: string
  /** instant at which the sandbox clock starts; null = the machine's time */
  now: string | null
  /** file with the key-encryption keys; null = `keys/kek.json` in data_dir, made by the sandbox */
  kek_file: string | null
  /** seals values at rest from now on; what was sealed by the other one opens as before */
  seal_algorithm: SealAlgorithm
  /** participant → its own word for a stage → the event of a lead it stands for; from PARTNER_STATUS_FILE */
  partner_statuses: PartnerStatuses
  /** days for which attempts of webhooks are kept; the feed keeps every event */
  webhook_attempts_kept_days: number
  /** requests per minute that one client may send */
  rate_limit_per_minute: number
  /** requests per minute from one network address, known or not */
  rate_limit_per_address_per_minute: number
  /** addresses or networks of the reverse proxies whose X-Forwarded-For is believed */
  trusted_proxies: readonly string[]
  /** a connection on which nothing moves for so long, as with a reader that does not read, is closed */
  silent_connection_seconds: number
  /** a report that has to read more rows is made in the background: 25 µs a lead, so this is half a second of one core */
  report_rows_at_once: number
}

/** What the sandbox's invented platform says. */
const sandbox_statuses: PartnerStatuses = {
  'partner-platform-1': {
    已受理: 'ACKNOWLEDGED', 已对接: 'CONTACTED', 尽调中: 'DUE_DILIGENCE', 已报审: 'PLAN_SUBMITTED', 审批通过: 'APPROVED', 审批未通过: 'REJECTED', 已签约: 'CONTRACT_SIGNED', 已放款: 'DISBURSED',
    企业放弃: 'ABANDONED_BY_ENTERPRISE'
  }
}

function partnerStatuses (file: string | undefined, is_sandbox: boolean, mistakes: string[]): PartnerStatuses {
  if (file === undefined || file === '') return is_sandbox ? sandbox_statuses : {}
  let table: unknown
  try {
    table = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    mistakes.push(`PARTNER_STATUS_FILE ${file} cannot be read: ${(error as Error).message}`)
    return {}
  }
  const needs = (where: string, form: string): number => mistakes.push(`PARTNER_STATUS_FILE ${file}: ${where} needs the form ${form}`)
  if (!isTable(table)) {
    needs('the whole', '{ participant: { word: event } }')
    return {}
  }
  for (const [participant_no, words] of Object.entries(table)) {
    if (!isTable(words)) needs(`"${participant_no}"`, '{ word: event }')
    else for (const [word, event] of Object.entries(words)) if (typeof event !== 'string') needs(`"${word}" of "${participant_no}"`, '"EVENT"')
  }
  return table as PartnerStatuses
}

function isTable (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const log_levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Which dialect this process speaks; db/columns.ts builds its tables by it. */
export const dialect: 'sqlite' | 'postgres' = /^postgres(ql)?:/.test(process.env.DATABASE_URL ?? '') ? 'postgres' : 'sqlite'

export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly mistakes: readonly string[]
  constructor (mistakes: readonly string[]) {
    super(`configuration: ${mistakes.join('; ')}`)
    this.mistakes = mistakes
  }
}

/**
 * Environment → frozen configuration.
 *
 * Errors: ConfigError with every mistake.
 */
export function readConfig (env: NodeJS.ProcessEnv = process.env): Readonly<Config> {
  const mistakes: string[] = []
  const hub_mode = env.HUB_MODE ?? 'production'
  if (hub_mode !== 'sandbox' && hub_mode !== 'production') mistakes.push(`HUB_MODE is "${hub_mode}", needs sandbox or production`)
  const port = Number(env.PORT ?? '8080')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) mistakes.push(`PORT is "${env.PORT}", needs a whole number from 0 to 65535`)
  const database_url = env.DATABASE_URL === undefined || env.DATABASE_URL === '' ? null : env.DATABASE_URL
  if (database_url !== null && dialect !== 'postgres') mistakes.push('DATABASE_URL needs the form postgres://user:password@host:port/database')
  const log_level = env.LOG_LEVEL ?? 'info'
  if (!log_levels.includes(log_level)) mistakes.push(`LOG_LEVEL is "${log_level}", needs one of ${log_levels.join(', ')}`)
  const now = env.NOW === undefined || env.NOW === '' ? null : env.NOW
  if (now !== null) {
    if (hub_mode !== 'sandbox') mistakes.push('NOW is for HUB_MODE=sandbox only')
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(now) || Number.isNaN(Date.parse(now))) {
      mistakes.push(`NOW is "${now}", needs an instant with offset such as 2026-03-18T09:00:00+08:00`)
    }
  }
  const public_url = env.PUBLIC_URL === undefined || env.PUBLIC_URL === '' ? null : env.PUBLIC_URL
  if (public_url !== null) {
    if (!URL.canParse(public_url)) mistakes.push(`PUBLIC_URL is "${public_url}", needs an absolute URL`)
    else if (hub_mode === 'production' && !public_url.startsWith('https://')) mistakes.push('PUBLIC_URL needs https in production')
  }
  if (hub_mode === 'production' && public_url === null) mistakes.push('PUBLIC_URL is missing: production needs the https address that clients use')
  const kek_file = env.KEK_FILE === undefined || env.KEK_FILE === '' ? null : env.KEK_FILE
  if (hub_mode === 'production' && kek_file === null) mistakes.push('KEK_FILE is missing: production needs the file with the key-encryption keys')
  const seal_algorithm = SEAL_ALGORITHMS.find(each => each === (env.SEAL_ALGORITHM ?? 'AES_256_GCM'))
  if (seal_algorithm === undefined) mistakes.push(`SEAL_ALGORITHM is "${env.SEAL_ALGORITHM}", needs one of ${SEAL_ALGORITHMS.join(', ')}`)
  const partner_statuses = partnerStatuses(env.PARTNER_STATUS_FILE, hub_mode === 'sandbox', mistakes)
  const webhook_attempts_kept_days = Number(env.WEBHOOK_ATTEMPTS_KEPT_DAYS ?? '90')
  if (!Number.isInteger(webhook_attempts_kept_days) || webhook_attempts_kept_days < 7) mistakes.push('WEBHOOK_ATTEMPTS_KEPT_DAYS needs a whole number from 7 on')
  const rate_limit_per_minute = Number(env.RATE_LIMIT_PER_MINUTE ?? '600000')
  if (!Number.isInteger(rate_limit_per_minute) || rate_limit_per_minute < 1) mistakes.push('RATE_LIMIT_PER_MINUTE needs a whole number above zero')
  const rate_limit_per_address_per_minute = Number(env.RATE_LIMIT_PER_ADDRESS_PER_MINUTE ?? '1200000')
  if (!Number.isInteger(rate_limit_per_address_per_minute) || rate_limit_per_address_per_minute < 1) {
    mistakes.push('RATE_LIMIT_PER_ADDRESS_PER_MINUTE needs a whole number above zero')
  }
  const silent_connection_seconds = Number(env.SILENT_CONNECTION_SECONDS ?? '90')
  if (!Number.isInteger(silent_connection_seconds) || silent_connection_seconds < 1) mistakes.push('SILENT_CONNECTION_SECONDS needs a whole number above zero')
  const report_rows_at_once = Number(env.REPORT_ROWS_AT_ONCE ?? '20000')
  if (!Number.isInteger(report_rows_at_once) || report_rows_at_once < 0) mistakes.push('REPORT_ROWS_AT_ONCE needs a whole number from 0 on')
  const trusted_proxies = (env.TRUSTED_PROXIES ?? '').split(',').map(each => each.trim()).filter(each => each !== '')
  if (!trusted_proxies.every(each => /^[0-9a-fA-F.:]+(\/\d{1,3})?$/.test(each))) mistakes.push('TRUSTED_PROXIES needs addresses or networks such as 10.0.0.0/8, separated by commas')
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return Object.freeze({
    host: env.HOST ?? '127.0.0.1',
    port,
    data_dir: env.DATA_DIR ?? './data',
    database_url,
    hub_mode: hub_mode as HubMode,
    public_url,
    log_level,
    now,
    kek_file,
    seal_algorithm: seal_algorithm as SealAlgorithm,
    webhook_attempts_kept_days,
    partner_statuses,
    rate_limit_per_minute,
    rate_limit_per_address_per_minute,
    trusted_proxies,
    silent_connection_seconds,
    report_rows_at_once
  })
}
