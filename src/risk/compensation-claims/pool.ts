/**
 * The pool of the fiscal part: finite, so a compensated loss draws on it or waits, in the order of the decisions, until it is topped up.
 * What is short changes no share: the guarantor's claim on the fiscal part stands. S1 五(一); domain notes §12.
 */
import type { Db, WriteSql } from '../../db/db.ts'
import { append, the_hub } from '../../journal/events.ts'
import { consumeBudget, findBudget } from '../../payment/budgets/store.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { riskAudience } from '../breakers/service.ts'
import { advanceClaim, recoveriesOf, waitingForPool, type Claim } from './store.ts'

type Drawn = Pick<Claim, 'fiscal_pool' | 'fiscal_pool_year'>

const waits: Drawn = { fiscal_pool: 'WAITING', fiscal_pool_year: null }
const yearOf = (now: string): string => beijingDate(now).slice(0, 4)

async function draw (sql: WriteSql, now: string, amount_fen: number): Promise<Drawn> {
  const year = yearOf(now)
  return await consumeBudget(sql, now, year, 'RISK_POOL', amount_fen) ? { fiscal_pool: 'DRAWN', fiscal_pool_year: year } : waits
}

/** The fiscal part of a claim that is decided now: drawn from the pool of the year, unless others wait before it or the pool does not carry it. */
export async function drawFromPool (sql: WriteSql, now: string, amount_fen: number): Promise<Drawn> {
  if (await findBudget(sql, yearOf(now), 'RISK_POOL') === undefined || (await waitingForPool(sql, 1)).length > 0) return waits
  return draw(sql, now, amount_fen)
}

/** What came back of a part that was drawn. */
export async function giveBackToPool (sql: WriteSql, now: string, { number, fiscal_pool_year }: Claim, amount_fen: number): Promise<void> {
  if (fiscal_pool_year === null || amount_fen === 0) return
  if (!await consumeBudget(sql, now, fiscal_pool_year, 'RISK_POOL', -amount_fen)) throw new Error(`claim ${number} gives back more than was drawn`)
}

/** Draws for the claim that waits longest, when the pool carries it. @returns how many were drawn */
export async function drawWaiting (db: Db): Promise<number> {
  if ((await waitingForPool(db.read, 1)).length === 0) return 0
  return db.write(async (sql, now) => {
    const [claim] = await waitingForPool(sql, 1)
    if (claim === undefined) return 0
    const back_fen = (await recoveriesOf(sql, [claim.number])).reduce((sum, { fiscal_fen }) => sum + fiscal_fen, 0)
    const drawn = await draw(sql, now, (claim.fiscal_fen ?? 0) - back_fen)
    if (drawn.fiscal_pool === 'WAITING') return 0
    await advanceClaim(sql, now, claim.number, [claim.status], { status: claim.status, ...drawn })
    await append(sql, now, {
      type: 'compensation_claim.fiscal_covered', subject: claim.number, actor: the_hub, data: { claim_no: claim.business_no, year: drawn.fiscal_pool_year },
      audience: await riskAudience(sql, { bank_no: claim.participant_no, guarantor_no: claim.guarantor_no })
    })
    return 1
  })
}
