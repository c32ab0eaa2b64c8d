import type { Message } from '../../../protocol/frames'
import { t } from '../../../strings'
import plain from './AnswerText.module.css'
import type { Place } from './place'
import css from './Rows.module.css'

/** A message that could not be drawn: its words alone, so that one fault costs one row its looks. */
export function PlainRow({ message, place }: { readonly message: Message; readonly place: Place }) {
  return (
    <article
      className={css.answer}
      data-message-id={message.id}
      data-role={message.role}
      data-status={message.status}
      {...place}
    >
      <h3 className={css.hidden}>{message.role === 'user' ? t.you : t.answer}</h3>
      <div className={plain['plain']} data-testid="message-text">
        {message.content}
      </div>
      <p className={plain['note']}>{t.plainText}</p>
    </article>
  )
}
