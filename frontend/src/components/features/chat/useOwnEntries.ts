import { useMemo } from 'react'
import type { Entry } from '../../../protocol/outbox'
import { useChat } from '../../../stores/chatStore'
import { ownEntries } from '../../../stores/outbox'

/** What this person has on its way, in whichever chat. */
export function useOwnEntries(): readonly Entry[] {
  const entries = useChat((s) => s.entries)
  const userId = useChat((s) => s.userId)
  return useMemo(() => ownEntries(entries, userId), [entries, userId])
}
