import type { Entry } from '../../../protocol/outbox'
import { chat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import type { Place } from './place'
import css from './Rows.module.css'
import { SendNote } from './SendNote'
import { TypingSign } from './TypingSign'

interface Props {
  readonly entry: Entry
  readonly place: Place
}

/** A new attempt that the server has not confirmed. It stands where the answer stood that it replaces. */
export function AttemptRow({ entry, place }: Props) {
  const { clientMessageId, state, tries } = entry
  const waits = state === 'queued'
  return (
    <article
      className={css.answer}
      data-message-id={clientMessageId}
      data-role="assistant"
      data-status="local"
      data-send-state={state}
      aria-busy={!waits}
      {...place}
    >
      <h3 className={css.hidden}>{t.answer}</h3>
      {(state === 'sending' || state === 'sent') && <TypingSign />}
      {state !== 'sent' && (
        <div className={css.attempt}>
          <SendNote entry={entry} />
          {waits && tries === 0 && (
            <button type="button" onClick={() => chat.discard(clientMessageId)}>
              {t.keepAnswer}
            </button>
          )}
        </div>
      )}
    </article>
  )
}
