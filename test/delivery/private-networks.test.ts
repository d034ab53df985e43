/** Private networks of the government extranet: called only inside what two persons have opened, and never what leads back inside. */
import type { Socket } from 'node:net'
import t from 'tap'
import { newNo } from '../../src/clock.ts'
import { mayBeOpened, mayDial, networksOf, type AddressRules } from '../../src/delivery/addresses.ts'
import { createDialler, type Net } from '../../src/delivery/dialler.ts'
import { insertNetwork, openNetworks } from '../../src/delivery/store.ts'
import { build, type Built } from '../helper.ts'

const never = ['127.0.0.1', '127.8.8.8', '169.254.169.254', '169.254.0.1', '0.0.0.0', '100.100.100.200', '168.63.129.16', '192.0.0.192', '224.0.0.1', '255.255.255.255',
  '::1', '::', 'fe80::1', 'fd00:ec2::254', 'fd20:ce::254', '::ffff:10.20.0.1', '::ffff:127.0.0.1', 'ff02::1']

t.test('only private networks in plain form can be opened', async t => {
  for (const cidr of ['10.20.0.0/16', '10.0.0.0/8', '172.16.0.0/12', '172.31.255.0/24', '192.168.7.9/32', '100.64.0.0/10', 'fc00::/7', 'fd12:3456::/32', 'fd00::1/128']) {
    t.equal(mayBeOpened(cidr), true, cidr)
  }
  const refused = ['0.0.0.0/0', '::/0', '10.0.0.0/7', '10.20.0.1/16', '172.32.0.0/16', '172.0.0.0/8', '192.168.0.0/15', '127.0.0.0/8', '127.0.0.1/32', '169.254.0.0/16', '169.254.169.254/32',
    '8.8.8.0/24', '224.0.0.0/4', '::1/128', 'fe80::/10', '::ffff:10.0.0.0/104', '2001:db8::/32', 'fd00::1/64', 'FD00::/32', 'fd00:0::/32', 'fd00:0:0:0::/64', '010.0.0.0/8', '10.1/16',
    '10.20.0.0', '10.20.0.0/', '10.20.0.0/33', '10.20.0.0/016', '10.20.0.0/16/16', '10.20.0.0/-1', 'fd00::/129', 'localhost/8', '/8', '', 'fd00::%eth0/64']
  for (const cidr of refused) t.equal(mayBeOpened(cidr), false, cidr)
})

t.test('whatever the list says, loopback, link-local, metadata and what is not private stay closed in production', async t => {
  const everything: AddressRules = { sandbox: false, opened: networksOf(['0.0.0.0/0', '::/0']) }
  for (const address of never) t.equal(mayDial(address, everything), false, address)
  t.equal(mayDial('10.20.0.1', everything), true)
  t.equal(mayDial('10.20.0.1', { sandbox: false, opened: networksOf([]) }), false)
})

const request = { cidr: '10.20.0.0/16', note: '电子政务外网 · 财政局接入区' }
const open = (hub: Built, by: string, user: number, body: unknown = request) => hub.as(by, user).post('/v1/webhook-networks', body)

/** The hub's dialler as in production, with the list of its database; what it dials is written down and refused. */
function production (hub: Built, resolve: Net['resolve']) {
  const dialled: string[] = []
  const open = async ({ address, port }: { address: string, port: number }): Promise<Socket> => {
    dialled.push(`${address}:${port}`)
    throw new Error('refused by the test')
  }
  const dialler = createDialler({ resolve, open }, async () => ({ sandbox: false, opened: networksOf(await openNetworks(hub.db.read)) }))
  return {
    dialled, dialler,
    async dial (url: string): Promise<string[]> {
      const pool = dialler.pool(new URL(url), 1)
      await pool.request({ method: 'POST', path: '/', body: '{}' }).catch(() => undefined)
      await pool.destroy()
      return dialled.splice(0)
    }
  }
}

