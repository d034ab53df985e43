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

/** Opens all connections first. */
export async function rawClients (port: number, count: number): Promise<RawClients> {
  const free: Socket[] = await Promise.all(Array.from({ length: count }, () => new Promise<Socket>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.once('error', reject)
  })))
  const all = [...free]
  const waiting: ((socket: Socket) => void)[] = []
  return {
    async ask (request) {
      const socket = free.pop() ?? await new Promise<Socket>(resolve => { waiting.push(resolve) })
      const answer = await new Promise<RawAnswer>((resolve, reject) => {
        let text = ''
        socket.removeAllListeners()
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString()
          const found = answerIn(text)
          if (found !== null) resolve(found)
        }).on('error', reject).on('close', () => reject(new Error('the connection was closed')))
        socket.write(request)
      })
      const next = waiting.shift()
      if (next === undefined) free.push(socket)
      else next(socket)
      return answer
    },
    close () {
      for (const socket of all) socket.removeAllListeners().on('error', () => undefined).destroy()
    }
  }
}
