import type { Message } from '../../../protocol/frames'
import { t } from '../../../strings'
import type { Place } from './place'
import css from './ShelvedRow.module.css'

interface Props {
  readonly message: Message
  readonly place: Place
  readonly height: number
}

/** A message whose text was let go of and is on its way back. It takes the room that it took before. */
export function ShelvedRow({ message, place, height }: Props) {
  return (
    <article
      className={css.row}
      data-message-id={message.id}
      data-role={message.role}
      data-status={message.status}
      data-shelved
      aria-busy
      style={{ height }}
      aria-label={t.shelved}
      {...place}
    >
      <i className={css.lines} />
    </article>
  )
}
