/** Broken lists in any number, the same from the same seed. */
import { zipEntries, zipOf, packedEntry, unpacked } from '../../src/intake/enterprise-lists/zip.ts'
import { aRow, gbk, HEADS, workbook } from './list-fixtures.ts'

export const FILE_NAMES = ['l.xlsx', 'l.csv', 'l.xls', ''] as const

/** A small generator (mulberry32): the same seed, the same files. */
export function random (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export const pick = <T>(next: () => number, from: readonly T[]): T | undefined => from[Math.floor(next() * from.length)]

function mutatedBytes (bytes: Uint8Array, next: () => number): Uint8Array {
  const mutated = [...bytes]
  for (let count = 1 + Math.floor(next() * 8); count > 0; count--) {
    const at = Math.floor(next() * mutated.length)
    const kind = next()
    if (kind < 0.5) mutated[at] = Math.floor(next() * 256)
    else if (kind < 0.7) mutated.splice(at, 1 + Math.floor(next() * 20))
    else if (kind < 0.9) mutated.splice(at, 0, ...Array.from({ length: 1 + Math.floor(next() * 20) }, () => Math.floor(next() * 256)))
    else mutated.length = at
  }
  return Uint8Array.from(mutated)
}

const PIECES = [
  '<', '>', '&', '&#0;', '&#xD800;', '<!--', ']]>', '<![CDATA[', '<!DOCTYPE a>', '<row r="3">', '</row>', '<c r="XFD1048576"><v>1</v></c>', '<c r="A2" t="s"><v>-1</v></c>', 't="s"', 't="e"',
  't="d"', 'r="A0"', '<mergeCell ref="A1:XFD1048576"/>', '<mergeCells><mergeCell ref="A2:A1048576"/></mergeCells>', '<v>1E308</v>', '<v>NaN</v>', '<v>1e400</v>', '\u0000', '企业名称', '万元', '年', '\ud83d\ude00',
  '<f/>', '<is><t>=1+1</t></is>', ' s="99999"', ' hidden="1"', '99999999999999999999', '-1', '<sheet name="x" r:id="rId9"/>', '<numFmt numFmtId="164" formatCode="[$-F800"/>'
]

/** The same in the parts, packed again with right checksums, so that the damage reaches the XML readers. */
function mutatedParts (bytes: Uint8Array, next: () => number): Uint8Array {
  const entries = zipEntries(bytes)
  const victim = pick(next, entries)
  return zipOf(entries.flatMap((entry) => {
    if (entry !== victim) return [entry]
    if (next() < 0.05) return []
    let text = unpacked(entry, { bytes_left: 1e7 }).toString('utf8')
    for (let count = 1 + Math.floor(next() * 3); count > 0; count--) {
      const at = Math.floor(next() * text.length)
      const kind = next()
      if (kind < 0.5) text = text.slice(0, at) + (pick(next, PIECES) ?? '') + text.slice(at)
      else if (kind < 0.75) text = text.slice(0, at) + text.slice(at + 1 + Math.floor(next() * 30))
      else text = text.slice(0, at) + (pick(next, PIECES) ?? '') + text.slice(at + (pick(next, PIECES) ?? '').length)
    }
    return [packedEntry(entry.name, Buffer.from(text, 'utf8'))]
  }))
}

const xlsx = workbook({
  sheets: [{ name: '名单', rows: [['名单（单位：万元）'], HEADS, aRow(0), aRow(1), ['合计', null, null, null, 600]], merges: ['A1:H1', 'A3:A4'] }, { name: '乙', rows: [HEADS, aRow(2)] }], formats: ['yyyy-mm-dd', '0!.0,']
})
const csv = [HEADS, aRow(0), aRow(1)].map((row) => row.join(',')).join('\r\n')
/** Ways to make a broken file, the same from the same numbers. */
export const broken_files: [name: string, make: (next: () => number) => Uint8Array][] = [
  ['workbooks with broken bytes', (next) => mutatedBytes(xlsx, next)],
  ['workbooks with broken parts', (next) => mutatedParts(xlsx, next)],
  ['CSV in UTF-8', (next) => mutatedBytes(Buffer.from(csv, 'utf8'), next)],
  ['CSV in GB18030', (next) => mutatedBytes(gbk(csv), next)],
  ['noise', (next) => Uint8Array.from({ length: Math.floor(next() * 4000) }, () => Math.floor(next() * 256))]
]
