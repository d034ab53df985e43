/**
 * Lets work about one key run in turn within this process, so that many decisions on one breaker wait for each other instead of
 * colliding in the database. What is right does not hang on it: across processes the unit that owns the row is run again.
 */
export function inTurn (): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return async (key, work) => {
    const before = last.get(key) ?? Promise.resolve()
    const own = before.then(work, work)
    last.set(key, own)
    try {
      return await own
    } finally {
      if (last.get(key) === own) last.delete(key)
    }
  }
}
