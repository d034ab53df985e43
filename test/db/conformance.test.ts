/** What every Db must do; the same promises on SQLite and on PostgreSQL. */
import { connect, createServer, type AddressInfo } from 'node:net'
import { eq, sql as expression } from 'drizzle-orm'
import Database from 'better-sqlite3'
import pg from 'pg'
import t, { type Test } from 'tap'
import { frozenClock } from '../../src/clock.ts'
import { bulkInsert } from '../../src/db/bulk.ts'
import { integer, isAmong, table, text } from '../../src/db/columns.ts'
import { DbOverloaded, peek, RunAgain, run_again_max, together, type Db } from '../../src/db/db.ts'
import { isUnavailable } from '../../src/db/failures.ts'
import { gather, shared, type Outcome } from '../../src/db/gathering.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openDb } from '../../src/db/open.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { openSqlite } from '../../src/db/sqlite.ts'
import { temporaryDatabase } from '../helper.ts'

const accounts = table('accounts', { name: text().primaryKey(), balance_fen: integer().notNull() })
const first = {
  name: '0001-accounts.sql',
  sql: `-- accounts
    create table leases (name text primary key, holder text not null, expires_at double precision not null);
    create table accounts (name text primary key, balance_fen bigint not null check (balance_fen >= 0));`,
  checksum: 'a'
}

async function open (t: Test): Promise<{ db: Db, target: string }> {
  const { target } = await temporaryDatabase(t)
  await migrate(target, [first])
  const db = openDb(target, frozenClock('2026-03-18T02:00:00.000Z'))
  t.teardown(() => db.close())
  return { db, target }
}

const all = (db: Db) => db.read.select().from(accounts).orderBy(accounts.name)

t.test('a unit is there as a whole once it is acknowledged', async t => {
  const { db } = await open(t)
  const answer = await db.write(async sql => {
    await sql.insert(accounts).values({ name: 'a', balance_fen: 1 })
    await sql.insert(accounts).values({ name: 'b', balance_fen: 2 })
    return 'done'
  })
  t.equal(answer, 'done')
  t.same(await all(db), [{ name: 'a', balance_fen: 1 }, { name: 'b', balance_fen: 2 }])
})

