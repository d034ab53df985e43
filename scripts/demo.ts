/** The story that ./scripts/demo tells, over HTTP only. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { startHub, until, type RunningHub } from './bench/hub.ts'

const data_dir = process.env.DATA_DIR ?? './data/demo'
const port = process.env.PORT ?? '8080'
const once = process.argv.includes('--once')
const workbook = readFileSync(join(import.meta.dirname, 'examples/park-list.xlsx'))
const uscc = '91500112MAXX00015Q'
const project_code = '2606-500112-07-02-123456'

const say = (line: string): void => { console.log(line) }
const head = (day: string, line: string): void => { console.log(`\n${day}  ${line}`) }

interface Row { findings: { message: string }[] }
interface Sla { contact: { due_date: string }, plan_and_approval: { due_date: string | null }, disbursement: { due_date: string | null } }
interface Lead { lead_no: string, status: string, uscc?: string, amount?: string, project_code?: string, fields_released: string[], sla: Sla }
interface Line { line_no: string, status: string, amount: string, payment_status: string | null, packet_no: string | null, trace: { rule_id: string, clause_zh: string, before: string, after: string }[] }
interface Packet { packet_no: string, status: string, digest: string, version: number }

/** A day in the sandbox: the hub is stopped and started again with its clock set; everything is kept. */
async function day<T> (now: string, play: (hub: RunningHub) => Promise<T>): Promise<T> {
  const hub = await startHub({ NOW: now, PORT: '0', LOG_LEVEL: 'error' }, data_dir)
  try {
    return await play(hub)
  } finally {
    await hub.stop()
  }
}

const items = async <T>(hub: RunningHub, who: string, path: string): Promise<T[]> => (await hub.call<{ items: T[] }>(who, 'GET', path)).items

async function uploadList (hub: RunningHub): Promise<void> {
  head('18 March', 'The park uploads its spreadsheet park-list.xlsx.')
  const { list_no } = await hub.upload<{ list_no: string }>('park-1', '/v1/enterprise-lists', 'park-list.xlsx', workbook)
  const list = await until(async () => {
    const found = await hub.call<{ status: string, counts: Record<string, number>, amount_accepted: string }>('park-1', 'GET', `/v1/enterprise-lists/${list_no}`)
    return found.status === 'DECIDED' ? found : undefined
  }, 'the list')
  say(`  decided: ${Object.entries(list.counts).map(([outcome, count]) => `${count} ${outcome}`).join(', ')}; accepted ${list.amount_accepted} yuan`)
  for (const outcome of ['REJECTED', 'HELD']) {
    for (const row of await items<Row>(hub, 'park-1', `/v1/enterprise-lists/${list_no}/rows?outcome=${outcome}`)) {
      say(`  ${outcome.padEnd(8)} ${row.findings[0]?.message ?? ''}`)
    }
  }
}

async function readLeads (hub: RunningHub): Promise<Lead> {
  const lead = await until(async () => (await items<Lead>(hub, 'bank-1', '/v1/leads?limit=200')).find(each => each.uscc === uscc), 'the lead')
  const counts = await Promise.all(['bank-1', 'bank-2', 'bank-3', 'guarantor-1'].map(async who => `${who} ${(await items<Lead>(hub, who, '/v1/leads?limit=200')).length}`))
  say(`  leads pushed to the consortium only: ${counts.join(', ')}`)
  say(`  bank-1 sees ${lead.lead_no}: ${lead.amount} yuan; released ${lead.fields_released.length} fields under the enterprise's authorization`)
  say(`  "3个1" due: contact by ${lead.sla.contact.due_date}`)
  return lead
}

