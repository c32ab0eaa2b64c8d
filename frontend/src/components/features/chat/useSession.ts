import type { Session } from '../../../protocol/frames'
import { useChat } from '../../../stores/chatStore'

/** What is known of a chat; nothing of one that is being deleted. */
export function useSession(sessionId: string | null): Session | undefined {
  return useChat((s) =>
    s.deleting?.sessionId === sessionId
      ? undefined
      : s.sessions.items.find((session) => session.id === sessionId),
  )
}