t.test('a network is opened by two persons, closed by one, listed, and in the journal; the guard goes by it at once', async t => {
  const hub = await build(t)
  let address = '10.20.3.4'
  const { dialler, dial } = production(hub, async () => [{ address, family: 4 }])
  const may = async (url: string) => (await dialler.check(url)).ok
  const hook = 'https://hooks.bureau.example/hook'
  t.same([await may(hook), await may('https://10.20.3.4/hook'), await dial(hook)], [false, false, []], 'without a list nothing private is called')

  const first = await open(hub, 'platform-operator', 1)
  t.match(first.json(), { ...request, status: 'PENDING_SECOND_PERSON', created_by: 'platform-operator-user-1', confirmed_by: null })
  t.equal(first.statusCode, 201)
  t.same([await may(hook), await dial(hook)], [false, []], 'one person opens nothing')
  t.equal((await open(hub, 'platform-operator', 1)).json().code, 'own_work')
  t.equal((await open(hub, 'meic', 1, { ...request, note: 'another one' })).json().code, 'duplicate_key', 'what is confirmed is what was asked for')
  t.same(await dial(hook), [])

  const second = await open(hub, 'meic', 1)
  t.match([second.statusCode, second.json().status], [200, 'ACTIVE'])
  t.same([await may(hook), await may('https://10.20.3.4/hook')], [true, true])
  t.same(await dial(hook), ['10.20.3.4:443'], 'called inside')
  t.equal(await may('http://10.20.3.4/hook'), false, 'over https only')
  for (const outside of ['10.21.0.1', '10.19.255.255', '192.168.0.1', ...never.filter(each => !each.includes(':'))]) {
    address = outside
    t.same([await may(hook), await may(`https://${outside}/hook`), await dial(hook)], [false, false, []], `${outside} is beside it`)
  }
  address = '10.20.3.4'

  const list = await hub.as('meic').get('/v1/webhook-networks?status=ACTIVE')
  t.match(list.json().items, [{ ...request, confirmed_by: 'meic-user-1' }])
  const closed = await hub.as('platform-operator', 2).post(`/v1/webhook-networks/${first.json().network_no}/close`, undefined)
  t.match(closed.json(), { status: 'CLOSED', closed_by: 'platform-operator-user-2' })
  t.same([await may(hook), await dial(hook)], [false, []], 'closed at once')
  t.equal((await hub.as('meic', 1).post(`/v1/webhook-networks/${first.json().network_no}/close`, undefined)).statusCode, 409)
  t.equal((await open(hub, 'meic', 1)).statusCode, 201, 'and may be asked for again, by two persons again')

  await hub.loops.settle()
  const { items } = (await hub.as('meic').get('/v1/events?limit=200')).json() as { items: { type: string, subject: string }[] }
  t.same(items.filter(({ subject }) => subject === first.json().network_no).map(({ type }) => type), ['webhook_network.proposed', 'webhook_network.opened', 'webhook_network.closed'])
})

t.test('a machine, another role and an unfit network are refused; what the database must never hold it refuses itself', async t => {
  const hub = await build(t)
  t.equal((await hub.as('platform-operator').post('/v1/webhook-networks', request)).json().code, 'person_required')
  t.equal((await hub.as('bank-1', 1).post('/v1/webhook-networks', request)).json().code, 'role_not_allowed')
  t.equal((await hub.as('bank-1').get('/v1/webhook-networks')).json().code, 'role_not_allowed')
  t.match((await open(hub, 'meic', 1, { ...request, cidr: '127.0.0.0/8' })).json(), { status: 422, code: 'network_refused', errors: [{ pointer: '/cidr' }] })
  t.same((await hub.as('meic').get('/v1/webhook-networks')).json().items, [])
  const alone = {
    network_no: newNo('net'), ...request, status: 'ACTIVE', created_by: 'meic-user-1', confirmed_by: 'meic-user-1', closed_by: null, created_at: hub.clock.now(), updated_at: hub.clock.now()
  } as const
  await t.rejects(hub.db.write(sql => insertNetwork(sql, alone)), 'opened by one person')
  await t.rejects(hub.db.write(sql => insertNetwork(sql, { ...alone, confirmed_by: null })), 'open without a second person')
})
