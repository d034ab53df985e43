/**
 * Deliberate holes between hub and caller: each is what one mistake in the hub would let through. The search has to report
 * every one of them.
 */
import { callsOf, everybody, strangersCalls, type Answer, type Call, type Transport } from './calls.ts'
import { foreignKeys, foreignMarks, foreignNumbersInBodies, whoIs } from './probes.ts'
import { nothing, sweep, type Swept } from './sweep.ts'
import type { World } from './world.ts'

export interface Hole {
  name: string
  /** operations whose calls show it */
  operations: readonly string[]
  /** a probe instead of the sweep */
  probe?: (world: World, transport: Transport, into: Swept, only?: string) => Promise<number>
  wrap (world: World, through: Transport): Transport
}

/** Answers somebody's calls as another participant: a dropped scope, a swapped principal, a forgotten check. */
function answeredAs (participant_no: string, when: (call: Call) => boolean = () => true): Hole['wrap'] {
  return (world, through) => async call => through(call.who === null || !when(call) ? call : { ...call, who: whoIs(world, participant_no, call.who.user_no === null ? 0 : 1) })
}

/** Changes answers of strangers. */
function altered (change: (answer: Answer, world: World, call: Call) => Partial<Answer>, when: (call: Call, answer: Answer) => boolean = () => true): Hole['wrap'] {
  return (world, through) => async call => {
    const answer = await through(call)
    return when(call, answer) ? { ...answer, ...change(answer, world, call) } : answer
  }
}

const withText = (answer: Answer, text: string): Partial<Answer> => ({ body: Buffer.from(answer.body.toString().replace(/\}$/, `,"note":${JSON.stringify(text)}}`)) })
const by = (...participants: string[]) => (call: Call) => call.who !== null && participants.includes(call.who.participant_no)
const foreign = (call: Call, answer: Answer) => answer.status === 404 && call.variant === 'left'
const said = (world: World, operation: string, field: string) => String(world.left.bodies[operation]?.[field])

