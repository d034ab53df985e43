/** The steps of the image without an image: what it copies is there and enough, and the hub runs on files that can only be read. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../../scripts/bench/hub.ts'
import { mountingIsAllowed } from '../../scripts/harness/disk-full.ts'

const skip = process.env.DATABASE_URL ? 'does not depend on the database' : false
const root = join(import.meta.dirname, '../..')
const steps = readFileSync(join(root, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ').split('\n')
const copied = steps.filter(line => line.startsWith('COPY ') && !line.includes('--from')).flatMap(line => line.split(' ').slice(1, -1))
/** Mounts a folder over itself for reading only, then becomes the program. */
const read_only = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'

/** The program's own files; the packages are linked in. */
const everything = (app: string): string[] => copied.flatMap(name => statSync(join(app, name)).isDirectory() ? readdirSync(join(app, name), { recursive: true, encoding: 'utf8' }) : [name]).concat(readdirSync(app))

t.test('what the image copies is there, and is not ignored', { skip }, async t => {
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').trim().split('\n')
  t.ok(copied.length > 5)
  for (const name of copied) {
    t.ok(existsSync(join(root, name)), name)
    t.notOk(ignored.includes(name), `${name} is not ignored`)
  }
  t.equal(steps.findLast(line => line.startsWith('USER ')), 'USER node', 'it runs as somebody without rights')
  t.match(readFileSync(join(root, 'scripts/examples/compose.yaml'), 'utf8'), /read_only: true/)
})

t.test('the program needs no package that the image leaves out', { skip }, async t => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
  const named = files.flatMap(name => [...readFileSync(join(root, 'src', name), 'utf8').matchAll(/^(?:import|export) (?!type ).*from '([^.'][^']*)'/gm)].map(([, from = '']) => from))
  const packages = new Set(named.filter(from => !from.startsWith('node:')).map(from => from.split('/').slice(0, from.startsWith('@') ? 2 : 1).join('/')))
  t.ok(packages.size > 10)
  t.same([...packages].filter(name => dependencies[name] === undefined), [])
})

t.test('the hub starts from the copied files alone, on a file system for reading, and writes to its data folder only', { skip }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-image-'))
  const app = join(folder, 'app')
  const data = mkdtempSync(join(tmpdir(), 'rongqiao-image-data-'))
  for (const each of [folder, data]) t.teardown(() => rmSync(each, { recursive: true, force: true }))
  for (const name of copied) cpSync(join(root, name), join(app, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(app, 'node_modules'))
  const before = everything(app)
  const server = [process.execPath, join(app, 'src/server.ts')]
  const [command = '', ...words] = mountingIsAllowed() ? ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', read_only, 'sh', app, ...server] : server
  const hub = spawn(command, words, {
    env: { PATH: process.env.PATH, HUB_MODE: 'sandbox', HOST: '127.0.0.1', PORT: '0', DATA_DIR: data, LOG_LEVEL: 'warn' }, stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => hub.kill('SIGKILL'))
  let said = ''
  hub.stdout.on('data', (chunk: Buffer) => { said += chunk.toString() })
  const address = await until(async () => hub.exitCode === null ? /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] : 'it ended', 'the hub to listen', 60_000)
  const ready = await fetch(`${address}/health/ready`)
  t.match(await ready.json(), { status: 'ready' })
  const ended = new Promise(resolve => { hub.once('exit', resolve) })
  hub.kill('SIGTERM')
  t.equal(await ended, 0)
  t.same(everything(app), before, 'nothing new among the files of the program')
  t.ok(readdirSync(data).includes('hub.sqlite'))
})
