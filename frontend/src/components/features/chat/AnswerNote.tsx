import type { Message } from '../../../protocol/frames'
import { chat, useChat } from '../../../stores/chatStore'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import { RetryButton } from './RetryButton'
import css from './Rows.module.css'

interface Props {
  readonly message: Message
  readonly retryable: boolean
}

/** Why an answer is not whole, and what can be done: nothing is tried again by itself. */
export function AnswerNote({ message, retryable }: Props) {
  return (
    <>
      <Ending message={message} retryable={retryable} />
      <RetryRefused message={message} />
    </>
  )
}

function Ending({ message, retryable }: Props) {
  const { id, status, error, content } = message
  if (status === 'complete') return null
  if (status === 'cancelled') {
    return (
      <div className={css.stopped}>
        <p>{content === '' ? t.stoppedEmpty : t.stopped}</p>
        {retryable && <RetryButton messageId={id} />}
      </div>
    )
  }
  const interrupted = status === 'interrupted'
  return (
    <div className={interrupted ? css.broken : css.failed} data-testid="message-error">
      <p>{interrupted ? t.interrupted : error?.message || t.failed}</p>
      <div className={css.choices}>
        {retryable ? <RetryButton messageId={id} /> : <AskAgain message={message} />}
      </div>
    </div>
  )
}

/** Only the newest answer can be tried again; of an older one the question can be asked anew. */
function AskAgain({ message }: { readonly message: Message }) {
  const { reply_to: replyTo, session_id: sessionId } = message
  const question = useChat((s) =>
    replyTo ? s.conversations[sessionId]?.rows.get(replyTo)?.message.content : undefined,
  )
  if (question === undefined) return <span>{t.askBelow}</span>
  return (
    <button type="button" onClick={() => page.hand(question)}>
      {t.askAgain}
    </button>
  )
}

/** The server would not try this answer again; it stands as it was. */
function RetryRefused({ message }: { readonly message: Message }) {
  const entry = useChat((s) =>
    s.entries.find((e) => e.retryOf === message.id && e.state === 'refused'),
  )
  if (!entry) return null
  return (
    <div className={css.refused} data-testid="retry-refused">
      <p>
        {t.retryRefused} {entry.error?.message}
      </p>
      <div className={css.choices}>
        <AskAgain message={message} />
        <button type="button" onClick={() => chat.discard(entry.clientMessageId)}>
          {t.close}
        </button>
      </div>
    </div>
  )
}
