import { bodyOf } from './problems'
import type { Rest } from './rest'
import { clearStorage, lostStorage, outboxStorage, userStorage } from './storage'

const PATH = 'api/chat/identity'
const LOCK = 'steadychat.identity'

interface Known {
  readonly user_id: string
}

/**
 * Who this browser is. Tabs that open together must not make two anonymous users of one person, so they ask one
 * after the other: the second brings the cookie that the first was given.
 */
export async function askIdentity(rest: Rest): Promise<string> {
  return locked(LOCK, async () => {
    const { user_id: userId } = await bodyOf<Known>(await rest.exchange('POST', PATH))
    const before = userStorage.get()
    if (before !== null && before !== userId) {
      // No tab asked for that, so the server has forgotten this browser. What it has not sent is still its own.
      outboxStorage.bequeath(before, userId)
      lostStorage.set()
    }
    userStorage.set(userId)
    return userId
  })
}

/** This browser becomes the user who made the link. What it had not sent waits until it is its former user again. */
export async function joinIdentity(rest: Rest, code: string): Promise<void> {
  await locked(LOCK, async () => {
    const claimed = await rest.exchange('POST', `${PATH}/links/claim`, { body: { code } })
    userStorage.set((await bodyOf<Known>(claimed)).user_id)
  })
}

/** Everything of this user goes, at the server and in this browser, which is somebody new afterwards. */
export async function forgetIdentity(rest: Rest): Promise<void> {
  await locked(LOCK, async () => {
    const gone = await rest.exchange('DELETE', PATH)
    // Whom the server does not know has nothing there.
    if (gone.status !== 401) await bodyOf(gone)
    clearStorage()
    // Other tabs wait for this one; where it cannot be asked now, the next page asks.
    await rest
      .exchange('POST', PATH)
      .then((response) => bodyOf<Known>(response))
      .then(({ user_id: userId }) => userStorage.set(userId))
      .catch(() => {})
  })
}

/** Runs alone among the tabs of this browser; where locks are missing (plain HTTP) or forbidden it just runs. */
export async function locked<T>(name: string, run: () => Promise<T>): Promise<T> {
  if (!('locks' in navigator)) return run()
  let begun = false
  const alone = () => {
    begun = true
    return run()
  }
  return navigator.locks.request(name, alone).catch((error) => {
    if (begun) throw error
    return run()
  }) as Promise<T>
}
