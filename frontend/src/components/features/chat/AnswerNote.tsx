import type { Message } from '../../../protocol/frames'
import { useChat } from '../../../stores/chatStore'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import css from './Rows.module.css'

/** Why an answer is not whole, and what can be done: nothing is asked again by itself. */
export function AnswerNote({ message }: { readonly message: Message }) {
  const { status, error, content, reply_to: replyTo, session_id: sessionId } = message
  const question = useChat((s) =>
    replyTo ? s.conversations[sessionId]?.rows.get(replyTo)?.message.content : undefined,
  )
  if (status === 'complete') return null
  if (status === 'cancelled') {
    return <p className={css.stopped}>{content === '' ? t.stoppedEmpty : t.stopped}</p>
  }
  const otherwise = status === 'interrupted' ? t.interrupted : t.failed
  return (
    <div className={css.failed} data-testid="message-error">
      <p>{error?.message || otherwise}</p>
      {question !== undefined && (
        <div className={css.choices}>
          <button type="button" onClick={() => page.hand(question)}>
            {t.askAgain}
          </button>
        </div>
      )}
    </div>
  )
}
