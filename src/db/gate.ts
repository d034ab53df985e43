/** A gate for work that goes on side by side, and now and then for a piece that has to be by itself. */
export interface Gate {
  /** Lets work in beside the others. @returns how it leaves */
  enter (): Promise<() => void>
  /** Lets work in by itself: newcomers wait, those inside end first. @returns how it leaves */
  enterAlone (): Promise<() => void>
}

export function createGate (): Gate {
  const gate: { inside: number, alone: Promise<void> | undefined, whenEmpty: (() => void) | undefined } = { inside: 0, alone: undefined, whenEmpty: undefined }
  return {
    async enter () {
      while (gate.alone !== undefined) await gate.alone
      gate.inside++
      return () => {
        gate.inside--
        if (gate.inside === 0) gate.whenEmpty?.()
      }
    },
    async enterAlone () {
      while (gate.alone !== undefined) await gate.alone
      const { promise, resolve } = Promise.withResolvers<void>()
      gate.alone = promise
      if (gate.inside > 0) await new Promise<void>(empty => { gate.whenEmpty = empty })
      gate.whenEmpty = undefined
      return () => {
        gate.alone = undefined
        resolve()
      }
    }
  }
}
