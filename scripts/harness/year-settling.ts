/** A quarter's end: packets submitted, audited, approved, paid. */
import type { FrozenHub } from './in-process.ts'
import { declareAccount, type Player } from './year-world.ts'
import { all } from './year.ts'

export interface Settled { instructions: string[], sent_back: number, ceilings_seen: number, ceilings_passed: number, reduced: number, returned: number, reissued: number, clawbacks: number, supplements: number }

interface Packet { packet_no: string, participant_no: string, digest: string, version: number, difference: { claimed_before: string, claimed_after: string } | null, claimed_amount: string, lines: { line_no: string, claimed_amount: string }[] }
interface Payment { payment_no: string, payee_uscc: string, status: string, amount: string, reissue_of: string | null }

async function submitAll (hub: FrozenHub): Promise<Packet[]> {
  const packets: Packet[] = []
  for (const { packet_no, participant_no } of await all<Packet>(hub, 'meic', '/v1/subsidy-packets?status=DRAFT')) {
    const { status, bytes } = await hub.send(participant_no, 'POST', `/v1/subsidy-packets/${packet_no}/submit`, {})
    const answer = JSON.parse(bytes.toString())
    if (status === 200) packets.push(answer)
    else if (answer.code !== 'packet_empty') throw new Error(`${packet_no}: ${status} ${bytes}`)
    await hub.settle()
  }
  return packets
}

/** One in ten goes back for a supplement and returns as its next version, with the difference shown. */
async function sendBack (hub: FrozenHub, settled: Settled, auditor: string, { packet_no, participant_no, digest, version, claimed_amount }: Packet): Promise<string> {
  const path = `/v1/subsidy-packets/${packet_no}`
  const { conclusion_no } = await hub.call<{ conclusion_no: string }>(auditor, 'POST', `${path}/conclusions`, { packet_digest: digest, result: 'RETURN_FOR_SUPPLEMENT', lines: [] }, { user: 1 })
  await hub.call(auditor, 'POST', `${path}/conclusions/${conclusion_no}/confirm`, {}, { user: 2 })
  const again = await hub.call<Packet>(participant_no, 'POST', `${path}/submit`, {})
  if (again.version !== version + 1 || again.difference?.claimed_before !== claimed_amount) throw new Error(`${packet_no} came back as ${again.version}: ${JSON.stringify(again.difference)}`)
  await hub.call('meic', 'POST', `${path}/assign`, { auditor_no: auditor }, { user: 1 })
  settled.sent_back++
  return again.digest
}

async function auditAll ({ hub, random, counts }: Player, packets: readonly Packet[], settled: Settled): Promise<void> {
  for (const [index, packet] of packets.entries()) {
    const { packet_no } = packet
    const path = `/v1/subsidy-packets/${packet_no}`
    const auditor = index % 2 === 0 ? 'auditor-1' : 'auditor-2'
    await hub.call('meic', 'POST', `${path}/assign`, { auditor_no: auditor }, { user: 1 })
    const digest = random() < 0.1 ? await sendBack(hub, settled, auditor, packet) : packet.digest
    if (index === Math.floor(packets.length / 2)) {
      await hub.crash()
      counts.crashes++
    }
    const { lines } = await hub.call<Packet>(auditor, 'GET', path)
    const isReduced = random() < 0.2
    if (isReduced) settled.reduced++
    const { conclusion_no } = await hub.call<{ conclusion_no: string }>(auditor, 'POST', `${path}/conclusions`, {
      packet_digest: digest, lines: lines.map(({ line_no, claimed_amount }, place) => isReduced && place === 0
        ? { line_no, recognised_amount: (Math.floor(Number(claimed_amount) * 90) / 100).toFixed(2), finding_code: 'FUNDS_DIVERTED', note: '一张发票不属于本项目' }
        : { line_no, recognised_amount: claimed_amount })
    }, { user: 1 })
    await hub.call(auditor, 'POST', `${path}/conclusions/${conclusion_no}/confirm`, {}, { user: 2 })
    const { digest: audited } = await hub.call<Packet>('meic', 'GET', path)
    await hub.call('meic', 'POST', `${path}/approve`, { digest: audited }, { user: 2 })
  }
}

