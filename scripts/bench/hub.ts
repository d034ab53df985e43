/** Starts a hub as its own process on a temporary folder, as `npm start` would. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SandboxFile, SandboxParticipant } from '../../src/registry/participants/sandbox.ts'

export interface RunningHub {
  base_url: string
  data_dir: string
  sandbox: SandboxFile
  process: ChildProcess
  participant (participant_no: string): SandboxParticipant
  /** A JSON request of a participant's machine, or of its n-th user (from 1). Errors: any answer of 400 or above. */
  call<T> (participant_no: string, method: string, path: string, body?: unknown, user?: number): Promise<T>
  upload<T> (participant_no: string, path: string, name: string, bytes: Uint8Array): Promise<T>
  stop (signal?: NodeJS.Signals): Promise<void>
}

let keys = 0
export const nextKey = (): string => `bench-key-${process.pid}-${String(++keys).padStart(10, '0')}`

const root = join(import.meta.dirname, '../..')

/** A bench that fails leaves no process behind. */
export function endsWithUs (child: ChildProcess): void {
  const end = (): void => { child.kill('SIGKILL') }
  process.once('exit', end)
  child.once('exit', () => process.removeListener('exit', end))
}

export async function startHub (env: Record<string, string> = {}, folder?: string): Promise<RunningHub> {
  const data_dir = folder ?? mkdtempSync(join(tmpdir(), 'rongqiao-hub-'))
  const child = spawn(process.execPath, [join(root, 'src/server.ts')], {
    env: { ...process.env, HUB_MODE: 'sandbox', HOST: '127.0.0.1', PORT: '0', DATA_DIR: data_dir, LOG_LEVEL: 'warn', RATE_LIMIT_PER_MINUTE: '100000000', RATE_LIMIT_PER_ADDRESS_PER_MINUTE: '100000000',
      ...env
    },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  endsWithUs(child)
  const exited = new Promise<void>(resolve => { child.once('exit', () => resolve()) })
  const base_url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const found = /(http:\/\/127\.0\.0\.1:\d+)/.exec(text)
      if (found?.[1] !== undefined) resolve(found[1])
    })
    child.once('exit', code => reject(new Error(`the hub ended with ${code} before it was ready`)))
  })
  const sandbox = JSON.parse(readFileSync(join(data_dir, 'sandbox.json'), 'utf8')) as SandboxFile
  const participant = (participant_no: string): SandboxParticipant => {
    const found = sandbox.participants.find(each => each.participant_no === participant_no)
    if (found === undefined) throw new Error(`no participant ${participant_no}`)
    return found
  }
  async function send<T> (participant_no: string, method: string, path: string, headers: Record<string, string>, body?: string | FormData, user?: number): Promise<T> {
    const { api_key, users } = participant(participant_no)
    const answer = await fetch(base_url + path, {
      method, body: body ?? null,
      headers: { authorization: `Bearer ${user === undefined ? api_key : users[user - 1]?.api_key}`, ...(method === 'POST' ? { 'idempotency-key': nextKey() } : {}), ...headers }
    })
    const text = await answer.text()
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  return {
    base_url, data_dir, sandbox, process: child, participant,
    call: (participant_no, method, path, body, user) =>
      send(participant_no, method, path, body === undefined ? {} : { 'content-type': 'application/json' }, body === undefined ? undefined : JSON.stringify(body), user),
    upload (participant_no, path, name, bytes) {
      const form = new FormData()
      form.append('file', new Blob([bytes as Uint8Array<ArrayBuffer>]), name)
      return send(participant_no, 'POST', path, {}, form)
    },
    async stop (signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await exited
      if (folder === undefined) rmSync(data_dir, { recursive: true, force: true })
    }
  }
}

/** Asks until the answer is there. */
export async function until<T> (ask: () => Promise<T | undefined>, what: string, wait_ms = 30_000): Promise<T> {
  const deadline = performance.now() + wait_ms
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
