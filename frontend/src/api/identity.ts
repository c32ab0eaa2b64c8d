import { problemOf } from './problems'
import type { Rest } from './rest'

/**
 * Who this browser is. Tabs that open together must not make two anonymous users of one person, so they ask one
 * after the other: the second brings the cookie that the first was given.
 */
export async function askIdentity(rest: Rest): Promise<string> {
  return locked('steadychat.identity', async () => {
    const response = await rest.exchange('POST', 'api/chat/identity')
    if (!response.ok) throw await problemOf(response)
    const body = (await response.json()) as { user_id: string }
    return body.user_id
  })
}

/** Runs alone among the tabs of this browser; where locks are missing (plain HTTP) it just runs. */
export async function locked<T>(name: string, run: () => Promise<T>): Promise<T> {
  if (!('locks' in navigator)) return run()
  return (await navigator.locks.request(name, run)) as T
}
