/** The law of the house (which line lives in which room), kept true by reading the source. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')
const floors = ['policy', 'db', 'http', 'journal', 'delivery', 'registry', 'intake', 'matching', 'lending', 'subsidy', 'payment', 'risk', 'oversight']
const foundations = ['clock.ts', 'config.ts', 'problem.ts']
const wiring = ['app.ts', 'server.ts']

interface Source { path: string, text: string, floor: string, imports: string[] }

const sources: Source[] = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts')).map(name => {
  const path = name.split(sep).join('/')
  const text = readFileSync(join(root, 'src', name), 'utf8')
  const imports = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(match => relative(join(root, 'src'), resolve(root, 'src', name, '..', match[1] ?? '')).split(sep).join('/'))
  return { path, text, floor: path.includes('/') ? path.split('/')[0] ?? '' : '', imports }
})

/** Code without comments, so that a word in prose breaks no law. */
const code = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '')

function broken (law: (source: Source) => string | false | undefined): string[] {
  return sources.flatMap(source => {
    const found = law(source)
    return found === false || found === undefined ? [] : [`${source.path}: ${found}`]
  })
}

t.test('a floor imports only floors that stand before it', async t => {
  t.same(broken(({ path, floor, imports }) => {
    if (wiring.includes(path)) return false
    const own = floors.indexOf(floor)
    const wrong = imports.find(target => {
      if (!target.includes('/')) return !foundations.includes(target)
      return floors.indexOf(target.split('/')[0] ?? '') > own || !floors.includes(target.split('/')[0] ?? '')
    })
    return wrong
  }), [])
})

t.test('every file stands on a known floor, at most two folders deep', async t => {
  t.same(broken(({ path, floor }) => {
    if (floor === '') return foundations.includes(path) || wiring.includes(path) ? false : 'unknown at the top'
    if (!floors.includes(floor)) return 'unknown floor'
    return path.split('/').length > 3 && 'too deep'
  }), [])
})

t.test('only config.ts reads the environment', async t => {
  t.same(broken(({ path, text }) => path !== 'config.ts' && code(text).includes('process.env') && 'process.env'), [])
})

t.test('only clock.ts asks what time it is', async t => {
  t.same(broken(({ path, text }) => path !== 'clock.ts' && /Date\.now\(\)|new Date\(\)/.exec(code(text))?.[0]), [])
})

t.test('only policy/ computes with decimals', async t => {
  t.same(broken(({ floor, text }) => floor !== 'policy' && text.includes("'decimal.js'") && 'decimal.js'), [])
})

t.test('policy/ is pure: no await, no clock, no input or output', async t => {
  t.same(broken(({ floor, text }) => floor === 'policy' && /\bawait\b|\basync\b|'node:|Math\.random|process\./.exec(code(text))?.[0]), [])
})

t.test('a store knows no Problem, opens no unit and knows no Fastify', async t => {
  t.same(broken(({ path, text }) => path.endsWith('/store.ts') && /\bnew Problem\b|\bdb\.write\b|'fastify'/.exec(code(text))?.[0]), [])
})

t.test('routes query nothing; services know no column and no Fastify', async t => {
  t.same(broken(({ path, text }) => path.endsWith('/routes.ts') && /from 'drizzle-orm|\.write\(/.exec(code(text))?.[0]), [])
  t.same(broken(({ path, text }) => path.endsWith('/service.ts') && floors.indexOf(path.split('/')[0] ?? '') >= floors.indexOf('registry') &&
    /from 'drizzle-orm|'fastify'/.exec(code(text))?.[0]), [])
})

t.test('a schema calls nothing that decides', async t => {
  t.same(broken(({ path, imports }) => path.endsWith('/schema.ts') && imports.find(target => /(store|service|routes)\.ts$/.test(target))), [])
})

t.test('only writing.ts makes cells of workbooks and fields of tables: there every text is made safe from being run', async t => {
  const writer = 'intake/enterprise-lists/writing.ts'
  const markup = /<(?:\$\{\w+\})?(?:c|v|f|is|sheetData)[ >]|t="inlineStr"/
  const table = /text\/csv|tab-separated|spreadsheetml\.sheet|ms-excel|replaceAll\('"', '""'\)/
  t.same(broken(({ path, text }) => path !== writer && (markup.exec(code(text)) ?? table.exec(code(text)))?.[0]), [])
})

t.test('nothing is left undone or silenced', async t => {
  t.same(broken(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b|@ts-ignore|@ts-expect-error|(ox|es)lint-disable/.exec(text)?.[0] ?? /: any\b|\bas any\b/.exec(code(text))?.[0]), [])
})

t.test('a newcomer finds a line: no file over 400 lines', async t => {
  t.same(broken(({ path, text }) => !/policy\/(industries|regions|calendar-data)\.ts/.test(path) && text.split('\n').length > 401 && `${text.split('\n').length} lines`), [])
})
