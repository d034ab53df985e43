/** Databases with a fault that a harness has to notice. */
import Database from 'better-sqlite3'
import pg from 'pg'

/** Changes a database behind the hub's back. @param target path of a SQLite file, or postgres://… */
export async function alter (target: string, statements: string): Promise<void> {
  if (!target.startsWith('postgres')) {
    const file = new Database(target)
    file.exec(statements)
    file.close()
    return
  }
  const client = new pg.Client({ connectionString: target })
  await client.connect()
  await client.query(statements)
  await client.end()
}

/** A line that stands in a payment is as free for the next one as before. */
export const forgetPayments = (target: string): Promise<void> => alter(target, target.startsWith('postgres') ? `
  create function forget_payment () returns trigger language plpgsql as 'begin new.live := 0; return new; end';
  create trigger forget_payment before insert on payment_items for each row execute function forget_payment ()` : `
  create trigger forget_payment after insert on payment_items begin update payment_items set live = 0 where line_no = new.line_no; end`)
