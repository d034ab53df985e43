/**
 * Which addresses the hub may call. Pure. Only what is certainly a public unicast address passes; everything that could lead
 * back inside (private, loopback, link-local with cloud metadata, shared, multicast, tunnels that carry an IPv4 address) does not.
 * Source: IANA special-purpose address registries (RFC 6890).
 */
import { BlockList, isIP } from 'node:net'

const refused_v4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
  ['192.31.196.0', 24], ['192.52.193.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16], ['192.175.48.0', 24], ['198.18.0.0', 15], ['198.51.100.0', 24],
  ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
  // Metadata of a cloud under a public number.
  ['168.63.129.16', 32]
]
/** Inside 2000::/3, which is all that is public. */
const refused_v6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['2620:4f:8000::', 48], ['3ffe::', 16], ['3fff::', 20]
]

function listOf (v4: typeof refused_v4, v6: typeof refused_v6): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of v4) list.addSubnet(network, prefix, 'ipv4')
  for (const [network, prefix] of v6) list.addSubnet(network, prefix, 'ipv6')
  return list
}

const refused = listOf(refused_v4, refused_v6)
const public_v6 = listOf([], [['2000::', 3]])

/** Networks that can be opened at all. Loopback, link-local and everything special lies outside, whatever a list says. Source: RFC 1918, 4193, 6598. */
const openable_networks = {
  4: [['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['100.64.0.0', 10]],
  6: [['fc00::', 7]]
} as const
/** One list per family: a list of both would also know IPv4 addresses in the clothes of IPv6. */
const openable = { ipv4: listOf(openable_networks[4], []), ipv6: listOf([], openable_networks[6]) }
/** Metadata of clouds under private numbers: never called, also inside an opened network. */
const metadata = listOf([['100.100.100.200', 32]], [['fd00:ec2::254', 128], ['fd20:ce::254', 128]])

/** Networks that an operator has opened, as written in the table; what is no CIDR opens nothing. */
export function networksOf (cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [network = '', prefix = ''] = cidr.split('/')
    const family = isIP(network)
    if (family === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128)) continue
    list.addSubnet(network, Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

export interface AddressRules {
  /** plain http and 127.0.0.1 are allowed */
  sandbox: boolean
  /** private networks an operator has opened */
  opened: BlockList
}

/** Whether this very address may be dialled; `address` in the form a resolver gives. */
export function mayDial (address: string, rules: AddressRules): boolean {
  const family = isIP(address)
  if (family === 4) return !refused.check(address, 'ipv4') || (rules.sandbox && address === '127.0.0.1') || isOpened(address, 'ipv4', rules)
  if (family !== 6 || address.includes('%')) return false
  return (public_v6.check(address, 'ipv6') && !refused.check(address, 'ipv6')) || isOpened(address, 'ipv6', rules)
}

function isOpened (address: string, family: 'ipv4' | 'ipv6', { opened }: AddressRules): boolean {
  return opened.check(address, family) && openable[family].check(address, family) && !metadata.check(address, family)
}

const bytes_of = { 4: 4, 6: 16 } as const

/** The bytes of an address; `text` is one, in any form. */
function addressBytes (text: string, family: 4 | 6): Buffer {
  if (family === 4) return Buffer.from(text.split('.').map(Number))
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::')
  const groups = (part: string) => part === '' ? [] : part.split(':')
  const gap = tail === undefined ? [] : Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => '0')
  return Buffer.from([...groups(head), ...gap, ...groups(tail ?? '')].map(group => group.padStart(4, '0')).join(''), 'hex')
}

/**
 * Whether two persons may open this network to webhooks: a CIDR in plain form, without bits beyond its prefix, wholly inside one
 * of the private ranges.
 */
export function mayBeOpened (cidr: string): boolean {
  const [network = '', prefix = '', ...rest] = cidr.split('/')
  const family = isIP(network)
  if ((family !== 4 && family !== 6) || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bytes_of[family] * 8) return false
  if (family === 6 && (network.includes('%') || new URL(`http://[${network}]`).hostname !== `[${network}]`)) return false
  const bits = [...addressBytes(network, family)].map(byte => byte.toString(2).padStart(8, '0')).join('')
  if (bits.slice(Number(prefix)).includes('1')) return false
  return openable_networks[family].some(([range, length]) => Number(prefix) >= length && networksOf([`${range}/${length}`]).check(network, family === 4 ? 'ipv4' : 'ipv6'))
}

export type UrlVerdict = { ok: true, url: URL } | { ok: false, reason: string, reason_zh: string }

const url_length_max = 2000
const well_known_ports: ReadonlySet<string> = new Set(['', '80', '443'])
const first_free_port = 1024
const name_length_max = 253
/** At least two labels, the last one beginning with a letter: nothing a resolver could take for a number. */
const full_name = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** Names that never lead to somebody outside. */
const inner_names = /(^|\.)(localhost|local|localdomain|internal|intranet|lan|home|corp|private|home\.arpa|in-addr\.arpa|ip6\.arpa|onion)$/

function no (reason: string, reason_zh: string): UrlVerdict {
  return { ok: false, reason, reason_zh }
}

/**
 * Whether an address text may be registered, before any name is resolved. What a parser would quietly turn into something
 * else (octal, hexadecimal, decimal, full-width or short addresses, blanks, backslashes, credentials) is refused as written.
 */
export function checkUrl (text: string, rules: AddressRules): UrlVerdict {
  if (text.length > url_length_max || !/^[\x21-\x5b\x5d-\x7e]+$/.test(text)) return no('Write the address in visible ASCII characters without backslashes', '地址须为可见 ASCII 字符且不含反斜杠')
  const written = /^(https?):\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?(?:[/?][^#]*)?$/.exec(text)
  if (written === null || !URL.canParse(text)) return no('Needs the form https://host/path without credentials or fragment', '格式应为 https://主机/路径，不含用户信息和片段')
  const url = new URL(text)
  const host = written[2] ?? ''
  if (url.hostname !== host.toLowerCase() && !host.startsWith('[')) return no('Write the host in its plain form', '请以规范形式填写主机名或地址')
  const bare = url.hostname.replaceAll(/^\[|\]$/g, '')
  const is_loopback = rules.sandbox && (bare === '127.0.0.1' || bare === 'localhost')
  if (url.protocol !== 'https:' && !is_loopback) return no('Only https is called', '仅支持 https 地址')
  if (!well_known_ports.has(url.port) && Number(url.port) < first_free_port) return no('This port is not called', '不支持该端口')
  if (is_loopback) return { ok: true, url }
  if (isIP(bare) !== 0) {
    return mayDial(bare, rules) ? { ok: true, url } : no('The address is neither public nor in a network that was opened', '该地址既非公网地址，也不在已开放的网段内')
  }
  if (!full_name.test(bare) || bare.length > name_length_max) return no('Write the host as a full name in its plain form', '请以规范的完整域名填写主机')
  if (inner_names.test(bare)) return no('The name does not belong to the public net', '该域名不属于公网')
  return { ok: true, url }
}
