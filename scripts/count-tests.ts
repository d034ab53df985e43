/**
 * Reads TAP of tap's runner: prints "N passed, N failed" and names what failed.
 *   node scripts/count-tests.ts results.tap
 *   node scripts/count-tests.ts --sum <failed steps> a.tap b.tap    the closing line; exits 1 unless all passed
 */
import { readFileSync } from 'node:fs'

interface Count { passed: number, failed: number, names: string[] }

/** Counts the assertions that stand deepest; a file that died without a plan counts as one failure. */
function count (file: string): Count {
  const path: string[] = []
  const names: string[] = []
  let passed = 0
  let failed = 0
  let leaves = 0
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const opened = /^( *)# Subtest: (.*)$/.exec(line)
    if (opened !== null) {
      path[(opened[1] ?? '').length / 4] = opened[2] ?? ''
      path.length = (opened[1] ?? '').length / 4 + 1
      leaves = 0
      continue
    }
    const result = /^( *)(ok|not ok) \d+ - (.*?)(?: # (?!time)(\w+).*)?$/.exec(line)
    if (result === null) continue
    const [, indent = '', outcome, name = '', directive] = result
    const depth = indent.length / 4
    const closes = path[depth] !== undefined && name.startsWith(path[depth] as string)
    if (closes) {
      path.length = depth
      if (outcome === 'not ok' && leaves === 0) {
        failed++
        names.push([...path, name].join(' › '))
      }
      leaves = 1
      continue
    }
    if (directive === 'SKIP' || directive === 'TODO') continue
    leaves++
    if (outcome === 'ok') passed++
    else {
      failed++
      names.push([...path.slice(0, depth), name].join(' › '))
    }
  }
  return { passed, failed, names }
}

const [first = '', ...rest] = process.argv.slice(2)
if (first === '--sum') {
  const [steps = '0', ...files] = rest
  const counts = files.map(count)
  const passed = counts.reduce((sum, each) => sum + each.passed, 0)
  const failed = counts.reduce((sum, each) => sum + each.failed, Number(steps))
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
} else {
  const { passed, failed, names } = count(first)
  console.log(`${passed} passed, ${failed} failed`)
  for (const name of names) console.log(`  not ok: ${name}`)
}
