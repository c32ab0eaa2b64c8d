import { memo } from 'react'
import type { Row } from '../../../protocol/conversation'
import type { Shown } from '../../../protocol/shown'
import { useChat } from '../../../stores/chatStore'
import { Boundary } from '../../ui/Boundary'
import { AnswerRow } from './AnswerRow'
import { LocalRow } from './LocalRow'
import { PlainRow } from './PlainRow'
import { QuestionRow } from './QuestionRow'
import { ShelvedRow } from './ShelvedRow'

interface Props {
  readonly sessionId: string | null
  readonly shown: Shown
  readonly position: number
  readonly count: number
  /** The last height of a row, by its index: what an empty one takes up until its text is back. */
  readonly heightOf: (index: number) => number
}

/** One row. It alone looks at its message, so that a growing answer draws nothing else anew. */
export const MessageRow = memo(function MessageRow(props: Props) {
  const { sessionId, shown, position, count, heightOf } = props
  const place = { 'aria-posinset': position, 'aria-setsize': count }
  const row = useRow(sessionId, shown.kind === 'message' ? shown.id : null)
  if (shown.kind === 'local')
    return <LocalRow clientMessageId={shown.clientMessageId} place={place} />
  if (!row) return null
  const { message, shelved } = row
  if (shelved) return <ShelvedRow message={message} place={place} height={heightOf(position - 1)} />
  return (
    <Boundary fallback={<PlainRow message={message} place={place} />}>
      {message.role === 'user' ? (
        <QuestionRow message={message} place={place} />
      ) : (
        <AnswerRow message={message} place={place} />
      )}
    </Boundary>
  )
})

function useRow(sessionId: string | null, id: string | null): Row | undefined {
  return useChat((s) =>
    sessionId === null || id === null ? undefined : s.conversations[sessionId]?.rows.get(id),
  )
}
