import { useEffect, useState } from 'react'
import { nothingUnread, rowsAfter, unreadAfter } from './unread'

interface Divided {
  /** The first row that the person has not seen, for the line above it. */
  readonly since: string | null
  /** How many came below, since they were last there. */
  readonly count: number
}

/** What came while the person was away from the end of the list, or from the page. */
export function useUnread(keys: readonly string[], detached: boolean, sentAt: number): Divided {
  const hidden = useHidden()
  const look = { keys, away: detached || hidden, sentAt }
  const [before, setBefore] = useState(() => nothingUnread(look))
  const now = unreadAfter(before, look)
  // React draws again at once, before anything is shown.
  if (now !== before) setBefore(now)
  return {
    since: rowsAfter(now.mark, keys)?.[0] ?? null,
    count: look.away ? (rowsAfter(now.seen, keys)?.length ?? 0) : 0,
  }
}

function useHidden(): boolean {
  const [hidden, setHidden] = useState(document.hidden)
  useEffect(() => {
    const look = () => setHidden(document.hidden)
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
  return hidden
}
