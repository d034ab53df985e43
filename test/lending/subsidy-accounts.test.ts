import t from 'tap'
import { feed } from '../../src/journal/events.ts'
import { cipherOf } from '../../src/db/sealing.ts'
import { subsidyAccounts } from '../../src/lending/subsidy-accounts/store.ts'
import { accountNow } from '../../src/payment/batches/accounts.ts'
import type { Built } from '../helper.ts'
import { anAccount, authorize, created, knowEnterprise, lent, uscc_1, uscc_2 } from './fixtures.ts'

const paidTo = ({ db }: Built) => accountNow(db.read, cipherOf(db.read), uscc_1)

t.test('an account is declared, shown by its last four digits and kept sealed', async t => {
  const { hub } = await lent(t)
  const account = created(await hub.as('bank-1').post('/v1/subsidy-accounts', anAccount()))
  t.match(account, { status: 'ACTIVE', account_no_masked: '****9012', account_kind: null, verified_by: 'BANK_DECLARED' })
  t.notMatch(JSON.stringify(account), /5000/)
  t.match(await paidTo(hub), { number: account.number, account_no: '5000123456789012', cnaps_code: '999653000014' })
  t.notMatch(JSON.stringify(await subsidyAccounts.find(hub.db.read, account.number as string)), /5678|56789012/)
  t.match((await hub.as('enterprise-1').get(`/v1/subsidy-accounts/${account.number}`)).json(), { account_no_masked: '****9012' })
  t.equal((await hub.as('bank-2').get(`/v1/subsidy-accounts/${account.number}`)).statusCode, 404)
  await hub.loops.settle()
  t.notMatch(JSON.stringify(await feed(hub.db.read, 'bank-1', 0, 100)), /9012/, 'an event carries no account number')
  t.notMatch(hub.logged.join(''), /5678 ?9012/)
})

t.test('every broken rule refuses an account', async t => {
  const { hub } = await lent(t)
  const cases: [string, Record<string, unknown>, number, string][] = [
    ['check digit', { holder_uscc: '91500112MAXX00016Q' }, 422, 'uscc_check_digit'],
    ['CNAPS check digit', { cnaps_code: '999653000015' }, 422, 'cnaps_invalid'],
    ['CNAPS shape', { cnaps_code: '99965300001' }, 400, 'invalid_request'],
    ['personal card', { account_no: '6222020200112233446' }, 422, 'account_not_corporate'],
    ['too short', { account_no: '1234567' }, 422, 'account_not_corporate'],
    ['letters', { account_no: '5000ABCD5678' }, 400, 'invalid_request'],
    ['other name', { account_name: '重庆江岸新材料有限公司（虚构）' }, 422, 'account_name_mismatch'],
    ['document of nobody', { document_no: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W' }, 422, 'document_unknown'],
    ['enterprise without authorization', { holder_uscc: uscc_2 }, 403, 'authorization_missing']
  ]
  for (const [name, changes, status, code] of cases) {
    t.match((await hub.as('bank-1').post('/v1/subsidy-accounts', anAccount(changes))).json(), { status, code }, name)
  }
  t.equal((await hub.as('bank-1').get('/v1/subsidy-accounts')).json().items.length, 0)
  t.equal((await hub.as('enterprise-1').post('/v1/subsidy-accounts', anAccount())).json().code, 'role_not_allowed')
  t.match((await hub.as('bank-1').post('/v1/subsidy-accounts', anAccount({ account_name: '重庆云岭精密机械有限公司(虚构)' }))).json(),
    { status: 'ACTIVE' }, 'brackets are brackets')
})

t.test('another number waits for a second person; then the earlier account steps back', async t => {
  const { hub } = await lent(t)
  const first = created(await hub.as('bank-1').post('/v1/subsidy-accounts', anAccount()))
  t.equal((await hub.as('bank-1').post('/v1/subsidy-accounts', anAccount({ account_no: '5000-1234-5678-9012' }))).statusCode, 200,
    'the same number is the same account')
  const changed = anAccount({ account_no: '5000123456780000' })
  const pending = created(await hub.as('bank-1').post('/v1/subsidy-accounts', changed))
  t.match(pending, { status: 'PENDING_CONFIRMATION', confirmed_at: null })
  t.match((await hub.as('bank-1').post('/v1/subsidy-accounts', changed)).json(), { status: 'PENDING_CONFIRMATION' },
    'a machine confirms nothing')
  t.match(await paidTo(hub), { number: first.number })
  const confirmed = await hub.as('bank-1', 1).post('/v1/subsidy-accounts', changed)
  t.equal(confirmed.statusCode, 200)
  t.match(confirmed.json(), { number: pending.number, status: 'ACTIVE' })
  t.match(await paidTo(hub), { number: pending.number, account_no: '5000123456780000' })
  t.match((await hub.as('bank-1').get(`/v1/subsidy-accounts/${first.number}`)).json(), { status: 'SUPERSEDED' })
})

t.test('who declared a change does not confirm it', async t => {
  const { hub } = await lent(t)
  created(await hub.as('bank-1').post('/v1/subsidy-accounts', anAccount()))
  const changed = anAccount({ account_no: '5000123456780000' })
  created(await hub.as('bank-1', 1).post('/v1/subsidy-accounts', changed))
  t.match((await hub.as('bank-1', 1).post('/v1/subsidy-accounts', changed)).json(), { status: 'PENDING_CONFIRMATION' })
})

t.test('of ten first declarations at once one account is active', async t => {
  const { hub } = await lent(t)
  const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => hub.as('bank-1').post('/v1/subsidy-accounts',
    anAccount({ account_no: `50001234567800${10 + index}` }))))
  t.ok(answers.every(each => each.statusCode === 201))
  t.equal((await hub.as('bank-1').get('/v1/subsidy-accounts?status=ACTIVE')).json().items.length, 1)
})

t.test('a guarantor declares its own account and no other', async t => {
  const { hub } = await lent(t)
  const guarantor = hub.as('guarantor-1')
  const own = created(await guarantor.post('/v1/subsidy-accounts', anAccount({ holder_uscc: guarantor.uscc, account_name: '示范融资担保甲（虚构）' })))
  t.match(own, { status: 'ACTIVE', authorization_no: null })
  t.match((await guarantor.post('/v1/subsidy-accounts', anAccount())).json(), { status: 422, code: 'rule_broken' })
  t.match((await guarantor.post('/v1/subsidy-accounts', anAccount({ holder_uscc: guarantor.uscc }))).json(),
    { code: 'account_name_mismatch' })
})

t.test('a second bank declares the same account without a word about the first', async t => {
  const { hub } = await lent(t)
  await knowEnterprise(hub)
  await authorize(hub)
  created(await hub.as('bank-1').post('/v1/subsidy-accounts', anAccount()))
  const other = created(await hub.as('bank-2').post('/v1/subsidy-accounts', anAccount()))
  t.match(other, { status: 'ACTIVE', participant_no: 'bank-2', findings: [] })
})
