/** Instructions against the schema of ISO 20022. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const xsd = join(import.meta.dirname, '../../../shared/data/iso20022/pain.001.001.09.xsd')
export const no_xmllint = !existsSync(xsd) || spawnSync('xmllint', ['--version']).error !== undefined

/** What the ISO 20022 schema has against an instruction; empty when it is valid, or cannot be checked here. */
export function schemaMistakes (xml: string): string {
  if (no_xmllint) return ''
  const { status, stderr } = spawnSync('xmllint', ['--noout', '--schema', xsd, '-'], { input: xml, encoding: 'utf8' })
  return status === 0 ? '' : stderr
}
