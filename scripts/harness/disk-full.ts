/**
 * Disk full: node scripts/harness/disk-full.ts [seconds full]
 *
 * A hub on a small file system of its own (tmpfs in a mount namespace; Linux, where unprivileged namespaces are allowed) works until the
 * disk is full. Writes are then refused with 503 and Retry-After, reads go on; when there is room again the hub goes on by itself; nothing
 * acknowledged is lost, also by the next start. One acknowledgement is made up on purpose in every run: it must be missed.
 */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { nextKey, startHub } from '../bench/hub.ts'
import { bearer, inventedVoucher } from '../bench/world.ts'
import { fill, loans, vouchersOf } from './hubs.ts'

export interface DiskFullReport {
  acknowledged: number
  /** writes refused with 503, storage_unavailable and Retry-After */
  refused: number
  /** answers to writes that are neither, with an example */
  wrong: number
  example: string | null
  reads: number
  reads_failed: number
  upload_status: number
  /** from the moment there is room to the first write that is accepted */
  recovered_ms: number
  /** refused writes that were sent again with the same key and accepted */
  accepted_again: number
  lost: number
  /** the seeded fault: an acknowledgement that was made up; 1 when the comparison missed it */
  noticed: number
}

const disk_bytes = 128 * 1024 * 1024
const left_bytes = 1024 * 1024
const writers = 8
const recovery_max_ms = 30_000
const mounting = ['--user', '--map-root-user', '--mount']

export function mountingIsAllowed (): boolean {
  return spawnSync('unshare', [...mounting, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0
}

/** Runs the harness where it may mount. */
export async function diskFull (seconds: number): Promise<DiskFullReport> {
  const { stdout } = await promisify(execFile)('unshare', [...mounting, process.execPath, import.meta.filename, String(seconds), '--inside'])
  return JSON.parse(stdout) as DiskFullReport
}

async function inside (seconds: number): Promise<DiskFullReport> {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${disk_bytes}`, 'tmpfs', folder], { encoding: 'utf8' })
  if (mounted.status !== 0) throw new Error(`cannot mount: ${mounted.stderr}`)
  const env = { DATABASE_URL: '', LOG_LEVEL: 'fatal' }
  const report: DiskFullReport = {
    acknowledged: 0, refused: 0, wrong: 0, example: null, reads: 0, reads_failed: 0, upload_status: 0, recovered_ms: -1, accepted_again: 0, lost: 0, noticed: 0
  }
  let hub = await startHub(env, folder)
  try {
    const document_no = await fill(hub)
    const ballast = join(folder, 'ballast')
    const { bavail, bsize } = statfsSync(folder)
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - left_bytes, 1))
    const headers = bearer(hub, 'bank-1')
    const { base_url } = hub
    const acknowledged = new Set<string>()
    const refused: { key: string, voucher: Record<string, unknown> }[] = []
    let n = 0
    async function post (key: string, voucher: Record<string, unknown>): Promise<boolean> {
      const answer = await fetch(`${base_url}/v1/interest-vouchers`, { method: 'POST', headers: { ...headers, 'idempotency-key': key }, body: JSON.stringify(voucher) })
      const text = await answer.text()
      if (answer.status < 300) {
        acknowledged.add(String(voucher.voucher_no))
        return true
      }
      if (answer.status === 503 && Number(answer.headers.get('retry-after')) > 0 && text.includes('storage_unavailable')) report.refused++
      else {
        report.wrong++
        report.example ??= `${answer.status} ${text.slice(0, 400)}`
      }
      refused.push({ key, voucher })
      return false
    }
    const life = { working: true }
    const writing = Array.from({ length: writers }, async () => {
      while (life.working) if (!await post(nextKey(), inventedVoucher(n++, 1, loans, document_no))) await new Promise(resolve => setTimeout(resolve, 50))
    })
    const reading = (async () => {
      while (life.working) {
        report.reads++
        for (const path of ['/v1/leads?limit=20', '/v1/interest-vouchers?limit=50', '/health/live']) if ((await fetch(base_url + path, { headers })).status !== 200) report.reads_failed++
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    })()
    const deadline = performance.now() + recovery_max_ms
    while (report.refused + report.wrong === 0 && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 5))
    await new Promise(resolve => setTimeout(resolve, seconds * 1000))
    const form = new FormData()
    form.append('file', new Blob([Buffer.alloc(4_000_000, 7)]), 'large.pdf')
    const upload = await fetch(`${base_url}/v1/documents`, { method: 'POST', body: form, headers: { authorization: headers.authorization ?? '', 'idempotency-key': nextKey() } })
    report.upload_status = upload.status
    life.working = false
    await Promise.all([...writing, reading])
    rmSync(ballast)
    const begun = performance.now()
    while (report.recovered_ms < 0 && performance.now() - begun < recovery_max_ms) {
      if (await post(nextKey(), inventedVoucher(n++, 1, loans, document_no))) report.recovered_ms = Math.round(performance.now() - begun)
    }
    for (const { key, voucher } of refused.splice(0)) if (await post(key, voucher)) report.accepted_again++
    const found = await vouchersOf(hub)
    await hub.stop('SIGKILL')
    hub = await startHub(env, folder)
    const found_again = await vouchersOf(hub)
    report.acknowledged = acknowledged.size
    const isMissing = (voucher_no: string): boolean => !found.has(voucher_no) || !found_again.has(voucher_no)
    report.lost = [...acknowledged].filter(isMissing).length
    report.noticed = ['V-never-sent'].filter(isMissing).length
    return report
  } finally {
    await hub.stop()
    spawnSync('umount', [folder])
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  const seconds = Number(words.find(word => !word.startsWith('--')) ?? 10)
  if (!words.includes('--inside') && !mountingIsAllowed()) {
    console.error('the disk-full harness needs unshare and the permission to mount in a namespace of its own')
    process.exit(2)
  }
  const report = words.includes('--inside') ? await inside(seconds) : await diskFull(seconds)
  console.log(JSON.stringify(report))
  process.exit(words.includes('--inside') || report.wrong + report.lost + report.reads_failed === 0 && report.refused > 0 && report.recovered_ms >= 0 ? 0 : 1)
}
