import type { Socket } from 'node:net'
import { pino } from 'pino'
import t from 'tap'
import { AES_256_GCM, createCipher } from '../../src/db/cipher.ts'
import { mayDial, networksOf, type AddressRules } from '../../src/delivery/addresses.ts'
import { createDialler, type Dialler, type Net } from '../../src/delivery/dialler.ts'
import { layOut } from '../../src/delivery/laying-out.ts'
import { createSender } from '../../src/delivery/sender.ts'
import { addEndpoint } from '../../src/delivery/service.ts'
import { attemptsOf, noteHealth } from '../../src/delivery/store.ts'
import { append, sequence, the_hub } from '../../src/journal/events.ts'
import { admit } from '../../src/http/access.ts'
import { loadHubKeys } from '../../src/db/keys.ts'
import { build } from '../helper.ts'

const production: AddressRules = { sandbox: false, opened: networksOf([]) }

/** Addresses inside, in every family, as a resolver would give them. */
const inner_addresses = [
  '0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.254', '100.64.0.1', '100.100.100.200', '100.127.255.255', '127.0.0.1', '127.1.2.3', '169.254.169.254', '169.254.0.23',
  '172.16.0.1', '172.31.255.255', '192.0.0.192', '192.0.2.1', '192.88.99.1', '192.168.0.1', '198.18.0.1', '198.19.255.255', '198.51.100.7', '203.0.113.9', '224.0.0.1',
  '239.255.255.255', '240.0.0.1', '255.255.255.255', '168.63.129.16',
  '::', '::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:169.254.169.254', '::ffff:8.8.8.8', '::ffff:7f00:1', '::127.0.0.1', '::a00:1', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::1', '100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '2002:a9fe:a9fe::1', '3fff::1', '5f00::1', 'fc00::1', 'fd00:ec2::254', 'fdff::1', 'fe80::1', 'fec0::1', 'ff02::1', 'ff0e::1'
]
const bracketed = (address: string): string => address.includes(':') ? `[${address}]` : address

/** The same addresses in forms that parsers quietly turn into them, and other ways around a check. */
const hostile_urls = [
  ...inner_addresses.flatMap(address => [`https://${bracketed(address)}/hook`, `http://${bracketed(address)}/hook`]),
  'https://2130706433/', 'https://0x7f000001/', 'https://0x7f.0.0.1/', 'https://0177.0.0.1/', 'https://017700000001/', 'https://127.1/', 'https://127.0.1/', 'https://0/', 'https://0x0/',
  'https://0xa9fea9fe/', 'https://2852039166/', 'https://0251.0376.0251.0376/', 'https://169.254.43518/', 'https://0xA9.0xFE.0xA9.0xFE/', 'https://00000177.1/', 'https://127.0.0.1./',
  'https://0300.0250.0.1/', 'https://3232235521/', 'https://192.168.257/', 'https://4294967295/', 'https://1.1.1.256/', 'https://256.256.256.256/', 'https://1.2.3.4.5/',
  'https://１２７.0.0.1/', 'https://①②⑦.⓪.⓪.①/', 'https://127。0。0。1/', 'https://127%2e0%2e0%2e1/', 'https://%31%32%37.0.0.1/', 'https://ⓛocalhost/', 'https://loc\u00adalhost/',
  'https://localhost/', 'https://LOCALHOST/', 'https://localhost./', 'https://localhost.localdomain/', 'https://a.localhost/', 'https://printer.local/', 'https://metadata/',
  'https://metadata.google.internal/', 'https://instance-data.ec2.internal/', 'https://router.lan/', 'https://nas.home/', 'https://db.corp/', 'https://x.home.arpa/', 'https://vault.private/',
  'https://1.0.0.127.in-addr.arpa/', 'https://hidden.onion/', 'https://intranet/', 'https://hub.intranet/',
  'http://hooks.bank.example/', 'HTTP://hooks.bank.example/', 'ftp://hooks.bank.example/', 'file:///etc/passwd', 'gopher://hooks.bank.example/', 'ws://hooks.bank.example/', 'data:text/plain,1',
  'javascript:alert(1)', 'https:hooks.bank.example', 'https:/hooks.bank.example', 'https:///hooks.bank.example', '//hooks.bank.example/', 'hooks.bank.example', '', 'https://', 'https://:443/',
  'https://user@127.0.0.1/', 'https://hooks.bank.example@127.0.0.1/', 'https://127.0.0.1@hooks.bank.example/', 'https://user:password@hooks.bank.example/', 'https://hooks.bank.example\\@127.0.0.1/',
  'https://hooks.bank.example#@127.0.0.1/', 'https://hooks.bank.example/#fragment', 'https://hooks.bank.example\\.evil.example/', 'https:\\\\127.0.0.1\\', 'https://127.0.0.1\\hooks.bank.example/',
  'https://hooks.bank.example\t/', 'https://hooks.bank.example\n/', 'https://127.0.0\n.1/', ' https://hooks.bank.example/', 'https://hooks.bank.example/ ', 'https://hooks .bank.example/',
  'https://hooks.bank.example\u0000.evil.example/', 'https://hooks.bank.example%00/', 'https://[::1%25eth0]/', 'https://[fe80::1%25lo]/', 'https://[::1]:8443/', 'https://[0:0:0:0:0:0:0:1]/',
  'https://[::FFFF:127.0.0.1]/', 'https://[0000::1]/', 'https://[::ffff:0x7f000001]/', 'https://[::1/', 'https://::1/', 'https://1::1]/',
  'https://hooks.bank.example:22/', 'https://hooks.bank.example:25/', 'https://hooks.bank.example:6/', 'https://hooks.bank.example:0/', 'https://hooks.bank.example:65536/', 'https://hooks.bank.example:99999/',
  'https://hooks.bank.example:-1/', 'https://hooks.bank.example:443:22/', `https://${'a'.repeat(64)}.${'b'.repeat(2000)}.example/`, 'https://银行.example/', 'https://hooks.bank.example./',
  'https://.bank.example/', 'https://0x7f.1:8443/', 'https://017700000001:8443/x', 'https://hooks_bank.example/', 'https://*.bank.example/', 'https://hooks.bank.example,127.0.0.1/', 'https://127.0.0.1;hooks.bank.example/'
]

