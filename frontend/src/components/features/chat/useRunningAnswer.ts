import { runningAnswer } from '../../../protocol/conversation'
import { useChat } from '../../../stores/chatStore'

/** The id of the answer that is not at its end, of which a session has at most one. */
export function useRunningAnswer(sessionId: string | null): string | null {
  return useChat((s) => {
    const conversation = sessionId ? s.conversations[sessionId] : undefined
    return conversation ? (runningAnswer(conversation)?.id ?? null) : null
  })
}
