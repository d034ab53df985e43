/** Calls by chance: any operation, any caller, any number, filters, and marks of others. The same seed gives the same calls. */
import { newKey } from '../../helper.ts'
import { seeded } from '../mutate.ts'
import { callsOf, everybody, pathOf, type Call } from './calls.ts'
import { rolesOf } from './matrix.ts'
import type { World } from './world.ts'

/** Values that a filter may be given, by its name: those of both stories. */
function valuesOf ({ left, right, withdrawn }: World, name: string, schema: { enum?: readonly string[] }): readonly string[] {
  const both = (value: (story: typeof left) => unknown) => [left, right].map(story => String(value(story)))
  const known: Record<string, readonly string[]> = {
    uscc: [left.uscc, right.uscc, withdrawn.uscc], owner_uscc: both(({ uscc }) => uscc), grantor_uscc: [left.uscc, right.uscc, withdrawn.uscc], project_code: both(({ project_code }) => project_code),
    year: ['2026', '2025'], period: ['2026Q1', '2026'], limit: ['1', '2', '200'], updated_since: ['2026-03-18T00:00:00Z'], participant: ['bank-1', 'bank-3', 'guarantor-1'], park: ['park-1', 'park-2'],
    park_no: ['park-1', 'park-2'], bank_no: ['bank-1', 'bank-3'], guarantor_no: ['guarantor-1', 'guarantor-2'], packet_no: both(({ numbers }) => numbers['subsidy-packets']),
    line_no: both(({ numbers }) => numbers['subsidy-lines']), voucher_no: both(({ bodies }) => bodies.createInterestVoucher?.voucher_no), iou_no: both(({ bodies }) => bodies.createDrawdown?.iou_no),
    vintage_year: ['2026'], format: ['json', 'csv', 'xlsx'], prefill: ['true', 'false'], date: ['2026-03-23'], after: ['0', '50', '300'], amount_min: ['1.00'], amount_max: ['9999999.00'],
    region_code: ['500112', '500157', '500120'], from: ['1'], to: ['2'], tag: ['HIGH_TECH'], on: ['2026-03-01'], version: ['1'], warned: ['true', 'false'], role: ['BANK']
  }
  return known[name] ?? schema.enum ?? []
}

/** Business numbers in the place of the hub's. */
function otherName (world: World, url: string, side: 'left' | 'right'): string {
  const { numbers, bodies } = world[side]
  const names: Record<string, readonly [string, string]> = {
    'loan-contracts': ['createLoanContract', 'loan_contract_no'], drawdowns: ['createDrawdown', 'iou_no'], 'interest-vouchers': ['createInterestVoucher', 'voucher_no'],
    'guarantee-contracts': ['createGuaranteeContract', 'guarantee_contract_no'], 'lease-contracts': ['createLeaseContract', 'lease_contract_no'],
    'insurance-policies': ['createInsurancePolicy', 'policy_no'], 'rent-vouchers': ['createRentVoucher', 'voucher_no'], 'fee-vouchers': ['createFeeVoucher', 'fee_voucher_no']
  }
  const collection = url.split('/')[2] ?? ''
  const [operation, field] = names[collection] ?? []
  const number = numbers[collection]
  return operation === undefined || field === undefined || number === undefined ? url : url.replace(number, encodeURIComponent(String(bodies[operation]?.[field])))
}

/** @param marks ETags and cursors that others were given; new ones may be added while it runs */
export function* randomCalls (world: World, seed: number, count: number, marks: readonly string[]): Generator<Call> {
  const { next, pick } = seeded(seed)
  const specs = [...world.hub.app.operations.values()].filter(({ callers }) => callers !== 'public')
  const people = [0, 1, 2].map(user => everybody(world.hub, user))
  const keys = world.sent.filter(({ key, status, content_type }) => key !== undefined && status < 300 && content_type === undefined)
  for (let made = 0; made < count;) {
    const spec = pick(specs)
    const who = pick(people[next(3)] ?? [])
    const variant = pick(['left', 'right', 'withdrawn', 'expired', 'missing'] as const)
    if (spec.method !== 'GET') {
      // Only who never may writes by chance: the world stays as it is.
      const [call] = (rolesOf(spec.id) as readonly string[]).includes(who.role) ? [] : callsOf(spec, world, who)
      if (call === undefined) continue
      made++
      const taken = pick(keys)
      yield next(2) === 0 ? call : { ...call, headers: { 'idempotency-key': taken.key ?? newKey() } }
      continue
    }
    const path = pathOf(spec, world, variant)
    if (path === undefined) continue
    const named = next(3) === 0 && (variant === 'left' || variant === 'right') ? otherName(world, path, variant) : path
    const query = Object.entries((spec.query as { properties?: Record<string, { enum?: readonly string[] }> } | undefined)?.properties ?? {}).flatMap(([name, schema]) => {
      const required = ((spec.query as { required?: readonly string[] } | undefined)?.required ?? []).includes(name)
      if (name === 'cursor') return marks.length > 0 && next(6) === 0 ? [`cursor=${encodeURIComponent(pick(marks))}`] : []
      if (name === 'wait') return []
      const values = valuesOf(world, name, schema)
      return values.length > 0 && (required || next(3) === 0) ? [`${name}=${encodeURIComponent(pick(values))}`] : []
    })
    const headers: Record<string, string> = marks.length > 0 && next(4) === 0 ? { 'if-none-match': pick(marks) } : {}
    if (next(5) === 0) headers['accept-language'] = 'zh-CN'
    made++
    yield { operation: spec.id, method: 'GET', url: named + (query.length === 0 ? '' : `?${query.join('&')}`), who, variant, headers, expected: null }
  }
}
