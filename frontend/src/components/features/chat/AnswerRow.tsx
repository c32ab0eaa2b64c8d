import { useMemo, useRef } from 'react'
import type { Message } from '../../../protocol/frames'
import { isTerminal } from '../../../protocol/message'
import { useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { AnswerNote } from './AnswerNote'
import { AnswerText } from './AnswerText'
import { CitedContext } from './CitationMark'
import { Confidence } from './Confidence'
import { CopyButton } from './CopyButton'
import type { Place } from './place'
import { RetryButton } from './RetryButton'
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
  const cited = useMemo(() => ({ messageId: id, sources, ended }), [id, sources, ended])
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
      {!ended && <TypingSign stage={content === '' ? stage : undefined} />}
      {ended && <AnswerNote message={message} retryable={retryable} />}
      {ended && sources.length > 0 && <SourceChips messageId={id} sources={sources} />}
      {ended && content !== '' && <AnswerMeta message={message} retryable={retryable} />}
    </article>
  )
}

/** At Stop the text stands still; what the server had written by then is shown with its end. */
function useFrozen(text: string, frozen: boolean): string {
  const shown = useRef(text)
  if (!frozen) shown.current = text
  return shown.current
}

interface MetaProps {
  readonly message: Message
  readonly retryable: boolean
}

function AnswerMeta({ message, retryable }: MetaProps) {
  const { id, status, confidence, generation_time_ms: ms } = message
  return (
    <footer className={css.meta}>
      <div className={css.tools}>
        <CopyButton text={message.content} label={t.copy} />
        {status === 'complete' && retryable && <RetryButton messageId={id} quiet />}
      </div>
      {confidence !== null && <Confidence value={confidence} />}
      {ms !== null && <span className={css.time}>{t.seconds(ms)}</span>}
    </footer>
  )
}
