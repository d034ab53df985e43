/**
 * Many small pieces of work at once: what is asked for while a unit is being written, or while the same is looked up, waits and shares the
 * next one, so that a statement and a commit serve many.
 */
import { DbOverloaded, queue_length_max, type Db, type WriteSql } from './db.ts'
import { isUnavailable } from './failures.ts'

export const shared_max = 64

/**
 * What became of one of several that share a unit. Refused, or `met`: it depends on another of them and has written nothing; the first is
 * never `met`.
 */
export type Outcome<T> = { value: T } | { refused: Error } | 'met'

/** Takes several in one unit; the outcomes stand in the order of the items. What it throws fails them all. */
export type SharedWork<Item, T> = (sql: WriteSql, now: string, items: readonly Item[]) => Promise<readonly Outcome<T>[]>

/** What came of the only one of a unit. Errors: its refusal. */
export function only<T> ([outcome]: readonly Outcome<T>[]): T {
  if (outcome === undefined || outcome === 'met') throw new Error('an only one met another')
  if ('refused' in outcome) throw outcome.refused
  return outcome.value
}

/** The outcomes with every value made into another. */
export function eachValue<T, U> (outcomes: readonly Outcome<T>[], make: (value: T) => U): Outcome<U>[] {
  return outcomes.map(outcome => outcome !== 'met' && 'value' in outcome ? { value: make(outcome.value) } : outcome)
}

interface Waiting<Item, T> { item: Item, resolve (value: T): void, reject (reason: unknown): void }

/**
 * Makes the function that takes one item in, together with whoever comes at the same time. One that is refused is taken once more by
 * itself, so that its refusal leaves nothing behind and fails nobody else; so are all of a unit that failed.
 *
 * @param onKept told of every item of a unit that is on disk, whatever became of it there
 */
export function gather<Item, T> (db: Db, work: SharedWork<Item, T>, onKept: (item: Item) => void): (item: Item) => Promise<T> {
  let queue: Waiting<Item, T>[] = []
  let draining = false

  async function alone ({ item, resolve, reject }: Waiting<Item, T>): Promise<void> {
    await db.write(async (sql, now) => only(await work(sql, now, [item]))).then(value => {
      onKept(item)
      resolve(value)
    }, reject)
  }

  async function takeIn (group: readonly Waiting<Item, T>[]): Promise<void> {
    let outcomes: readonly Outcome<T>[]
    try {
      outcomes = await db.write((sql, now) => work(sql, now, group.map(({ item }) => item)))
    } catch (reason) {
      const is_hopeless = group.length === 1 || reason instanceof DbOverloaded || isUnavailable(reason)
      for (const waiting of group) {
        if (is_hopeless) waiting.reject(reason)
        else void alone(waiting)
      }
      return
    }
    const met: Waiting<Item, T>[] = []
    for (const [place, waiting] of group.entries()) {
      onKept(waiting.item)
      const outcome = outcomes[place]
      if (outcome === 'met') met.push(waiting)
      else if (outcome !== undefined && 'value' in outcome) waiting.resolve(outcome.value)
      else void alone(waiting)
    }
    queue = [...met, ...queue]
  }

  /** Waits while every turn of the event loop brings somebody: a busy hub takes in many at once, an idle one waits for one turn. */
  async function untilNobodyComes (): Promise<void> {
    for (let before = 0; queue.length > before && queue.length < shared_max;) {
      before = queue.length
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  async function drain (): Promise<void> {
    draining = true
    while (queue.length > 0) {
      await untilNobodyComes()
      const group = queue.slice(0, shared_max)
      queue = queue.slice(shared_max)
      await takeIn(group)
    }
    draining = false
  }

  return item => {
    if (queue.length >= queue_length_max) return Promise.reject(new DbOverloaded('too many are waiting'))
    return new Promise<T>((resolve, reject) => {
      queue.push({ item, resolve, reject })
      if (!draining) void drain()
    })
  }
}

/**
 * Makes the function through which those who ask for the same at the same time share what is looked up: while a look is under way, whoever
 * comes shares the next one, which begins after they asked.
 */
export function shared<T> (): (key: string, look: () => Promise<T>) => Promise<T> {
  const under_way = new Map<string, { look: Promise<T>, next: Promise<T> | null }>()
  function begin (key: string, look: () => Promise<T>): Promise<T> {
    const at: { look: Promise<T>, next: Promise<T> | null } = { look: look(), next: null }
    under_way.set(key, at)
    const end = (): void => { if (at.next === null) under_way.delete(key) }
    at.look.then(end, end)
    return at.look
  }
  return (key, look) => {
    const at = under_way.get(key)
    if (at === undefined) return begin(key, look)
    const again = (): Promise<T> => begin(key, look)
    at.next ??= at.look.then(again, again)
    return at.next
  }
}
