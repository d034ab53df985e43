/**
 * The network edge of webhooks: resolves a name, checks every address it has, and connects to the very address that was
 * checked, so that a name cannot change in between. No redirects, no proxy of the environment.
 */
import { lookup } from 'node:dns/promises'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Pool } from 'undici'
import { checkUrl, mayDial, type AddressRules, type UrlVerdict } from './addresses.ts'

export interface Resolved { address: string, family: number }

/** What touches the machine; tests hand in their own. */
export interface Net {
  resolve (hostname: string): Promise<Resolved[]>
  /** opens a connection to an address that was checked */
  open (to: { address: string, port: number, tls_name: string | null, timeout_ms: number }): Promise<Socket>
}

export class AddressRefused extends Error {
  override name = 'AddressRefused'
}

export const attempt_timeout_ms = 15_000
const connect_timeout_ms = 10_000
const resolve_timeout_ms = 5000
const keep_alive_ms = 10_000
/** No connection grows older: name and address are checked again at least so often, also where it is never idle. */
const connection_ms = 60_000

export const machine_net: Net = {
  resolve: async hostname => lookup(hostname, { all: true, verbatim: true }),
  open: async ({ address, port, tls_name, timeout_ms }) => new Promise((resolve, reject) => {
    const socket = tls_name === null
      ? connectPlain({ host: address, port })
      : connectTls({ host: address, port, servername: tls_name, ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.2' })
    const timer = setTimeout(() => socket.destroy(new Error('connecting took too long')), timeout_ms)
    socket.once('error', error => {
      clearTimeout(timer)
      reject(error)
    })
    socket.once(tls_name === null ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer)
      socket.setNoDelay(true)
      resolve(socket)
    })
  })
}

export interface Dialler {
  /** Whether an address may be registered; a name that does not resolve now is checked when it is dialled. */
  check (url: string): Promise<UrlVerdict>
  /** A pool of connections for one address. */
  pool (url: URL, connections: number): Pool
}

async function within<T> (work: Promise<T>, timeout_ms: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([work, new Promise<never>((_resolve, reject) => { timer = setTimeout(() => reject(new Error(message)), timeout_ms) })])
  } finally {
    clearTimeout(timer)
  }
}

/** @param rulesNow the rules in force, asked for every check and every new connection */
export function createDialler (net: Net, rulesNow: () => Promise<AddressRules>): Dialler {
  async function addressesOf (hostname: string): Promise<Resolved[]> {
    return within(net.resolve(hostname.replaceAll(/^\[|\]$/g, '')), resolve_timeout_ms, 'the name did not resolve in time')
  }

  /** The addresses of a host, if every single one may be dialled. */
  async function checked (url: URL): Promise<Resolved[]> {
    const rules = await rulesNow()
    const verdict = checkUrl(url.href, rules)
    if (!verdict.ok) throw new AddressRefused(verdict.reason)
    const addresses = await addressesOf(url.hostname)
    if (addresses.length === 0) throw new Error('the name has no address')
    const bad = addresses.find(({ address }) => !mayDial(address, rules))
    if (bad !== undefined) throw new AddressRefused('the name leads to an address that may not be called')
    return addresses
  }

  async function connectTo (url: URL): Promise<Socket> {
    const addresses = await checked(url)
    const tls_name = url.protocol === 'https:' ? url.hostname : null
    const port = Number(url.port === '' ? tls_name === null ? '80' : '443' : url.port)
    let failure: unknown
    for (const { address } of addresses) {
      try {
        return await net.open({ address, port, tls_name, timeout_ms: connect_timeout_ms })
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  return {
    async check (text) {
      const verdict = checkUrl(text, await rulesNow())
      if (!verdict.ok) return verdict
      try {
        await checked(verdict.url)
      } catch (error) {
        if (error instanceof AddressRefused) return { ok: false, reason: 'The name leads to an address that is neither public nor in a network that was opened', reason_zh: '该域名解析到的地址既非公网地址，也不在已开放的网段内' }
      }
      return verdict
    },
    pool: (url, connections) => new Pool(url.origin, {
      connections,
      pipelining: 1,
      keepAliveTimeout: keep_alive_ms,
      keepAliveMaxTimeout: keep_alive_ms,
      clientTtl: connection_ms,
      headersTimeout: attempt_timeout_ms,
      bodyTimeout: attempt_timeout_ms,
      connect: (_options, callback) => {
        connectTo(url).then(socket => callback(null, socket), (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null))
      }
    })
  }
}
