import { isTerminal } from '../../../protocol/message'
import { useChat } from '../../../stores/chatStore'

/** The id of the answer that is not at its end, of which a session has at most one. */
export function useRunningAnswer(sessionId: string | null): string | null {
  return useChat((s) => {
    const conversation = sessionId ? s.conversations[sessionId] : undefined
    if (!conversation) return null
    for (let at = conversation.order.length - 1; at >= 0; at -= 1) {
      const row = conversation.rows.get(conversation.order[at] ?? '')
      if (row && !isTerminal(row.message)) return row.message.id
    }
    return null
  })
}