/** One batch from opening to results. In the second quarter the first enterprise's money comes back; it gets another account. */
async function payAll (player: Player, settled: Settled, quarter: number): Promise<void> {
  const { hub, enterprises } = player
  const bureau = 'finance-bureau'
  const opened = await hub.send(bureau, 'POST', '/v1/payment-batches', {}, { user: 1 })
  const { batch_no, code } = JSON.parse(opened.bytes.toString())
  if (opened.status !== 201) {
    if (code === 'nothing_to_pay') return
    throw new Error(opened.bytes.toString())
  }
  const batch = `/v1/payment-batches/${batch_no}`
  const { digest } = await hub.call<{ digest: string }>(bureau, 'POST', `${batch}/close`, {}, { user: 1 })
  await hub.call(bureau, 'POST', `${batch}/approve`, { digest }, { user: 2 })
  const instruction = await hub.send(bureau, 'GET', `${batch}/instruction`)
  if (instruction.status !== 200) throw new Error(instruction.bytes.toString())
  settled.instructions.push(instruction.bytes.toString())
  const { payments } = await hub.call<{ payments: Payment[] }>(bureau, 'GET', batch)
  settled.reissued += payments.filter(({ reissue_of }) => reissue_of !== null).length
  const date = hub.clock.now().slice(0, 10)
  const unlucky = quarter === 1 && settled.returned === 0 ? enterprises.find(({ uscc }) => payments.some(({ payee_uscc, status }) => payee_uscc === uscc && status === 'SENT')) : undefined
  const results = payments.filter(({ status }) => status === 'SENT').map(({ payment_no, payee_uscc }) => payee_uscc === unlucky?.uscc
    ? { payment_no, status: 'RETURNED', date, bank_reference: `TX-${payment_no}`, reason: '账户已销户' } : { payment_no, status: 'PAID', date, bank_reference: `TX-${payment_no}` })
  await hub.call(bureau, 'POST', `${batch}/results`, { results })
  await hub.call(bureau, 'POST', `${batch}/results`, { results })
  if (unlucky === undefined) return
  settled.returned++
  const status = await declareAccount(player, unlucky, 2)
  if (status !== 'ACTIVE') throw new Error(`the account confirmed by a second person is ${status}`)
}

/** What the commission is shown of every ceiling: used is never over it, and left is the rest. */
async function lookAtCeilings ({ hub, enterprises }: Player, settled: Settled): Promise<void> {
  const fen = (yuan: string): number => Math.round(Number(yuan) * 100)
  for (const { uscc, project_code } of enterprises) {
    const { ceilings } = await hub.call<{ ceilings: { cap: string, granted: string, left: string }[] }>('meic', 'GET', `/v1/ceilings?uscc=${uscc}&project_code=${project_code}&year=2026`)
    for (const { cap, granted, left } of ceilings) {
      settled.ceilings_seen++
      if (fen(granted) > fen(cap) || fen(left) !== fen(cap) - fen(granted)) settled.ceilings_passed++
    }
  }
}

export async function settleQuarter (player: Player, settled: Settled, quarter: number): Promise<void> {
  const { hub } = player
  await hub.settle()
  for (let round = 0; round < 5; round++) {
    const packets = await submitAll(hub)
    if (packets.length === 0) break
    await auditAll(player, packets, settled)
    await hub.settle()
    await payAll(player, settled, quarter)
    await hub.settle()
  }
  await payAll(player, settled, quarters_never)
  await lookAtCeilings(player, settled)
  settled.clawbacks = (await all(hub, 'finance-bureau', '/v1/clawbacks')).length
  settled.supplements = (await all<{ supplement_of: string | null }>(hub, 'meic', '/v1/subsidy-lines')).filter(({ supplement_of }) => supplement_of !== null).length
}

/** No quarter: nothing comes back. */
const quarters_never = -1