/** Says what happened to a lead, unless an earlier run of the story has said it already. */
async function tell (hub: RunningHub, lead_no: string, events: { type: string, [more: string]: unknown }[]): Promise<Lead> {
  const done = new Set((await items<{ type: string }>(hub, 'bank-1', `/v1/leads/${lead_no}/events?limit=200`)).map(({ type }) => type))
  for (const event of events) if (!done.has(event.type)) await hub.call('bank-1', 'POST', `/v1/leads/${lead_no}/events`, event)
  return hub.call<Lead>('bank-1', 'GET', `/v1/leads/${lead_no}`)
}

async function listProject (hub: RunningHub): Promise<void> {
  await hub.call('park-1', 'POST', '/v1/projects', {
    owner_uscc: uscc, project_code, name: '数控加工单元智能化改造项目', nature: 'UPGRADE', filing_no: project_code, filing_date: '2026-02-10',
    total_investment: '4500000.00', land_cost: '0.00'
  })
  const { library_entry } = await hub.call<{ library_entry: { status: string } | null }>('park-1', 'GET', `/v1/projects/${project_code}`)
  if (library_entry?.status !== 'LISTED') {
    await hub.call('district-meic-1', 'POST', `/v1/projects/${project_code}/library-entry`, { decision: 'PASS' }, 1)
    await hub.call('meic', 'POST', `/v1/projects/${project_code}/library-entry`, { decision: 'PASS', entry_no: 'JG-2026-00017' }, 1)
  }
  say('  the project (4,500,000.00 yuan without land) is filed, passed by the district and listed by the city')
}

const contract_no = 'HT-2026-0317'
const iou_no = 'JJ-2026-0317'

async function lend (hub: RunningHub): Promise<void> {
  const { document_no } = await hub.upload<{ document_no: string }>('bank-1', '/v1/documents', 'contract.pdf', Buffer.from('%PDF-1.4 loan contract HT-2026-0317 (example)'))
  await hub.call('bank-1', 'POST', '/v1/loan-contracts', {
    loan_contract_no: contract_no, borrower_uscc: uscc, project_code, contract_amount: '3000000.00', land_amount: '0.00', signed_date: '2026-03-26',
    start_date: '2026-03-26', maturity_date: '2029-03-26', annual_rate_pct: '3.60', document_no
  })
  await hub.call('bank-1', 'POST', '/v1/drawdowns', {
    iou_no, loan_contract_no: contract_no, amount: '3000000.00', land_amount: '0.00', disbursed_date: '2026-03-26', maturity_date: '2029-03-26'
  })
  say(`  bank-1 sends the contract document, loan contract ${contract_no} and drawdown ${iou_no}: 3,000,000.00 yuan at 3.60 %`)
}

async function prove (hub: RunningHub): Promise<void> {
  const { document_no } = await hub.upload<{ document_no: string }>('bank-1', '/v1/documents', 'receipt.pdf', Buffer.from('%PDF-1.4 interest receipt 2026Q2 (example)'))
  await hub.call('bank-1', 'POST', '/v1/interest-vouchers', {
    voucher_no: 'V-2026Q2-0317', iou_no, period_start: '2026-03-26', period_end: '2026-06-21',
    segments: [{ from: '2026-03-26', to: '2026-06-21', balance: '3000000.00', annual_rate_pct: '3.60' }],
    normal_interest: '26100.00', paid_date: '2026-06-21', payer_account_name: '重庆云岭精密机械有限公司（虚构）', document_no
  })
  await hub.call('bank-1', 'POST', '/v1/subsidy-accounts', {
    holder_uscc: uscc, account_name: '重庆云岭精密机械有限公司（虚构）', account_no: '6530000123456789', opening_bank_name: '巴渝示范银行（虚构）', cnaps_code: '999653000014'
  })
  head('22 June', 'The enterprise has paid its interest: 26,100.00 yuan. It applies for nothing (免申即享).')
}

