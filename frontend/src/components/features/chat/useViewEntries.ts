import { useMemo } from 'react'
import type { Entry } from '../../../protocol/outbox'
import { useChat } from '../../../stores/chatStore'
import { useOwnEntries } from './useOwnEntries'

/** What is on its way in the chat on screen. */
export function useViewEntries(): readonly Entry[] {
  const entries = useOwnEntries()
  const { thread, sessionId } = useChat((s) => s.view)
  return useMemo(
    () =>
      entries.filter((entry) =>
        entry.sessionId === null ? entry.thread === thread : entry.sessionId === sessionId,
      ),
    [entries, thread, sessionId],
  )
}
