import { createHash } from 'node:crypto'
import t from 'tap'
import { build } from '../helper.ts'

const bytes = Buffer.from('%PDF-1.7 an invented receipt')
const file = { name: '回单 2026Q1.pdf', bytes, type: 'application/pdf' }

t.test('a document keeps its bytes and is named by their digest', async t => {
  const hub = await build(t)
  const bank = hub.as('bank-1')
  const sent = await bank.upload('/v1/documents', file)
  t.equal(sent.statusCode, 201)
  const document = sent.json()
  t.equal(document.sha256, createHash('sha256').update(bytes).digest('hex'))
  t.equal(document.sm3, createHash('sm3').update(bytes).digest('hex'))
  t.match(document, { bytes: bytes.length, media_type: 'application/pdf', file_name: '回单 2026Q1.pdf' })
  const read = await bank.get(`/v1/documents/${document.document_no}`)
  t.equal(read.statusCode, 200)
  t.same(read.rawPayload, bytes)
  t.equal(read.headers['content-type'], 'application/pdf')
  t.match(read.headers['content-disposition'], /^attachment/)
})

t.test('the same bytes have one number for one participant and another for the next', async t => {
  const hub = await build(t)
  const first = await hub.as('bank-1').upload('/v1/documents', file)
  const again = await hub.as('bank-1').upload('/v1/documents', { ...file, name: 'other name.pdf' })
  const other = await hub.as('bank-2').upload('/v1/documents', file)
  t.equal(again.statusCode, 200)
  t.equal(again.json().document_no, first.json().document_no)
  t.equal(other.statusCode, 201, 'nothing shows that somebody else has the same bytes')
  t.not(other.json().document_no, first.json().document_no)
})

t.test('a document of another is as missing as one that never was', async t => {
  const hub = await build(t)
  const { document_no } = (await hub.as('bank-1').upload('/v1/documents', file)).json()
  const foreign = await hub.as('bank-2').get(`/v1/documents/${document_no}`)
  const missing = await hub.as('bank-2').get('/v1/documents/doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W')
  t.equal(foreign.statusCode, 404)
  t.same({ ...foreign.json(), trace_id: '' }, { ...missing.json(), trace_id: '' })
})

t.test('the idempotency key binds the bytes, not the boundary', async t => {
  const hub = await build(t)
  const key = { 'idempotency-key': 'document-key-0000001' }
  const first = await hub.as('bank-1').upload('/v1/documents', file, {}, key)
  const again = await hub.as('bank-1').upload('/v1/documents', file, {}, key)
  t.equal(again.statusCode, 201)
  t.equal(again.headers['idempotency-replayed'], 'true')
  t.equal(again.body, first.body)
  const other = await hub.as('bank-1').upload('/v1/documents', { ...file, bytes: Buffer.from('else') }, {}, key)
  t.equal(other.statusCode, 422)
  t.equal(other.json().code, 'idempotency_mismatch')
})

t.test('what is no upload is refused', async t => {
  const hub = await build(t)
  const bank = hub.as('bank-1')
  const json = await bank.post('/v1/documents', { file: 'x' })
  t.equal(json.statusCode, 415)
  const empty = await bank.upload('/v1/documents', { ...file, bytes: Buffer.alloc(0) })
  t.match(empty.json(), { status: 400, code: 'invalid_request', errors: [{ pointer: '/file', code: 'TOO_SHORT' }] })
  const text = await bank.upload('/v1/documents', file, { remark: 'hello' })
  t.match(text.json(), { status: 400, errors: [{ pointer: '/remark', code: 'UNKNOWN_FIELD' }] })
  const large = await bank.upload('/v1/documents', { ...file, bytes: Buffer.alloc(20 * 1024 * 1024 + 1) })
  t.equal(large.statusCode, 413)
  const broken = await hub.app.inject({
    method: 'POST', url: '/v1/documents', payload: '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf',
    headers: { authorization: `Bearer ${hub.sandbox.participants.find(each => each.participant_no === 'bank-1')?.api_key}`,
      'content-type': 'multipart/form-data; boundary=x', 'idempotency-key': 'document-key-0000002' }
  })
  t.equal(broken.statusCode, 400)
  const whole = await bank.upload('/v1/documents', { ...file, bytes: Buffer.alloc(20 * 1024 * 1024, 7) })
  t.equal(whole.statusCode, 201, 'exactly 20 MB fits')
})

t.test('parallel uploads of one document give one number', async t => {
  const hub = await build(t)
  const answers = await Promise.all(Array.from({ length: 10 }, () => hub.as('bank-1').upload('/v1/documents', file)))
  t.equal(new Set(answers.map(each => each.json().document_no)).size, 1)
  t.equal(answers.filter(each => each.statusCode === 201).length, 1)
})