async function showLine (hub: RunningHub): Promise<Line> {
  const line = await until(async () => (await items<Line>(hub, 'bank-1', `/v1/subsidy-lines?uscc=${uscc}`)).find(({ status }) => status === 'OPEN' || status === 'FROZEN'), 'the subsidy line')
  const { trace } = await hub.call<Line>('bank-1', 'GET', `/v1/subsidy-lines/${line.line_no}`)
  say(`  subsidy ${line.amount} yuan, step by step:`)
  for (const step of trace) if (step.before !== step.after || step.rule_id === 'L-05') say(`    ${step.rule_id.padEnd(5)} ${step.before} → ${step.after}  ${step.clause_zh}`)
  return line
}

async function audit (hub: RunningHub, line: Line): Promise<string> {
  const [found] = await items<Packet>(hub, 'bank-1', `/v1/subsidy-packets?uscc=${uscc}`)
  if (found === undefined) throw new Error('there is no packet')
  const { packet_no } = found
  let packet = found
  if (packet.status === 'DRAFT') packet = await hub.call<Packet>('bank-1', 'POST', `/v1/subsidy-packets/${packet_no}/submit`, {})
  say(`  bank-1 submits packet ${packet_no}; the hub seals it: sha256 ${packet.digest.slice(0, 16)}…`)
  if (packet.status === 'SUBMITTED') await hub.call('meic', 'POST', `/v1/subsidy-packets/${packet_no}/assign`, { auditor_no: 'auditor-1' }, 1)
  packet = await hub.call<Packet>('auditor-1', 'GET', `/v1/subsidy-packets/${packet_no}`, undefined, 1)
  if (packet.status === 'IN_AUDIT') {
    const { conclusion_no } = await hub.call<{ conclusion_no: string }>('auditor-1', 'POST', `/v1/subsidy-packets/${packet_no}/conclusions`, {
      packet_digest: packet.digest, result: 'PASS', conflict_of_interest_declared: true, lines: [{ line_no: line.line_no, recognised_amount: line.amount }]
    }, 1)
    await hub.call('auditor-1', 'POST', `/v1/subsidy-packets/${packet_no}/conclusions/${conclusion_no}/confirm`, {}, 2)
    packet = await hub.call<Packet>('auditor-1', 'GET', `/v1/subsidy-packets/${packet_no}`, undefined, 1)
  }
  const archive = join(data_dir, `${packet_no}.zip`)
  const { api_key } = hub.participant('auditor-1')
  const pulled = await fetch(`${hub.base_url}/v1/subsidy-packets/${packet_no}/archive`, { headers: { authorization: `Bearer ${api_key}` } })
  writeFileSync(archive, Buffer.from(await pulled.arrayBuffer()))
  execFileSync(process.execPath, [join(import.meta.dirname, 'verify-packet'), archive])
  say('  auditor-1 pulls the archive and checks it offline (scripts/verify-packet): whole, and signed by the hub')
  say(`  one person of the auditor concludes line by line, another confirms: recognised ${line.amount} yuan`)
  if (packet.status === 'AUDITED') await hub.call('meic', 'POST', `/v1/subsidy-packets/${packet_no}/approve`, { digest: packet.digest }, 2)
  say('  the commission approves')
  return packet_no
}

async function pay (hub: RunningHub, line: Line): Promise<void> {
  const before = await hub.call<Line>('bank-1', 'GET', `/v1/subsidy-lines/${line.line_no}`)
  if (before.payment_status !== 'PAID') {
    const { batch_no } = await hub.call<{ batch_no: string }>('finance-bureau', 'POST', '/v1/payment-batches', {}, 1)
    const closed = await hub.call<{ digest: string, count: number, control_sum: string }>('finance-bureau', 'POST', `/v1/payment-batches/${batch_no}/close`, {}, 1)
    await hub.call('finance-bureau', 'POST', `/v1/payment-batches/${batch_no}/approve`, { digest: closed.digest }, 2)
    say(`  finance bureau: batch ${batch_no} closed by one person (${closed.count} payment, ${closed.control_sum} yuan), approved by another over its digest`)
    const { api_key } = hub.participant('finance-bureau')
    const instruction = await (await fetch(`${hub.base_url}/v1/payment-batches/${batch_no}/instruction`, { headers: { authorization: `Bearer ${api_key}` } })).text()
    say(`  instruction written: ISO 20022 pain.001.001.09, ${instruction.length} characters`)
    const batch = await hub.call<{ payments: { payment_no: string }[] }>('finance-bureau', 'GET', `/v1/payment-batches/${batch_no}`)
    await hub.call('finance-bureau', 'POST', `/v1/payment-batches/${batch_no}/results`, {
      results: batch.payments.map(({ payment_no }) => ({ payment_no, status: 'PAID', date: '2026-06-22', bank_reference: 'TREASURY-0001' }))
    }, 1)
  }
  const after = await hub.call<Line>('bank-1', 'GET', `/v1/subsidy-lines/${line.line_no}`)
  say(`  the line shows ${after.payment_status}: ${after.amount} yuan went straight to the enterprise's account (先付后贴)`)
}

