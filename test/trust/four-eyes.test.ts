/** Nobody's own work can stand as approved in the database, whatever the program does: every pair of persons is a constraint. */
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import t from 'tap'
import { subsidy_accounts } from '../../src/lending/subsidy-accounts/store.ts'
import { payment_batches } from '../../src/payment/batches/store.ts'
import { holds } from '../../src/payment/holds/store.ts'
import { consortia, newConsortium } from '../../src/registry/consortia/store.ts'
import { participant_keys } from '../../src/registry/participants/access-store.ts'
import { participants } from '../../src/registry/participants/store.ts'
import { policy_versions } from '../../src/registry/policies/store.ts'
import { uscc_overrides } from '../../src/registry/uscc-overrides/store.ts'
import { webhook_endpoints, webhook_private_networks } from '../../src/delivery/store.ts'
import { build, start_of_test as now } from '../helper.ts'

type Row = Record<string, unknown>
interface Pair { what: string, table: SQLiteTable, key: string, good: Row, bad: Record<string, Row> }

const [first, second] = ['person-1', 'person-2']
const at = { version: 1, created_at: now, updated_at: now }
const pairs: readonly Pair[] = [
  {
    what: 'payment batch', table: payment_batches, key: 'batch_no',
    good: {
      message_no: 'msg', participant_no: 'finance-bureau', year: '2026', fund_source: 'MUNICIPAL', status: 'APPROVED', content_digest: 'c', digest: 'd', payment_count: 1, control_sum_fen: 1,
      created_by: first, closed_by: first, closed_at: now, approved_by: second, approved_at: now, approved_digest: 'd', sent_at: null, done_at: null, left_out: [], ...at
    },
    bad: {
      'by the one who closed it': { approved_by: first }, 'by nobody': { approved_by: null, approved_digest: null }, 'without what was approved': { approved_digest: null },
      'holding something else than was approved': { digest: 'other' }, 'holding nothing that was closed': { digest: null }, 'sent without approval': { status: 'SENT', approved_by: null, approved_digest: null }
    }
  },
  {
    what: 'key', table: participant_keys, key: 'key_no',
    good: {
      participant_no: 'bank-1', user_no: null, algorithm: 'ED25519', public_key: 'k', fingerprint: 'f', valid_from: '2026-01-01', valid_to: '2027-01-01', status: 'ACTIVE', content_digest: 'c',
      created_by: first, confirmed_by: second, retired_by: null, retirement_reason: null, ...at
    },
    bad: { 'by the one who registered it': { confirmed_by: first }, 'by nobody': { confirmed_by: null } }
  },
  {
    what: 'participant', table: participants, key: 'participant_no',
    good: {
      role: 'BANK', name: '示范银行己（虚构）', uscc: 'u', region_code: null, aliases: [], is_government_guarantor: false, is_cooperating: false, status: 'ACTIVE', content_digest: 'c', proposed: null,
      created_by: first, confirmed_by: second, ...at
    },
    bad: { 'by the one who entered it': { confirmed_by: first } }
  },
  {
    what: 'consortium', table: consortia, key: 'consortium_no',
    good: {
      ...newConsortium({ consortium_no: '', park_no: 'park-1', status: 'ACTIVE', valid_from: '2026-01-01', valid_to: '2027-01-01', created_by: first, created_at: now }),
      reviewed_by: first, activated_by: second, change_proposed_by: first, change_confirmed_by: second
    },
    bad: { 'by the one who reviewed it': { activated_by: first }, 'changed by the one who proposed it': { change_confirmed_by: first } }
  },
  {
    what: 'policy version', table: policy_versions, key: 'version',
    good: {
      policy_code: 'TECH_RENO_LOAN', status: 'CONFIRMED', title: 't', title_zh: 't', effective_from: '2030-01-01', effective_to: null, parameters: {}, clauses: {}, supersedes: null, content_digest: 'c',
      proposed_by: first, confirmed_by: second, confirmed_at: now, created_at: now, updated_at: now
    },
    bad: { 'by the one who proposed it': { confirmed_by: first }, 'by nobody': { confirmed_by: null } }
  },
  {
    what: 'change of an account', table: subsidy_accounts, key: 'number',
    good: {
      participant_no: 'bank-1', business_no: 'b', uscc: 'u', project_code: '', status: 'ACTIVE', findings: [], authorization_no: null, content_digest: 'c', review_notes: [], body: {},
      holder_kind: 'ENTERPRISE', account_sealed: 's', account_index: 'i', account_tail: '0000', is_change: true, declared_by_user: first, confirmed_by: second, confirmed_at: now, ...at
    },
    bad: { 'by the one who declared it': { confirmed_by: first }, 'by nobody': { confirmed_by: null } }
  },
  {
    what: 'hold', table: holds, key: 'hold_no',
    good: {
      participant_no: 'meic', packet_no: null, line_no: null, uscc: null, reason: 'r', owner: null, expires_on: null, escalated_at: null, status: 'RELEASED', placed_by: first, release_reason: null,
      released_by: second, released_at: now, ...at
    },
    bad: { 'released by the one who placed it': { released_by: first }, 'released by nobody': { released_by: null } }
  },
  {
    what: 'recorded credit code', table: uscc_overrides, key: 'uscc',
    good: { status: 'ACTIVE', reason: 'r', end_reason: null, proposed_by: first, confirmed_by: second, ended_by: null, ...at },
    bad: { 'by the one who recorded it': { confirmed_by: first }, 'by nobody': { confirmed_by: null } }
  },
  {
    what: 'endpoint', table: webhook_endpoints, key: 'endpoint_no',
    good: {
      participant_no: 'bank-1', url: 'https://hooks.bank.example/x', description: null, event_types: [], status: 'ACTIVE', disabled_reason: null, proposed_by: first, confirmed_by: second,
      verified_at: now, challenge: 'c', challenge_attempts: 0, challenge_next_at: now, concurrency: 1, laid_out_seq: 0, consecutive_failures: 0, failing_since: null, circuit_until: now, leased_by: null,
      leased_until: now, ...at
    },
    bad: { 'by the one who named it': { confirmed_by: first }, 'called with nobody’s consent': { confirmed_by: null } }
  },
  {
    what: 'private network of endpoints', table: webhook_private_networks, key: 'network_no',
    good: { cidr: '10.0.0.0/8', note: 'n', status: 'ACTIVE', created_by: first, confirmed_by: second, closed_by: null, created_at: now, updated_at: now },
    bad: { 'by the one who opened it': { confirmed_by: first }, 'by nobody': { confirmed_by: null } }
  }
]

t.test('no approval of one’s own work, and none without another person, can be stored', async t => {
  const { db } = await build(t)
  for (const { what, table, key, good, bad } of pairs) {
    const keep = async (row: Row) => db.write(sql => sql.insert(table).values(row))
    for (const [how, changes] of Object.entries(bad)) {
      const refusal = await keep({ ...good, [key]: `${what} ${how}`, ...changes }).then(() => null, (error: Error) => String(error.cause ?? error))
      t.match(refusal, /check constraint/i, `a ${what} ${how}`)
    }
    await keep({ ...good, [key]: `a good ${what}` })
  }
  t.pass('what two persons did is stored')
})
