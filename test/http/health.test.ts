import t from 'tap'
import { build } from '../helper.ts'

t.test('live, ready with the database settings in force, metrics by operation', async t => {
  const hub = await build(t)
  t.same((await hub.app.inject({ url: '/health/live' })).json(), { status: 'live' })
  await hub.as('bank-1').get('/v1/me')
  const ready = await hub.app.inject({ url: '/health/ready' })
  t.equal(ready.statusCode, 200)
  t.match(ready.json(), { status: 'ready', unfit: [], database: hub.db.dialect, checkpoint_size: Number })
  const metrics = (await hub.app.inject({ url: '/metrics' })).body
  t.match(metrics, /rongqiao_answers_total\{operation="getMe",status="200"\} 1/)
  t.notMatch(metrics, /bank-1/, 'no participant in the metrics')
})

t.test('a hub that is still starting is not ready', async t => {
  const hub = await build(t)
  hub.ready.value = false
  const answer = await hub.app.inject({ url: '/health/ready' })
  t.equal(answer.statusCode, 503)
  t.same(answer.json().unfit, ['starting'])
})

t.test('the reference at /docs needs nothing from outside', async t => {
  const { app } = await build(t)
  const page = (await app.inject({ url: '/docs/' })).body
  const addresses = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '')
  t.ok(addresses.length > 0)
  t.same(addresses.filter(address => /^(https?:)?\/\//.test(address)), [])
  for (const form of ['json', 'yaml', '%6Ason']) t.match(await app.inject({ url: `/docs/${form}` }), { statusCode: 302, headers: { location: '/openapi.json' } }, `${form}: the contract is at one place`)
})
