/** Many connections that cost their owner little, so that a hub meets more than it can do. */
import { connect, type Socket } from 'node:net'

export interface RawAnswer { status: number, retry_after: number | null }

export interface RawClients {
  /** Sends on a free connection, waiting for one where all are busy. Errors: the connection broke before its answer. */
  ask (request: string): Promise<RawAnswer>
  close (): void
}

/** The whole text of one HTTP/1.1 request. */
export function rawRequest (method: string, path: string, headers: Record<string, string>, body: string): string {
  const lines = Object.entries({ ...headers, host: 'x', 'content-length': String(Buffer.byteLength(body)) }).map(([name, value]) => `${name}: ${value}`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`
}

/** The answer at the beginning of a text, or null while it is not whole. */
function answerIn (text: string): RawAnswer | null {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = text.slice(0, end)
  const bytes = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
  if (Buffer.byteLength(text) < Buffer.byteLength(head) + 4 + bytes) return null
  const retry_after = /\r\nretry-after: (\d+)/i.exec(head)?.[1]
  return { status: Number(head.slice(9, 12)), retry_after: retry_after === undefined ? null : Number(retry_after) }
}

interface Connection { socket: Socket, text: string, asked: { resolve (answer: RawAnswer): void, reject (reason: Error): void } | null }

/** Opens all connections first; one that the hub closed while nobody used it is opened anew. */
export async function rawClients (port: number, count: number): Promise<RawClients> {
  const all = new Set<Connection>()
  const free: Connection[] = []
  const waiting: ((connection: Connection) => void)[] = []

  function open (): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const connection: Connection = { socket: connect(port, '127.0.0.1', () => resolve(connection)), text: '', asked: null }
      all.add(connection)
      connection.socket.on('data', (chunk: Buffer) => {
        connection.text += chunk.toString()
        const found = answerIn(connection.text)
        if (found !== null) connection.asked?.resolve(found)
      }).on('error', reject).on('close', () => {
        all.delete(connection)
        const place = free.indexOf(connection)
        if (place >= 0) free.splice(place, 1)
        connection.asked?.reject(new Error('the connection was closed'))
        if (waiting.length > 0) open().then(leave, () => undefined)
      })
    })
  }

  const whenFree = (): Promise<Connection> => all.size < count ? open() : new Promise(resolve => { waiting.push(resolve) })
  function leave (connection: Connection): void {
    connection.asked = null
    connection.text = ''
    const next = waiting.shift()
    if (next === undefined) free.push(connection)
    else next(connection)
  }

  free.push(...await Promise.all(Array.from({ length: count }, open)))
  return {
    async ask (request) {
      const connection = free.pop() ?? await whenFree()
      const answer = await new Promise<RawAnswer>((resolve, reject) => {
        connection.asked = { resolve, reject }
        connection.socket.write(request)
      })
      leave(connection)
      return answer
    },
    close () {
      for (const { socket } of all) socket.destroy()
    }
  }
}