/** How a name may resolve: all of it inside, one address of several inside, nothing, or first outside and then inside. */
const outer = '93.184.216.34'
const dns_behaviours: Record<string, () => Net['resolve']> = {
  ...Object.fromEntries(inner_addresses.map(address => [`only ${address}`, () => async () => [{ address, family: address.includes(':') ? 6 : 4 }]])),
  ...Object.fromEntries(inner_addresses.slice(0, 40).map(address => [`${outer} and ${address}`, () => async () => [{ address: outer, family: 4 }, { address, family: address.includes(':') ? 6 : 4 }]])),
  'a scoped address': () => async () => [{ address: 'fe80::1%eth0', family: 6 }],
  'no text of an address': () => async () => [{ address: 'localhost', family: 4 }],
  nothing: () => async () => [],
  'no such name': () => async () => { throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }) }
}

interface Recorded { dialled: string[], net: Net }

function recording (resolve: Net['resolve']): Recorded {
  const dialled: string[] = []
  return {
    dialled,
    net: {
      resolve,
      open: async ({ address, port }): Promise<Socket> => {
        dialled.push(`${address}:${port}`)
        throw Object.assign(new Error('refused by the test'), { code: 'ECONNREFUSED' })
      }
    }
  }
}

async function dial (dialler: Dialler, url: string): Promise<void> {
  const pool = dialler.pool(new URL(url), 1)
  await pool.request({ method: 'POST', path: '/', body: '{}' }).catch(() => undefined)
  await pool.destroy()
}

t.test('no hostile address passes, as written or whatever its name leads to, and none is dialled', async t => {
  t.ok(hostile_urls.length >= 200, `${hostile_urls.length} addresses`)
  const well_meaning = recording(async () => [{ address: outer, family: 4 }])
  const dialler = createDialler(well_meaning.net, async () => production)
  for (const url of hostile_urls) t.equal((await dialler.check(url)).ok, false, JSON.stringify(url).slice(0, 80))
  for (const url of hostile_urls) if (URL.canParse(url) && /^https?:/.test(url)) await dial(dialler, url).catch(() => undefined)
  for (const [name, behaviour] of Object.entries(dns_behaviours)) {
    const recorded = recording(behaviour())
    const each = createDialler(recorded.net, async () => production)
    if (name !== 'nothing' && name !== 'no such name') t.equal((await each.check('https://hooks.bank.example/hook')).ok, false, name)
    await dial(each, 'https://hooks.bank.example/hook')
    t.same(recorded.dialled, [], name)
  }
  t.same(well_meaning.dialled.filter(address => !address.startsWith(outer)), [], 'only what resolved outside was ever reached')
})

