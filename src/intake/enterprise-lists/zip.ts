import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { ListRefused } from './refusals.ts'

const SIGNATURE_END = 0x06054b50
const SIGNATURE_END_64 = 0x06064b50
const SIGNATURE_CENTRAL = 0x02014b50
const SIGNATURE_LOCAL = 0x04034b50
const END_BYTES = 22
const COMMENT_BYTES_MAX = 0xffff
const ENTRIES_MAX = 4096
const STORED = 0
const DEFLATED = 8
const FLAG_ENCRYPTED = 1
const FLAG_DESCRIPTOR = 8
const FLAG_UTF8 = 0x0800
/** 1980-01-01, the earliest day the format knows: the same parts always give the same bytes. */
const DOS_EPOCH = 0x00210000

/** One part of the container, still packed. `stamp` is the DOS time and date. */
export interface ZipEntry {
  name: string
  method: number
  flags: number
  crc: number
  size: number
  stamp: number
  packed: Uint8Array
}

/** Bytes that may still be unpacked from one file; shared by all its parts. */
export interface Budget { bytes_left: number }

function damaged (en: string, zh: string): ListRefused {
  return new ListRefused('DAMAGED', { en, zh })
}

function endOfDirectory (view: DataView): { count: number, offset: number } {
  const from = view.byteLength - END_BYTES
  for (let at = from; at >= 0 && at >= from - COMMENT_BYTES_MAX; at--) {
    if (view.getUint32(at, true) !== SIGNATURE_END) continue
    const count = view.getUint16(at + 10, true)
    const offset = view.getUint32(at + 16, true)
    if (count !== 0xffff && offset !== 0xffffffff) return { count, offset }
    const at64 = at >= 20 ? Number(view.getBigUint64(at - 12, true)) : -1
    if (at64 < 0 || at64 + 56 > view.byteLength || view.getUint32(at64, true) !== SIGNATURE_END_64) break
    return { count: Number(view.getBigUint64(at64 + 32, true)), offset: Number(view.getBigUint64(at64 + 48, true)) }
  }
  throw damaged('Its directory is missing.', '压缩包目录缺失。')
}

/** Replaces the values that a ZIP64 extra field carries, in their fixed order. */
function widened (view: DataView, at: number, length: number, values: number[]): number[] {
  let field = at
  while (field + 4 <= at + length) {
    const id = view.getUint16(field, true)
    const size = view.getUint16(field + 2, true)
    if (id === 1) {
      let from = field + 4
      return values.map((value) => {
        if (value !== 0xffffffff || from + 8 > field + 4 + size) return value
        from += 8
        return Number(view.getBigUint64(from - 8, true))
      })
    }
    field += 4 + size
  }
  return values
}

/**
 * The parts of a ZIP container as its central directory lists them, nothing unpacked.
 *
 * @throws ListRefused DAMAGED when the directory does not fit the bytes, ENCRYPTED when a part is locked
 */
export function zipEntries (bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { count, offset } = endOfDirectory(view)
  if (count > ENTRIES_MAX) throw new ListRefused('TOO_LARGE_UNPACKED', { en: `It has ${count} parts.`, zh: `文件内含${count}个部件。` })
  const names = new Set<string>()
  const entries: ZipEntry[] = []
  let at = offset
  for (let i = 0; i < count; i++) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== SIGNATURE_CENTRAL) {
      throw damaged('Its directory is cut off.', '压缩包目录不完整。')
    }
    const name_bytes = view.getUint16(at + 28, true)
    const extra_bytes = view.getUint16(at + 30, true)
    const after_name = at + 46 + name_bytes
    if (after_name + extra_bytes > view.byteLength) throw damaged('Its directory is cut off.', '压缩包目录不完整。')
    const name = Buffer.from(bytes.subarray(at + 46, after_name)).toString('utf8').replaceAll('\\', '/')
    const flags = view.getUint16(at + 8, true)
    if ((flags & FLAG_ENCRYPTED) !== 0) throw new ListRefused('ENCRYPTED')
    if (names.has(name.toLowerCase())) throw damaged(`Part ${name} is there twice.`, `部件 ${name} 重复。`)
    names.add(name.toLowerCase())
    const [size = 0, packed_bytes = 0, local = 0] = widened(view, after_name, extra_bytes,
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)])
    if (local + 30 > view.byteLength || view.getUint32(local, true) !== SIGNATURE_LOCAL) {
      throw damaged(`Part ${name} is missing.`, `部件 ${name} 缺失。`)
    }
    const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true)
    if (from + packed_bytes > view.byteLength) throw damaged(`Part ${name} is cut off.`, `部件 ${name} 不完整。`)
    entries.push({
      name, flags, size, method: view.getUint16(at + 10, true), stamp: view.getUint32(at + 12, true),
      crc: view.getUint32(at + 16, true), packed: bytes.subarray(from, from + packed_bytes)
    })
    at = after_name + extra_bytes + view.getUint16(at + 32, true)
  }
  return entries
}

