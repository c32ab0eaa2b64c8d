import type { Message } from '../../../protocol/frames'
import { isTerminal } from '../../../protocol/message'
import { isUnderWay } from '../../../protocol/outbox'
import { useChat } from '../../../stores/chatStore'
import { useViewEntries } from './useViewEntries'

/** Whether a new attempt may be asked for: at the newest answer, once it has ended and nothing is on its way after it. */
export function useRetryable(message: Message): boolean {
  const newest = useChat((s) => s.conversations[message.session_id]?.order.at(-1))
  const waiting = useViewEntries().some(isUnderWay)
  return isTerminal(message) && newest === message.id && !waiting
}
