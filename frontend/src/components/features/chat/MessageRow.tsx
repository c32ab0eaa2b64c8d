import { memo } from 'react'
import type { Message } from '../../../protocol/frames'
import type { Shown } from '../../../protocol/shown'
import { useChat } from '../../../stores/chatStore'
import { AnswerRow } from './AnswerRow'
import { LocalRow } from './LocalRow'
import { QuestionRow } from './QuestionRow'

interface Props {
  readonly sessionId: string | null
  readonly shown: Shown
  readonly position: number
  readonly count: number
}

/** One row. It alone looks at its message, so that a growing answer draws nothing else anew. */
export const MessageRow = memo(function MessageRow({ sessionId, shown, position, count }: Props) {
  const place = { 'aria-posinset': position, 'aria-setsize': count }
  const message = useMessage(sessionId, shown.kind === 'message' ? shown.id : null)
  if (shown.kind === 'local')
    return <LocalRow clientMessageId={shown.clientMessageId} place={place} />
  if (!message) return null
  return message.role === 'user' ? (
    <QuestionRow message={message} place={place} />
  ) : (
    <AnswerRow message={message} place={place} />
  )
})

function useMessage(sessionId: string | null, id: string | null): Message | undefined {
  return useChat((s) =>
    sessionId === null || id === null
      ? undefined
      : s.conversations[sessionId]?.rows.get(id)?.message,
  )
}
