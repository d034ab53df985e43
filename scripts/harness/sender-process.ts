/**
 * The sender as a process of its own: lays out what the log has and sends it until it is killed. Says under which name it holds
 * endpoints. Faults for sender.ts: `acknowledges-first` reports success before anything is sent, and sends out of order, `fresh-ids` gives every attempt
 * an id of its own.
 */
import { pino } from 'pino'
import type { Dispatcher, Pool } from 'undici'
import { newNo, runningClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import { AES_256_GCM, createCipher } from '../../src/db/cipher.ts'
import { loadHubKeys } from '../../src/db/keys.ts'
import { openDb } from '../../src/db/open.ts'
import { networksOf } from '../../src/delivery/addresses.ts'
import { createDialler, machine_net, type Dialler } from '../../src/delivery/dialler.ts'
import { layOut } from '../../src/delivery/laying-out.ts'
import { createSender } from '../../src/delivery/sender.ts'
import { sequence } from '../../src/journal/events.ts'

export const FAULTS = ['acknowledges-first', 'fresh-ids'] as const
export type Fault = typeof FAULTS[number]

const pause_ms = 3
/** Later, and the next one perhaps before it. */
const late_ms = [60, 40, 20]

const none: Dispatcher.DispatchController = { aborted: false, paused: false, reason: null, abort: () => undefined, pause: () => undefined, resume: () => undefined }
const unheard: Dispatcher.DispatchHandler = { onRequestStart: () => undefined, onResponseError: () => undefined }

/** A dialler with a fault built in. */
function faulty (dialler: Dialler, fault: Fault): Dialler {
  return {
    ...dialler,
    pool (url, connections) {
      const pool = dialler.pool(url, connections)
      let sent = 0
      const dispatch = (order: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean => {
        if (fault === 'fresh-ids') return pool.dispatch({ ...order, headers: { ...order.headers as Record<string, string>, 'webhook-id': newNo('evt') } }, handler)
        setTimeout(() => { pool.dispatch(order, unheard) }, late_ms[sent++ % late_ms.length])
        handler.onResponseStart?.(none, 204, {})
        handler.onResponseEnd?.(none, {})
        return true
      }
      return new Proxy(pool, { get: (target, name) => name === 'dispatch' ? dispatch : Reflect.get(target, name) as unknown }) as Pool
    }
  }
}

async function main ([target = '', data_dir = '', fault = '']: readonly string[]): Promise<void> {
  const db = openDb(target, runningClock())
  const cipher = createCipher(loadHubKeys(readConfig({ HUB_MODE: 'sandbox', DATA_DIR: data_dir })).keyring, [AES_256_GCM])
  const dialler = createDialler(machine_net, async () => ({ sandbox: true, opened: networksOf([]) }))
  const known = FAULTS.find(each => each === fault)
  const sender = createSender({ db, cipher, dialler: known === undefined ? dialler : faulty(dialler, known), log: pino({ level: 'fatal' }, pino.destination(2)), challenge_echoed: false })
  console.log(sender.holder)
  for (;;) {
    await sequence(db)
    await layOut(db)
    await sender.step()
    await new Promise(resolve => setTimeout(resolve, pause_ms))
  }
}

if (import.meta.main) await main(process.argv.slice(2))
