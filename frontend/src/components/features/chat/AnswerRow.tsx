import { useMemo, useRef } from 'react'
import type { Message } from '../../../protocol/frames'
import { isTerminal } from '../../../protocol/message'
import { useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { AnswerMeta } from './AnswerMeta'
import { AnswerNote } from './AnswerNote'
import { AnswerRecovered } from './AnswerRecovered'
import { AnswerText } from './AnswerText'
import { CitedContext } from './CitationMark'
import type { Place } from './place'
import css from './Rows.module.css'
import { SourceChips } from './SourceChips'
import { TypingSign } from './TypingSign'
import { useRetryable } from './useRetryable'

/** An answer, from its first sign to its sources. */
export function AnswerRow({
  message,
  place,
}: {
  readonly message: Message
  readonly place: Place
}) {
  const { id, sources } = message
  const ended = isTerminal(message)
  const stopping = useChat((s) => s.stopping[id] === true)
  const content = useFrozen(message.content, stopping && !ended)
  const retryable = useRetryable(message)
  const stage = useChat((s) => s.stages[id])
  const whole = message.status === 'complete'
  const cited = useMemo(() => ({ messageId: id, sources, whole }), [id, sources, whole])
  return (
    <article
      className={css.answer}
      data-message-id={id}
      data-role="assistant"
      data-status={message.status}
      aria-busy={!ended}
      {...place}
    >
      <h3 className={css.hidden}>{t.answer}</h3>
      <div data-testid="message-text">
        <CitedContext value={cited}>
          {content !== '' && <AnswerText text={content} ended={ended} />}
        </CitedContext>
      </div>
      {!ended && (
        <div className={css.growing}>
          <TypingSign stage={content === '' ? stage : undefined} />
          <AnswerRecovered messageId={id} />
        </div>
      )}
      {ended && <AnswerNote message={message} retryable={retryable} />}
      {ended && sources.length > 0 && <SourceChips messageId={id} sources={sources} />}
      {ended && <AnswerMeta message={message} retryable={retryable} />}
    </article>
  )
}

/** At Stop the text stands still; what the server had written by then is shown with its end. */
function useFrozen(text: string, frozen: boolean): string {
  const shown = useRef(text)
  if (!frozen) shown.current = text
  return shown.current
}