export const holes: readonly Hole[] = [
  { name: 'the inbox forgets whose it is', operations: ['listLeads'], wrap: answeredAs('bank-1', by('bank-2', 'bank-3')) },
  { name: 'one lead is read by its number alone', operations: ['getLead'], wrap: answeredAs('bank-1', by('bank-2', 'lessor-1')) },
  { name: 'reports on a lead are read by anybody', operations: ['listLeadEvents'], wrap: answeredAs('bank-1', by('bank-2')) },
  { name: 'a loan contract is read by its number alone', operations: ['getLoanContract'], wrap: answeredAs('bank-1', by('bank-2')) },
  { name: 'a list of drawdowns lost its scope', operations: ['listDrawdowns'], wrap: answeredAs('bank-1', by('bank-3')) },
  { name: 'another enterprise reads vouchers', operations: ['listInterestVouchers'], wrap: answeredAs('enterprise-1', by('enterprise-2')) },
  { name: 'another park reads a need', operations: ['getFinancingNeed'], wrap: answeredAs('park-1', by('park-2')) },
  { name: 'totals and items over all needs', operations: ['listFinancingNeeds'], wrap: answeredAs('park-1', by('park-2')) },
  { name: 'another park reads list rows', operations: ['listEnterpriseListRows'], wrap: answeredAs('park-1', by('park-2')) },
  { name: 'the commission reads list rows', operations: ['listEnterpriseListRows'], wrap: answeredAs('park-1', by('meic')) },
  { name: 'an annotated workbook for another park', operations: ['getAnnotatedList'], wrap: answeredAs('park-1', by('park-2')) },
  { name: 'a document is read by its number alone', operations: ['getDocument'], wrap: answeredAs('insurer-1', by('bank-2')) },
  { name: 'an archive for the auditor of another packet', operations: ['getSubsidyPacketArchive'], wrap: answeredAs('auditor-1', by('auditor-2')) },
  { name: 'questions for another institution', operations: ['listSubsidyPacketQuestions'], wrap: answeredAs('bank-1', by('bank-2')) },
  { name: 'ceilings with lines of others', operations: ['getCeilings'], wrap: answeredAs('meic', by('bank-1', 'lessor-1')) },
  { name: 'a role that the operation does not name', operations: ['listBudgets'], wrap: answeredAs('finance-bureau', by('bank-1')) },
  { name: 'an operation without a login', operations: ['listHolds'], wrap: (world, through) => async call => through({ ...call, who: call.who ?? whoIs(world, 'meic') }) },
  { name: 'own data of an enterprise for a stranger', operations: ['getEnterprise'], wrap: answeredAs('enterprise-1', by('park-2', 'enterprise-2')) },
  { name: 'the contact person for the commission', operations: ['getEnterprise'], wrap: answeredAs('enterprise-1', by('meic')) },
  { name: 'a page of the receipt for another enterprise', operations: ['getEnterpriseReceipt'], wrap: answeredAs('enterprise-1', by('enterprise-2')) },
  { name: 'somebody else’s feed', operations: ['listEvents'], wrap: answeredAs('enterprise-1', by('enterprise-2')) },
  { name: 'the audit log of all for one', operations: ['listAuditLog'], wrap: answeredAs('meic', by('bank-2')) },
  { name: 'persons of another participant', operations: ['getParticipant'], wrap: answeredAs('meic', by('park-2')) },
  { name: 'endpoints of another participant', operations: ['getWebhookEndpoint'], wrap: answeredAs('bank-1', by('bank-2')) },
  { name: 'self-assessments of another park', operations: ['listSelfAssessments'], wrap: answeredAs('park-1', by('park-2')) },
  { name: 'a foreign number is 403, a missing one 404', operations: ['getDrawdown'], wrap: altered(() => ({ status: 403 }), foreign) },
  { name: 'a foreign number is 409', operations: ['confirmConclusion'], wrap: altered(() => ({ status: 409 }), foreign) },
  { name: 'a refusal says a word more about what is foreign', operations: ['getFeeVoucher'], wrap: altered(answer => withText(answer, 'not yours'), foreign) },
  { name: 'a refusal echoes a field', operations: ['getRentVoucher'], wrap: altered((answer, world) => withText(answer, said(world, 'createRentVoucher', 'bank_txn_no')), foreign) },
  { name: 'a refusal carries the ETag', operations: ['getLeaseContract'], wrap: altered(answer => ({ headers: { ...answer.headers, etag: '"1"' } }), foreign) },
  { name: 'Location names somebody else’s object', operations: ['createLoanContract'],
    wrap: altered((answer, world) => ({ headers: { ...answer.headers, location: `/v1/loan-contracts/${world.left.numbers['loan-contracts']}` } }), by('bank-2')) },
  { name: 'Link names somebody else’s enterprise', operations: ['listConsortia'],
    wrap: altered((answer, world) => ({ headers: { ...answer.headers, link: `</v1/enterprises/${world.withdrawn.uscc}>` } }), by('bank-3')) },
  { name: 'a file name in Content-Disposition', operations: ['getInsurancePolicy'],
    wrap: altered((answer, world) => ({ headers: { ...answer.headers, 'content-disposition': `attachment; filename="${said(world, 'createInsurancePolicy', 'product_name')}.pdf"` } }), by('insurer-2')) },
  { name: 'data of an event beyond the thin ones', operations: ['listEvents'],
    wrap: altered((answer, world) => withText(answer, said(world, 'submitFinancingNeed', 'contact_phone')), by('meic')) },
  { name: 'a cursor that holds a foreign number', operations: ['listLeads'],
    wrap: altered((answer, world) => withText(answer, Buffer.from(`${world.left.numbers.leads}`).toString('base64url')), by('bank-3')) },
  { name: 'an account number without its mask', operations: ['getSubsidyAccount'],
    wrap: altered((answer, world) => withText(answer, said(world, 'createSubsidyAccount', 'account_no')), by('enterprise-1')) },
  { name: 'a lead is read on after the withdrawal', operations: ['getLead'],
    wrap: altered((answer, world) => withText(answer, world.withdrawn.phone), (call, { status }) => call.variant === 'withdrawn' && status === 200) },
  { name: 'a figure of a single need in a report', operations: ['getReport'],
    wrap: altered((answer, world) => ({ body: Buffer.concat([answer.body.subarray(0, 0), Buffer.from(`a;${said(world, 'submitFinancingNeed', 'amount')}`)]) }), by('regulator-viewer')) },
  { name: 'a cursor of another caller is taken', operations: ['listLoanContracts', 'listFinancingNeeds', 'listEnterpriseListRows', 'listLeads'], probe: foreignMarks,
    wrap: altered(() => ({ status: 200 }), (call, answer) => call.url.includes('cursor=') && answer.status === 400) },
  { name: 'If-None-Match tells that a foreign object is unchanged', operations: ['getLoanContract'], probe: foreignMarks,
    wrap: altered(() => ({ status: 304 }), (call, answer) => call.headers['if-none-match'] !== undefined && answer.status === 404) },
  { name: 'an idempotency key works for every caller', operations: ['createInterestVoucher', 'submitFinancingNeed'], probe: foreignKeys,
    wrap: (world, through) => async call => through(call.headers['idempotency-key'] === undefined ? call : ownerOfKey(world, call)) },
  { name: 'a contract of another bank is told from none', operations: ['createDrawdown'], probe: foreignNumbersInBodies,
    wrap: altered(() => ({ status: 403 }), call => JSON.stringify(call.body).includes('cnry')) }
]

/** The call as the one who used its key first would make it. */
function ownerOfKey (world: World, call: Call): Call {
  const first = world.sent.find(({ key }) => key === call.headers['idempotency-key'])
  const owner = [0, 1, 2].flatMap(user => everybody(world.hub, user)).find(({ key }) => `Bearer ${key}` === first?.authorization)
  return owner === undefined ? call : { ...call, who: owner }
}

/** Runs what shows a hole, through it. @returns what the search reports */
export async function searched (world: World, through: Transport, hole: Hole): Promise<Swept> {
  const into = nothing()
  const transport = hole.wrap(world, through)
  for (const id of hole.operations) {
    const spec = world.hub.app.operations.get(id)
    if (spec === undefined) throw new Error(`there is no operation ${id}`)
    if (hole.probe !== undefined) {
      await hole.probe(world, transport, into, id)
      continue
    }
    for (const call of strangersCalls(spec, world)) await sweep(world, transport, [call], into)
    for (const who of everybody(world.hub, spec.person === true ? 1 : 0)) await sweep(world, transport, callsOf(spec, world, who), into)
  }
  return into
}