async function story (): Promise<void> {
  say('融桥 Rongqiao: from a park\'s spreadsheet to a payment instruction')
  const lead = await day('2026-03-18T09:00:00+08:00', async hub => {
    await uploadList(hub)
    return readLeads(hub)
  })
  await day('2026-03-19T15:00:00+08:00', async hub => {
    const { sla } = await tell(hub, lead.lead_no, [
      { type: 'CONTACTED', occurred_at: '2026-03-19T10:30:00+08:00', channel: 'PHONE', person: '示范客户经理', result: '已沟通，补充材料' },
      { type: 'PLAN_SUBMITTED', occurred_at: '2026-03-19T14:00:00+08:00' }
    ])
    head('19 March', `bank-1 contacts the enterprise and submits a plan; approval due ${sla.plan_and_approval.due_date}`)
  })
  await day('2026-03-26T16:00:00+08:00', async hub => {
    const { sla } = await tell(hub, lead.lead_no, [{ type: 'APPROVED', occurred_at: '2026-03-25T17:00:00+08:00', amount: '3000000.00', annual_rate_pct: '3.60', term_months: 36 }])
    head('26 March', `approved on 25 March, in time; disbursement due ${sla.disbursement.due_date}`)
    await listProject(hub)
    await lend(hub)
    await tell(hub, lead.lead_no, [
      { type: 'CONTRACT_SIGNED', occurred_at: '2026-03-26T09:30:00+08:00', loan_contract_no: contract_no },
      { type: 'DISBURSED', occurred_at: '2026-03-26T15:00:00+08:00', iou_no, amount: '3000000.00', date: '2026-03-26' }
    ])
  })
  await day('2026-06-22T10:00:00+08:00', async hub => {
    await prove(hub)
    const line = await showLine(hub)
    await audit(hub, line)
    await pay(hub, line)
  })
}

async function isFree (wanted: number): Promise<boolean> {
  const server = createServer()
  return new Promise(resolve => {
    server.once('error', () => resolve(false))
    server.listen(wanted, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

await story()
if (once) process.exit(0)
if (!await isFree(Number(port))) {
  console.error(`\nport ${port} is taken: set PORT to another one, or PORT=0 for any`)
  process.exit(1)
}
const hub = await startHub({ PORT: port, NOW: '', LOG_LEVEL: 'warn' }, data_dir)
say(`\nThe sandbox keeps serving: ${hub.base_url}  ·  reference ${hub.base_url}/docs  ·  contract ${hub.base_url}/openapi.json`)
say(`Keys of every participant and person: ${join(data_dir, 'sandbox.json')}; for example`)
for (const who of ['park-1', 'bank-1', 'auditor-1', 'meic', 'finance-bureau']) say(`  ${who.padEnd(15)} ${hub.participant(who).api_key}`)
say('Stop with Ctrl-C.')
process.on('SIGINT', () => { void hub.stop().then(() => process.exit(0)) })
process.on('SIGTERM', () => { void hub.stop().then(() => process.exit(0)) })