t.test('a failing unit leaves nothing behind and fails alone', async t => {
  const { db } = await open(t)
  const outcomes = await Promise.allSettled([
    db.write(async sql => { await sql.insert(accounts).values({ name: 'good-1', balance_fen: 1 }) }),
    db.write(async sql => {
      await sql.insert(accounts).values({ name: 'bad', balance_fen: 1 })
      throw new Error('changed my mind')
    }),
    db.write(async sql => { await sql.insert(accounts).values({ name: 'negative', balance_fen: -1 }) }),
    db.write(async sql => { await sql.insert(accounts).values({ name: 'good-2', balance_fen: 2 }) })
  ])
  t.same(outcomes.map(({ status }) => status), ['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  t.same((await all(db)).map(({ name }) => name), ['good-1', 'good-2'])
})

t.test('a read never sees half of a unit', async t => {
  const { db } = await open(t)
  await db.write(async sql => { await sql.insert(accounts).values([{ name: 'a', balance_fen: 100 }, { name: 'b', balance_fen: 0 }]) })
  let inside = -1
  await db.write(async sql => {
    await sql.update(accounts).set({ balance_fen: 40 }).where(eq(accounts.name, 'a'))
    inside = (await all(db)).reduce((sum, { balance_fen }) => sum + balance_fen, 0)
    await sql.update(accounts).set({ balance_fen: 60 }).where(eq(accounts.name, 'b'))
  })
  t.equal(inside, 100)
  t.equal((await all(db)).reduce((sum, { balance_fen }) => sum + balance_fen, 0), 100)
})

t.test('units that race for one balance never overdraw it and use it fully', async t => {
  const { db } = await open(t)
  await db.write(async sql => { await sql.insert(accounts).values({ name: 'pot', balance_fen: 100 }) })
  const takes = await Promise.all(Array.from({ length: 40 }, () => db.write(async sql => {
    const [pot] = await sql.select().from(accounts).where(eq(accounts.name, 'pot'))
    const taken = Math.min(pot?.balance_fen ?? 0, 7)
    await sql.update(accounts).set({ balance_fen: (pot?.balance_fen ?? 0) - taken }).where(eq(accounts.name, 'pot'))
    return taken
  })))
  t.equal(takes.reduce((a, b) => a + b, 0), 100)
  t.same(await all(db), [{ name: 'pot', balance_fen: 0 }])
})

t.test('a unit that others keep getting in the way of gets through all the same', async t => {
  const { db } = await open(t)
  await db.write(async sql => { await sql.insert(accounts).values([{ name: 'counted', balance_fen: 0 }, { name: 'sum', balance_fen: 0 }]) })
  const race = { over: false }
  const others = Array.from({ length: 6 }, async () => {
    while (!race.over) {
      await db.write(async sql => {
        const [sum] = await sql.select().from(accounts).where(eq(accounts.name, 'sum'))
        await sql.update(accounts).set({ balance_fen: expression`${accounts.balance_fen} + ${sum === undefined ? 0 : 1}` }).where(eq(accounts.name, 'counted'))
      })
    }
  })
  let attempts = 0
  await db.write(async sql => {
    attempts++
    const [counted] = await sql.select().from(accounts).where(eq(accounts.name, 'counted'))
    await new Promise(resolve => setTimeout(resolve, 30))
    await sql.update(accounts).set({ balance_fen: counted?.balance_fen ?? -1 }).where(eq(accounts.name, 'sum'))
  })
  race.over = true
  await Promise.all(others)
  t.ok(attempts < run_again_max / 2, `${attempts} attempts`)
})

t.test('of twins that look beside their units for a key one keeps it, the other runs again and sees it', async t => {
  const { db } = await open(t)
  const outcomes = await Promise.all(Array.from({ length: 12 }, () => db.write(async sql => {
    const [kept] = await peek(sql).select().from(accounts).where(eq(accounts.name, 'once'))
    if (kept !== undefined) return 'seen'
    const made = await sql.insert(accounts).values({ name: 'once', balance_fen: 1 }).onConflictDoNothing().returning()
    if (made.length === 0) throw new RunAgain('a twin was faster')
    return 'made'
  })))
  t.equal(outcomes.filter(outcome => outcome === 'made').length, 1)
  t.equal(outcomes.filter(outcome => outcome === 'seen').length, 11)
})

t.test('a unit refuses what its twin did in between only after it has looked from inside', async t => {
  const { db } = await open(t)
  const twin = () => db.write(async sql => {
    const [kept] = await peek(sql).select().from(accounts).where(eq(accounts.name, 'once'))
    if (kept !== undefined) return 'seen'
    await new Promise(resolve => setTimeout(resolve, Math.random() * 4))
    const [now_there] = await sql.select().from(accounts).where(eq(accounts.name, 'once'))
    if (now_there !== undefined) throw new Error('refused although it is its own twin')
    const made = await sql.insert(accounts).values({ name: 'once', balance_fen: 1 }).onConflictDoNothing().returning()
    if (made.length === 0) throw new RunAgain('a twin was faster')
    return 'made'
  })
  for (let round = 0; round < 12; round++) {
    const outcomes = await Promise.all(Array.from({ length: 8 }, twin))
    t.equal(outcomes.filter(outcome => outcome === 'made').length, 1)
    await db.write(async sql => { await sql.delete(accounts) })
  }
})

t.test('a unit that does not hear of a failed statement is not acknowledged', { skip: process.env.DATABASE_URL ? false : 'on SQLite a failed statement leaves the others standing' }, async t => {
  const { db } = await open(t)
  await t.rejects(db.write(async sql => {
    await sql.insert(accounts).values({ name: 'good', balance_fen: 1 })
    await Promise.allSettled([sql.insert(accounts).values({ name: 'negative', balance_fen: -1 })])
  }), /nothing was kept/)
  t.same(await all(db), [])
})

/** Stands between a client and a server; every `word` that passes is spoilt while told so. @returns the address to use instead */
async function spoiledOnTheWay (t: Test, target: string, word: string): Promise<{ url: string, spoil: { on: boolean } }> {
  const [url, { port, hostname }, spoil] = [new URL(target), new URL(target), { on: false }]
  const server = createServer(client => {
    const behind = connect(Number(port), hostname)
    for (const [from, to] of [[client, behind], [behind, client]] as const) from.on('error', () => to.destroy()).on('close', () => to.destroy())
    behind.pipe(client)
    client.on('data', chunk => {
      const text = chunk.toString('latin1')
      behind.write(spoil.on ? Buffer.from(text.replaceAll(word, 'x'.repeat(word.length)), 'latin1') : chunk)
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  // A server on this machine may be named by its socket.
  url.searchParams.delete('host')
  return { url: url.href, spoil }
}

t.test('a unit whose transaction did not begin keeps nothing, on a connection that lives on', async t => {
  const { db, target } = await open(t)
  if (db.dialect === 'sqlite') return t.pass('nothing goes ahead of the beginning on SQLite')
  const { url, spoil } = await spoiledOnTheWay(t, target, 'begin isolation')
  const behind = openPostgres(url, frozenClock('2026-03-18T02:00:00.000Z'), { connections: 1 })
  t.teardown(() => behind.close())
  let backend = 0
  const unit = (name: string) => behind.write(async sql => {
    const { rows } = await (sql as unknown as { $client: pg.PoolClient }).$client.query('select pg_backend_pid() as pid')
    backend = Number(rows[0].pid)
    await sql.insert(accounts).values({ name, balance_fen: 1 })
    await sql.insert(accounts).values({ name: `${name} too`, balance_fen: 1 })
  })
  await unit('before')
  const before = backend
  spoil.on = true
  await t.rejects(unit('not begun'), /syntax error at or near "x/)
  t.equal(backend, before, 'the statements came through on the same connection')
  await t.rejects(behind.write(async () => 'nothing to keep'), /syntax error/)
  spoil.on = false
  await unit('after')
  t.same((await all(db)).map(({ name }) => name), ['after', 'after too', 'before', 'before too'])
})

t.test('of several statements at once the first failure is thrown, after all have ended', async t => {
  const { db } = await open(t)
  let ended = false
  await t.rejects(db.write(async sql => together(
    sql.insert(accounts).values({ name: 'negative', balance_fen: -1 }) as unknown as Promise<unknown>,
    new Promise<void>(resolve => { setTimeout(() => { ended = true; resolve() }, 20) })
  )))
  t.ok(ended)
  t.same(await all(db), [])
})

t.test('long units that share a transaction let others in between them', { skip: process.env.DATABASE_URL ? 'on PostgreSQL each has its own' : false }, async t => {
  const { db } = await open(t)
  let turns = 0
  const counting = setInterval(() => { turns++ }, 1)
  const seen = await Promise.all(Array.from({ length: 4 }, (_, index) => db.write(async sql => {
    await sql.insert(accounts).values({ name: `long-${index}`, balance_fen: index })
    for (const until = performance.now() + 15; performance.now() < until;);
    return turns
  })))
  clearInterval(counting)
  t.equal(new Set(seen).size, 4, `turns of others before each unit ended: ${seen.join(', ')}`)
  t.equal((await all(db)).length, 4)
})

t.test('a write inside a unit is refused, not waited for', async t => {
  const { db } = await open(t)
  await t.rejects(db.write(async () => db.write(async () => 'inner')), /write inside a unit/)
  t.equal(await db.write(async () => 'still alive'), 'still alive')
})

t.test('the durable settings are in force and shown', async t => {
  const { db } = await open(t)
  const { facts, unsafe } = await db.settings()
  t.same(unsafe, [])
  t.match(facts, db.dialect === 'sqlite' ? { journal_mode: 'wal', synchronous: '2', foreign_keys: '1' } : { fsync: 'on', synchronous_commit: 'on' })
})

t.test('a full queue says so at once', async t => {
  const { db, target } = await open(t)
  const clock = frozenClock('2026-03-18T02:00:00.000Z')
  const small = db.dialect === 'sqlite' ? openSqlite(target, clock, { queue_length_max: 5 }) : openPostgres(target, clock, { connections: 1, queue_length_max: 5 })
  t.teardown(() => small.close())
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => small.write(async () => 1)))
  const refused = outcomes.filter(outcome => outcome.status === 'rejected')
  t.ok(refused.length >= 30, `${refused.length} of 50 refused`)
  t.ok(refused.every(({ reason }) => reason instanceof DbOverloaded))
  t.equal(await small.write(async () => 'recovered'), 'recovered')
})

t.test('many rows go in at once, and many values find their rows whatever stands in them', async t => {
  const { db } = await open(t)
  const names = Array.from({ length: 150 }, (_, n) => `企业${n}`).concat(['a"b', 'a\\b', "a'b", '{x,y}', 'null', ''])
  await db.write(async sql => { await bulkInsert(accounts)(sql, names.map((name, balance_fen) => ({ name, balance_fen }))) })
  t.same((await all(db)).map(({ name, balance_fen }) => names[balance_fen] === name), names.map(() => true), 'every value stands in its own row')
  const found = async (wanted: readonly string[]) => (await db.read.select().from(accounts).where(isAmong(accounts.name, wanted))).map(({ name }) => name).sort()
  t.same(await found([...names, 'nobody']), [...names].sort())
  const odd = names.slice(-6)
  t.same(await found(odd), odd.sort())
  t.same(await found([]), [])
})

t.test('pieces of work that come together share units; one that is refused or fails does so alone, one that met another waits for it', async t => {
  const { db } = await open(t)
  const units: number[] = []
  const take = gather<{ name: string, balance_fen: number }, string>(db, async (sql, _now, items) => {
    units.push(items.length)
    const seen = new Set<string>()
    const outcomes = items.map(({ name, balance_fen }): Outcome<string> => {
      if (seen.has(name)) return 'met'
      seen.add(name)
      return name === 'refused' ? { refused: new Error('not this one') } : { value: `${name} ${balance_fen}` }
    })
    for (const [place, item] of items.entries()) {
      const outcome = outcomes[place]
      if (outcome === undefined || outcome === 'met' || 'refused' in outcome) continue
      await sql.insert(accounts).values(item).onConflictDoUpdate({ target: accounts.name, set: { balance_fen: item.balance_fen } })
    }
    return outcomes
  }, () => undefined)
  const some = (...items: [string, number][]) => Promise.allSettled(items.map(([name, balance_fen]) => take({ name, balance_fen })))
  const told = (outcomes: readonly PromiseSettledResult<string>[]) => outcomes.map(one => one.status === 'fulfilled' ? one.value : one.reason instanceof Error ? 'failed' : one.reason)

  t.same(told(await some(['a', 1], ['refused', 1], ['b', 2], ['a', 3])), ['a 1', 'failed', 'b 2', 'a 3'])
  t.same(units, [4, 1, 1], 'four in one unit; the refused one once more by itself, and who met another after it')
  t.same(await all(db), [{ name: 'a', balance_fen: 3 }, { name: 'b', balance_fen: 2 }])

  units.length = 0
  t.same(told(await some(['c', 1], ['negative', -1], ['d', 2])), ['c 1', 'failed', 'd 2'], 'a statement that fails fails its own piece only')
  t.same(units, [3, 1, 1, 1])
  t.same((await all(db)).map(({ name }) => name), ['a', 'b', 'c', 'd'])
})

t.test('a commit is announced', async t => {
  const { db } = await open(t)
  const announced = new Promise<void>(resolve => { db.onCommit(resolve) })
  await db.write(async sql => { await sql.insert(accounts).values({ name: 'a', balance_fen: 1 }) })
  await announced
  t.pass('called back')
})

t.test('a full disk refuses what does not fit, reads go on, and with room again writes do', async t => {
  const { db } = await open(t)
  if (db.dialect === 'postgres') return t.pass('SQLite only: the harness of killed servers shows it for PostgreSQL')
  const fill = (name: string) => db.write(async sql => { await sql.insert(accounts).values({ name: name.repeat(20_000), balance_fen: 1 }) })
  const room = (pages: number) => db.write(async sql => { (sql as unknown as { $client: Database.Database }).$client.pragma(`max_page_count = ${pages}`) })
  await fill('a')
  await room(1)
  const outcomes = await Promise.allSettled([fill('b'), db.write(async () => 'small'), fill('c')])
  t.ok(outcomes.every(outcome => outcome.status === 'fulfilled' || isUnavailable(outcome.reason)))
  t.ok(outcomes.some(({ status }) => status === 'rejected'))
  t.equal((await all(db)).length, 1)
  await room(100_000)
  await fill('d')
  t.equal((await all(db)).length, 2)
})

t.test('a lease that lies further ahead than any can was given before the clock was set back', async t => {
  const { db, target } = await open(t)
  if (db.dialect === 'sqlite') return t.pass('SQLite has one process')
  t.equal(await db.lease('match', 'one', 10_000), true)
  const client = new pg.Client({ connectionString: target })
  await client.connect()
  await client.query('update leases set expires_at = expires_at + 3600000')
  await client.end()
  t.equal(await db.lease('match', 'two', 10_000), true)
  t.equal(await db.lease('match', 'one', 10_000), false)
})

t.test('a lease has one holder until it ends', async t => {
  const { db } = await open(t)
  t.equal(await db.lease('match', 'one', 60_000), true)
  if (db.dialect === 'postgres') t.equal(await db.lease('match', 'two', 60_000), false)
  t.equal(await db.lease('match', 'one', 1), true)
  await new Promise(resolve => setTimeout(resolve, 20))
  t.equal(await db.lease('match', 'two', 60_000), true)
  await db.endLeases('one')
  if (db.dialect === 'postgres') t.equal(await db.lease('match', 'one', 60_000), false, 'nobody gives back what another holds')
  await db.endLeases('two')
  t.equal(await db.lease('match', 'one', 60_000), true)
})

t.test('a released migration that was changed or lost stops the start, a failing one leaves nothing', async t => {
  const { target } = await open(t)
  t.same(await migrate(target, [first]), [])
  await t.rejects(migrate(target, [{ ...first, checksum: 'b' }]), /changed after it was applied/)
  await t.rejects(migrate(target, []), /older than its database/)
  const broken = { name: '0002-broken.sql', sql: 'create table half (x text); create table accounts (y text);', checksum: 'c' }
  await t.rejects(migrate(target, [first, broken]))
  const fixed = { ...broken, sql: 'create table half (x text);' }
  t.same(await migrate(target, [first, fixed]), ['0002-broken.sql'])
})

t.test('what was acknowledged is read by another connection of another process', async t => {
  const { db, target } = await open(t)
  await db.write(async sql => { await sql.insert(accounts).values({ name: 'kept', balance_fen: 9_007_199_254_740_991 }) })
  if (db.dialect === 'sqlite') {
    const other = new Database(target, { readonly: true })
    t.same(other.prepare('select * from accounts').all(), [{ name: 'kept', balance_fen: Number.MAX_SAFE_INTEGER }])
    other.close()
  } else {
    const other = new pg.Client({ connectionString: target })
    await other.connect()
    t.same((await other.query('select * from accounts')).rows, [{ name: 'kept', balance_fen: Number.MAX_SAFE_INTEGER }])
    await other.end()
  }
})

t.test('who asks for the same while it is looked up shares the next look, which begins after they asked', async t => {
  const ask = shared<number>()
  const begun: string[] = []
  const ends: (() => void)[] = []
  const look = (name: string) => async () => {
    const nth = begun.push(name)
    await new Promise<void>(resolve => { ends.push(resolve) })
    if (name === 'bad') throw new Error('made for the test')
    return nth
  }
  const first = ask('a', look('first'))
  const [second, third, other] = [ask('a', look('second')), ask('a', look('third')), ask('b', look('other'))]
  t.same(begun, ['first', 'other'], 'nobody gets what was looked at before they asked')
  for (const end of ends.splice(0)) end()
  t.same(await Promise.all([first, other]), [1, 2])
  t.same(begun, ['first', 'other', 'second'])
  for (const end of ends.splice(0)) end()
  t.same(await Promise.all([second, third]), [3, 3])

  const failing = ask('a', look('bad'))
  const after = ask('a', look('after'))
  for (const end of ends.splice(0)) end()
  await t.rejects(failing, { message: 'made for the test' })
  for (const end of ends.splice(0)) end()
  t.equal(await after, 5, 'a look that failed fails nobody else')
})

t.test('a unit that stands apart less keeps all or nothing as well', async t => {
  const { db } = await open(t)
  await t.rejects(db.write(async sql => {
    await sql.insert(accounts).values({ name: 'a', balance_fen: 1 })
    throw new Error('changed my mind')
  }, 'AS_COMMITTED'), { message: 'changed my mind' })
  t.same(await all(db), [])
  await db.write(async sql => { await sql.insert(accounts).values({ name: 'b', balance_fen: 2 }) }, 'AS_COMMITTED')
  t.same(await all(db), [{ name: 'b', balance_fen: 2 }])
})
