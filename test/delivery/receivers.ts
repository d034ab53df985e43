/** Receivers on 127.0.0.1 for the tests of webhooks. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export interface Got { headers: IncomingHttpHeaders, body: string, message: { type: string, timestamp: string, data: Record<string, string | null> } }
export interface Receiver {
  url: string
  got: Got[]
  /** messages without the challenge */
  messages (): Got[]
  /** status with which a challenge is answered */
  challenge: number
  /** answers from now on; null: never answers */
  answer: (message: Got) => { status: number, headers?: Record<string, string>, body?: string } | null
  server: Server
}

export async function receiver (t: Test, answer: Receiver['answer'] = () => ({ status: 204 })): Promise<Receiver> {
  const got: Got[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => { body += chunk.toString() })
    request.on('end', () => {
      const one: Got = { headers: request.headers, body, message: JSON.parse(body) }
      got.push(one)
      const reply = one.message.type === 'webhook_endpoint.challenge' ? { status: made.challenge, body: JSON.stringify({ challenge: one.message.data.challenge }) } : made.answer(one)
      if (reply === null) return
      response.writeHead(reply.status, 'headers' in reply ? reply.headers : {}).end(reply.body ?? '')
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const made: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, got, challenge: 200, answer, server,
    messages: () => got.filter(({ message }) => message.type !== 'webhook_endpoint.challenge')
  }
  return made
}

const look_again_ms = 10

/** Waits until something holds; fails the test when it does not within the time. */
export async function until (t: Test, what: string, holds: () => boolean | Promise<boolean>, within_ms = 8000): Promise<void> {
  for (let waited = 0; waited < within_ms; waited += look_again_ms) {
    if (await holds()) return
    await new Promise(resolve => setTimeout(resolve, look_again_ms))
  }
  t.fail(`not within ${within_ms} ms: ${what}`)
}
