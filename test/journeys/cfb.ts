/** A compound file (MS-CFB) as Office writes one around an encrypted workbook: header, one FAT sector, a directory, streams. */

const SECTOR = 512
const END = 0xfffffffe
const FREE = 0xffffffff
const FAT = 0xfffffffd

/** @param streams each at least 4096 bytes long, so that none needs the mini stream; at most three */
export function compoundFile (streams: readonly { name: string, bytes: Uint8Array }[]): Buffer {
  const fat: number[] = [FAT, END]
  const bodies: Buffer[] = []
  const starts = streams.map(({ bytes }) => {
    const start = fat.length
    const sectors = Math.ceil(bytes.length / SECTOR)
    for (let index = 0; index < sectors; index++) fat.push(index === sectors - 1 ? END : start + index + 1)
    bodies.push(Buffer.concat([bytes, Buffer.alloc(sectors * SECTOR - bytes.length)]))
    return start
  })
  if (fat.length > SECTOR / 4 || streams.length > 3) throw new RangeError('more than one sector of FAT or directory')
  const header = Buffer.alloc(SECTOR, 0xff)
  header.fill(0, 0, 76)
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(header)
  header.writeUInt16LE(0x3e, 24)
  header.writeUInt16LE(3, 26)
  header.writeUInt16LE(0xfffe, 28)
  header.writeUInt16LE(9, 30)
  header.writeUInt16LE(6, 32)
  header.writeUInt32LE(1, 44)
  header.writeUInt32LE(1, 48)
  header.writeUInt32LE(4096, 56)
  header.writeUInt32LE(END, 60)
  header.writeUInt32LE(END, 68)
  header.writeUInt32LE(0, 76)
  const table = Buffer.alloc(SECTOR, 0xff)
  for (const [index, next] of fat.entries()) table.writeUInt32LE(next, index * 4)
  const entry = (name: string, type: number, child: number, right: number, start: number, size: number): Buffer => {
    const bytes = Buffer.alloc(128)
    bytes.write(name, 0, 'utf16le')
    bytes.writeUInt16LE((name.length + 1) * 2, 64)
    bytes.writeUInt8(type, 66)
    bytes.writeUInt8(1, 67)
    bytes.writeUInt32LE(FREE, 68)
    bytes.writeUInt32LE(right, 72)
    bytes.writeUInt32LE(child, 76)
    bytes.writeUInt32LE(start, 116)
    bytes.writeUInt32LE(size, 120)
    return bytes
  }
  const directory = Buffer.concat([
    entry('Root Entry', 5, 1, FREE, END, 0),
    ...streams.map(({ name, bytes }, index) => entry(name, 2, FREE, index + 1 < streams.length ? index + 2 : FREE, starts[index] ?? END, bytes.length)),
    Buffer.alloc((3 - streams.length) * 128)
  ])
  return Buffer.concat([header, table, directory, ...bodies])
}