/**
 * The bytes of one part. The output is counted while inflating, whatever size the directory claims.
 *
 * @param budget what may still be unpacked of this file; lowered by what was
 * @throws ListRefused TOO_LARGE_UNPACKED, DAMAGED (also for a wrong checksum)
 */
export function unpacked (entry: ZipEntry, budget: Budget): Buffer {
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw damaged(`Part ${entry.name} is packed by an unknown method.`, `部件 ${entry.name} 的压缩方式无法识别。`)
  }
  if (entry.packed.length === 0 || budget.bytes_left < 1) {
    if (entry.size === 0) return Buffer.alloc(0)
    throw budget.bytes_left < 1 ? tooLarge() : damaged(`Part ${entry.name} is empty.`, `部件 ${entry.name} 为空。`)
  }
  let bytes: Buffer
  try {
    bytes = entry.method === STORED ? Buffer.from(entry.packed) : inflateRawSync(entry.packed, { maxOutputLength: budget.bytes_left })
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge()
    throw damaged(`Part ${entry.name} cannot be unpacked.`, `部件 ${entry.name} 无法解压。`)
  }
  if (bytes.length > budget.bytes_left) throw tooLarge()
  if (crc32(bytes) !== entry.crc) throw damaged(`Part ${entry.name} has a wrong checksum.`, `部件 ${entry.name} 校验和不符。`)
  budget.bytes_left -= bytes.length
  return bytes
}

function tooLarge (): ListRefused {
  return new ListRefused('TOO_LARGE_UNPACKED', { en: 'Unpacked it exceeds the limit.', zh: '解压后超出上限。' })
}

/** A part packed by us. */
export function packedEntry (name: string, bytes: Uint8Array): ZipEntry {
  return { name, method: DEFLATED, flags: 0, crc: crc32(bytes), size: bytes.length, stamp: DOS_EPOCH, packed: deflateRawSync(bytes) }
}

/** A ZIP container of the parts, in their order; parts that were read elsewhere keep their packed bytes. */
export function zipOf (entries: readonly ZipEntry[]): Uint8Array {
  const chunks: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const entry of entries) {
    const name = Buffer.from(entry.name, 'utf8')
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt16LE((entry.flags & ~FLAG_DESCRIPTOR) | FLAG_UTF8, 2)
    shared.writeUInt16LE(entry.method, 4)
    shared.writeUInt32LE(entry.stamp, 6)
    shared.writeUInt32LE(entry.crc, 10)
    shared.writeUInt32LE(entry.packed.length, 14)
    shared.writeUInt32LE(entry.size, 18)
    shared.writeUInt16LE(name.length, 22)
    const local = Buffer.alloc(4)
    local.writeUInt32LE(SIGNATURE_LOCAL)
    chunks.push(local, shared, name, entry.packed)
    const head = Buffer.alloc(6)
    head.writeUInt32LE(SIGNATURE_CENTRAL)
    head.writeUInt16LE(20, 4)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    directory.push(head, shared, tail, name)
    offset += local.length + shared.length + name.length + entry.packed.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(END_BYTES)
  end.writeUInt32LE(SIGNATURE_END)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...chunks, listed, end])
}
