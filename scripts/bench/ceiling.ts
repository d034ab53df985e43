/** The ceiling: a bare Fastify route with the same request and response schemas, no login and no storage. Runs as its own process. */
import Fastify from 'fastify'
import { serializerCompiler, validatorCompiler } from '../../src/http/compilers.ts'
import { InterestVoucher, NewInterestVoucher } from '../../src/lending/interest-vouchers/schema.ts'
import { LeadPage } from '../../src/matching/leads/schema.ts'

const app = Fastify({ logger: false })
app.setValidatorCompiler(validatorCompiler)
app.setSerializerCompiler(serializerCompiler)

let page: unknown = null
let voucher: unknown = null
app.put('/page', async request => { page = request.body })
app.put('/voucher', async request => { voucher = request.body })
app.get('/page', { schema: { response: { 200: LeadPage } } }, async () => page)
app.post('/voucher', { schema: { body: NewInterestVoucher, response: { 200: InterestVoucher } } }, async () => voucher)

await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()
console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
