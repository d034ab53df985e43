/** A workbook of 5,000 rows: upload to last row decided, with the longest wait of the event loop and the growth of memory. */
import { readFileSync } from 'node:fs'
import { startHub, until, type RunningHub } from '../hub.ts'
import { median } from '../load.ts'
import type { BenchOptions, Row } from '../run.ts'
import { inventedName, inventedProject, inventedUscc } from '../world.ts'
import { workbookOf } from '../../../src/intake/enterprise-lists/writing.ts'

const rows_total = 5000
const heads = ['企业名称', '统一社会信用代码', '行业代码', '项目名称', '项目代码', '金额（万元）', '期限（月）', '用途', '是否授权', '联系人', '联系电话']

const residentMb = (hub: RunningHub): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${hub.process.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

async function longestWaitMs (hub: RunningHub): Promise<number> {
  const text = await (await fetch(`${hub.base_url}/metrics`)).text()
  return Number(/rongqiao_nodejs_eventloop_lag_max_seconds ([\d.e-]+)/.exec(text)?.[1] ?? Number.NaN) * 1000
}

export async function largeList ({ rounds, scale }: BenchOptions): Promise<Row[]> {
  const times: number[] = []
  const waits: number[] = []
  const growths: number[] = []
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    const hub = await startHub()
    try {
      const bytes = workbookOf([{
        name: '需求', widths: heads.map(() => 16), head_rows: [1], frozen_rows: 1, text_columns: [1, 4], merges: [], choices: [], rows: [heads, ...Array.from({ length: rows_total * scale }, (_, n) => [
          inventedName(n), inventedUscc(n), 'C3670', '生产线智能化改造项目', inventedProject(n), 300 + n % 500, 36, '设备购置', '是', `测试员${n}`, `154${String(n).padStart(8, '0')}`
        ])]
      }])
      await longestWaitMs(hub)
      const before_mb = residentMb(hub)
      let peak_mb = before_mb
      const watching = setInterval(() => { peak_mb = Math.max(peak_mb, residentMb(hub)) }, 20)
      const begun = performance.now()
      const { list_no } = await hub.upload<{ list_no: string }>('park-1', '/v1/enterprise-lists', 'list.xlsx', bytes)
      const list = await until(async () => {
        const found = await hub.call<{ status: string, counts: Record<string, number> }>('park-1', 'GET', `/v1/enterprise-lists/${list_no}`)
        return found.status === 'DECIDED' || found.status === 'REFUSED' ? found : undefined
      }, 'the list', 120_000)
      times.push((performance.now() - begun) / 1000)
      clearInterval(watching)
      waits.push(await longestWaitMs(hub))
      growths.push(peak_mb - before_mb)
      if (list.counts.ACCEPTED !== rows_total * scale) throw new Error(`not every row was accepted: ${JSON.stringify(list)}`)
    } finally {
      await hub.stop()
    }
  }
  const row = (name: string, value: number, unit: string, max: number): Row => ({ name, value, unit, ceiling: null, ratio: null, goal: `≤ ${max} ${unit}`, met: value <= max })
  return [
    row('a 5,000-row workbook: upload to last row decided', median(times), 's', 2.5),
    row('  longest wait of the event loop meanwhile', median(waits), 'ms', 50),
    row('  growth of resident memory', median(growths), 'MB', 150)
  ]
}