t.test('this harness catches a dialler that does not look: a public address is dialled, and exactly the one that was checked', async t => {
  const recorded = recording(async () => [{ address: outer, family: 4 }])
  const dialler = createDialler(recorded.net, async () => production)
  t.equal((await dialler.check('https://hooks.bank.example:8443/hook')).ok, true)
  await dial(dialler, 'https://hooks.bank.example:8443/hook')
  t.same(recorded.dialled, [`${outer}:8443`])
})

t.test('an operator can open a private network, and nothing beside it', async t => {
  const rules = { sandbox: false, opened: networksOf(['10.20.0.0/16', 'fd00:1::/32', 'nonsense', '10.30.0.0/99']) }
  t.equal(mayDial('10.20.3.4', rules), true)
  t.equal(mayDial('fd00:1::5', rules), true)
  t.equal(mayDial('10.21.0.1', rules), false)
  t.equal(mayDial('10.30.0.1', rules), false)
})

t.test('the sandbox calls 127.0.0.1 and nothing else inside', async t => {
  const rules = { sandbox: true, opened: networksOf([]) }
  t.equal(mayDial('127.0.0.1', rules), true)
  for (const address of inner_addresses.filter(each => each !== '127.0.0.1')) t.equal(mayDial(address, rules), false, address)
})

t.test('creation refuses a hostile address with its own code', async t => {
  const hub = await build(t)
  for (const url of ['https://169.254.169.254/latest', 'http://10.0.0.1/', 'https://2130706433/', 'http://hooks.bank.example/', 'https://[::1]/', 'http://0x7f000001/']) {
    const answer = await hub.as('bank-1').post('/v1/webhook-endpoints', { url })
    t.match(answer.json(), { status: 422, code: 'endpoint_address_refused', errors: [{ pointer: '/url' }] }, url)
  }
  t.same((await hub.as('bank-1').get('/v1/webhook-endpoints')).json().items, [])
})

t.test('a name that turns inward after its creation is refused when it is dialled, and its owner is not told where it leads', async t => {
  const hub = await build(t)
  let address = outer
  const recorded = recording(async () => [{ address, family: 4 }])
  const dialler = createDialler(recorded.net, async () => production)
  const cipher = createCipher(loadHubKeys(hub.config).keyring, [AES_256_GCM])
  const sender = createSender({ db: hub.db, cipher, dialler, log: pino({ level: 'silent' }), challenge_echoed: true })
  t.teardown(() => sender.close())
  const owner = admit({ participant_no: 'bank-1', role: 'BANK', name: '', uscc: '', user_no: null, duties: [], client_id: '' })
  t.equal((await dialler.check('https://hooks.bank.example/hook')).ok, true)
  const { endpoint: { endpoint_no } } = await hub.db.write((sql, now) => addEndpoint(sql, now, owner, cipher, { url: 'https://hooks.bank.example/hook' }, { two_persons: true }))
  await hub.db.write((sql, now) => addEndpoint(sql, now, { ...owner, user_no: 'bank-1-user-1' }, cipher, { url: 'https://hooks.bank.example/hook' }, { two_persons: true }))
  await hub.db.write(async (sql, now) => {
    await noteHealth(sql, endpoint_no, { verified_at: now })
    await append(sql, now, { type: 'lead.pushed', subject: 'subject-1', actor: the_hub, audience: ['bank-1'] })
  })
  address = '169.254.169.254'
  while (await sequence(hub.db) > 0 || await layOut(hub.db) > 0) continue
  t.equal(await sender.step(), 1)
  await sender.idle()
  t.same(recorded.dialled, [])
  const [attempt] = await attemptsOf(hub.db.read, endpoint_no, {}, null, 10)
  t.match(attempt, { outcome: 'FAILED', status_code: null, error: 'ADDRESS_REFUSED' })
})
