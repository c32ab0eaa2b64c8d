import type { Message } from '../../../protocol/frames'
import { isTerminal } from '../../../protocol/message'
import { underWay } from '../../../protocol/shown'
import { useChat } from '../../../stores/chatStore'
import { useViewEntries } from './useViewEntries'

/** Whether a new attempt may be asked for: at the newest answer, once it has ended and nothing is on its way after it. */
export function useRetryable(message: Message): boolean {
  const entries = useViewEntries()
  return useChat((s) => {
    const conversation = s.conversations[message.session_id]
    if (!conversation || !isTerminal(message)) return false
    return conversation.order.at(-1) === message.id && underWay(conversation, entries).length === 0
  })
}
