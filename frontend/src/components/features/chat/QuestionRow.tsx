import type { Message } from '../../../protocol/frames'
import { useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { CopyButton } from './CopyButton'
import type { Place } from './place'
import css from './Rows.module.css'

/** What the person said, once the server has it. */
export function QuestionRow({
  message,
  place,
}: {
  readonly message: Message
  readonly place: Place
}) {
  const mine = useChat((s) =>
    s.entries.some((entry) => entry.clientMessageId === message.client_message_id),
  )
  return (
    <article
      className={css.question}
      data-message-id={message.id}
      data-role="user"
      data-status={message.status}
      data-send-state={mine ? 'sent' : undefined}
      {...place}
    >
      <h3 className={css.hidden}>{t.you}</h3>
      <div className={css.said}>
        <span className={css.quiet}>
          <CopyButton text={message.content} label={t.copyQuestion} />
        </span>
        <div className={css.bubble} data-testid="message-text">
          {message.content}
        </div>
      </div>
    </article>
  )
}
