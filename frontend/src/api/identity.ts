import { bodyOf } from './problems'
import type { Rest } from './rest'

/**
 * Who this browser is. Tabs that open together must not make two anonymous users of one person, so they ask one
 * after the other: the second brings the cookie that the first was given.
 */
export async function askIdentity(rest: Rest): Promise<string> {
  return locked('steadychat.identity', async () => {
    const response = await rest.exchange('POST', 'api/chat/identity')
    return (await bodyOf<{ user_id: string }>(response)).user_id
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
