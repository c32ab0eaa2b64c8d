import { newId } from './ids'
import { tabStorage } from './storage'

const LOCK = 'steadychat.tab.'
/** So long a page that was loaded anew waits for the one before it to let go. */
const LET_GO_MS = 2_000

/**
 * This tab's name. It survives a reload and is held as a lock for as long as the tab lives, so that others can see
 * whether the owner of a waiting message is still there. A duplicated tab gets a name of its own.
 */
export async function claimTab(): Promise<string> {
  const kept = tabStorage.get() ?? newId()
  const name = (await hold(kept)) ? kept : newId()
  if (name !== kept) await hold(name)
  tabStorage.set(name)
  return name
}

function hold(name: string): Promise<boolean> {
  if (!('locks' in navigator)) return Promise.resolve(true)
  return new Promise((resolve) => {
    const take = (lock: Lock | null) => {
      resolve(lock !== null)
      // Held until the browser ends the tab.
      return lock === null ? undefined : new Promise(() => {})
    }
    const signal = AbortSignal.timeout(LET_GO_MS)
    const request = navigator.locks.request(`${LOCK}${name}`, { signal }, take)
    // Forbidden locks are as good as none.
    request.catch(() => resolve(!signal.aborted))
  })
}

/** The tabs of this browser that are alive, or null where that cannot be known (plain HTTP, or locks are forbidden). */
export async function livingTabs(): Promise<ReadonlySet<string> | null> {
  if (!('locks' in navigator)) return null
  const query = await navigator.locks.query().catch(() => null)
  if (!query) return null
  const { held = [] } = query
  const names = held.map((lock) => lock.name ?? '').filter((name) => name.startsWith(LOCK))
  return new Set(names.map((name) => name.slice(LOCK.length)))
}
