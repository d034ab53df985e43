/** Which operations have to be signed in production: everything that moves or decides money, and nothing that only reads. */
import t from 'tap'
import { build } from '../helper.ts'

/** Rooms whose every decision is about money, with what in them is none. */
const money_rooms = /^\/v1\/(loan-contracts|drawdowns|lease-contracts|guarantee-contracts|interest-vouchers|rent-vouchers|fee-vouchers|insurance-policies|subsidy-accounts|budgets|payment-batches|clawbacks|compensation-claims|breakers)\b/
const decisions_elsewhere = [
  'submitSubsidyPacket', 'prepareConclusion', 'confirmConclusion', 'approveSubsidyPacket', 'releaseHold', 'activateConsortium', 'registerKey', 'retireKey',
  'proposePolicyVersion', 'confirmPolicyVersion', 'sendEnterpriseList'
]
/** Opening a batch is an empty folder; nothing is decided before it is closed. */
const harmless = new Set(['openPaymentBatch'])

t.test('every decision about money is signed, and leaves no way round', async t => {
  const { app } = await build(t)
  const operations = [...app.operations.values()]
  const writes = operations.filter(({ method, path, id }) => method !== 'GET' && money_rooms.test(path) && !harmless.has(id))
  t.ok(writes.length >= 15, `${writes.length} decisions about money are known`)
  t.same(writes.filter(({ signed }) => signed !== true).map(({ id }) => id), [], 'unsigned decisions about money')
  for (const id of decisions_elsewhere) t.equal(app.operations.get(id)?.signed, true, id)
  t.same(operations.filter(({ signed, method }) => signed === true && method === 'GET'), [])
})

t.test('the contract tells of signatures: headers on what must be signed, the refusals, and how to sign', async t => {
  const { app } = await build(t)
  const document = app.swagger() as unknown as {
    paths: Record<string, Record<string, { parameters: { name: string }[], security: object[], responses: Record<string, { description: string }> }>>
    components: { securitySchemes: Record<string, { description: string }> }
  }
  const one = document.paths['/v1/interest-vouchers']?.post
  t.same(['Signature-Input', 'Signature', 'Content-Digest'].filter(name => one?.parameters.some(parameter => parameter.name === name) !== true), [])
  t.match(one?.responses['401']?.description, /signature_required/)
  t.match(document.paths['/v1/leads']?.get?.responses['401']?.description, /signature_invalid/)
  t.same(one?.security, [{ bearer: [] }, { signature: [] }])
  t.match(document.components.securitySchemes.signature?.description, /RFC 9421/)
})
