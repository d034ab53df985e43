/** The published contract is the one the code declares. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { contractText } from '../scripts/openapi.ts'
import { isSent } from '../src/delivery/event-types.ts'
import { EVENTS } from '../src/journal/event-types.ts'
import { build } from './helper.ts'

const file = join(import.meta.dirname, '../openapi/openapi.json')

t.test('openapi/openapi.json is what the operations declare (npm run openapi)', { skip: process.env.DATABASE_URL ? 'the document does not depend on the database' : false }, async t => {
  t.ok(existsSync(file))
  t.equal(await contractText(), readFileSync(file, 'utf8'), 'no drift')
})

t.test('every operation names its callers, its refusals, both languages and an example of its reply', async t => {
  const { app } = await build(t)
  const { paths } = (await app.inject({ url: '/openapi.json' })).json() as { paths: Record<string, Record<string, {
    operationId: string, summary: string, responses: Record<string, { content?: Record<string, { example?: unknown, schema?: { contentMediaType?: string } }> }>, 'x-callers': unknown
  }>> }
  for (const operations of Object.values(paths)) {
    for (const { operationId, summary, responses, ...rest } of Object.values(operations)) {
      t.match(summary, / · .*[\u4e00-\u9fff]/, `${operationId} speaks Chinese`)
      t.ok(rest['x-callers'], `${operationId} has callers`)
      t.ok(responses['400'], `${operationId} says what a bad request gets`)
      const success = Object.entries(responses).filter(([status]) => status < '300').flatMap(([, { content = {} }]) => Object.entries(content))
      const json = success.find(([media, { schema }]) => media === 'application/json' && schema?.contentMediaType === undefined)
      if (json !== undefined) t.ok(json[1].example, `${operationId} shows its reply`)
      for (const [status, { content = {} }] of Object.entries(responses)) {
        const told = content['application/json']
        if (told !== undefined && told.schema?.contentMediaType === undefined) t.ok(told.example, `${operationId} shows its answer ${status}`)
      }
    }
  }
})

t.test('every event that is sent is a webhook of the contract, with its schema and an example (no other event compiles)', async t => {
  const { app } = await build(t)
  const { webhooks } = (await app.inject({ url: '/openapi.json' })).json() as {
    webhooks: Record<string, { post: { requestBody: { content: Record<string, { schema?: unknown, example?: { type: string } }> } } }>
  }
  const types = Object.entries(EVENTS).flatMap(([room, { facts }]) => Object.keys(facts).map(fact => `${room}.${fact}`)).filter(isSent)
  t.ok(types.length > 80, `${types.length} types`)
  t.same(Object.keys(webhooks).sort(), [...types, 'webhook_endpoint.challenge'].sort())
  for (const [type, { post: { requestBody } }] of Object.entries(webhooks)) {
    const { schema, example } = requestBody.content['application/json'] ?? {}
    t.ok(schema, `${type} has a schema`)
    t.equal(example?.type, type)
  }
})
