import t from 'tap'
import { build } from '../helper.ts'

t.test('a caller sees who it is', async t => {
  const hub = await build(t)
  const me = await hub.as('bank-1', 1).get('/v1/me')
  t.equal(me.statusCode, 200)
  t.match(me.json(), { participant_no: 'bank-1', user_no: 'bank-1-user-1' })
})

t.test('an unknown key is 401 in the language of the caller', async t => {
  const { app } = await build(t)
  const answer = await app.inject({ url: '/v1/me', headers: { authorization: 'Bearer nobody', 'accept-language': 'zh-CN' } })
  t.equal(answer.statusCode, 401)
  t.match(answer.json(), { code: 'unauthenticated', title: '无法确认调用方身份' })
})
