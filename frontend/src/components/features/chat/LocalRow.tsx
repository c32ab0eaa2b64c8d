import type { Entry } from '../../../protocol/outbox'
import { chat, useChat } from '../../../stores/chatStore'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import type { Place } from './place'
import css from './Rows.module.css'
import { TypingSign } from './TypingSign'

interface Props {
  readonly clientMessageId: string
  readonly place: Place
}

/** What the person said and the server has not confirmed. It looks like a question from the first moment. */
export function LocalRow({ clientMessageId, place }: Props) {
  const entry = useChat((s) => s.entries.find((e) => e.clientMessageId === clientMessageId))
  if (!entry) return null
  return (
    <article
      className={css.question}
      data-message-id={clientMessageId}
      data-role="user"
      data-status="local"
      data-send-state={entry.state}
      {...place}
    >
      <h3 className={css.hidden}>{t.you}</h3>
      <div className={css.bubble} data-testid="message-text">
        {entry.content}
      </div>
      <SendNote entry={entry} />
      {entry.state === 'sending' && (
        <div className={css.expected}>
          <TypingSign />
        </div>
      )}
    </article>
  )
}

function SendNote({ entry }: { readonly entry: Entry }) {
  const offline = useChat((s) => s.badge.word !== 'connected')
  if (entry.state === 'refused') return <Refused entry={entry} />
  const text =
    entry.state === 'sending'
      ? t.sending
      : entry.state === 'unconfirmed'
        ? t.unconfirmed
        : offline
          ? t.queuedOffline
          : entry.sessionId
            ? t.queuedBusy
            : t.queued
  return <p className={css.sendNote}>{text}</p>
}

function Refused({ entry }: { readonly entry: Entry }) {
  const { clientMessageId, error } = entry
  return (
    <div className={css.refused} role="alert">
      <p>
        {t.refused} {error?.message}
      </p>
      <div className={css.choices}>
        <button type="button" onClick={() => page.hand(chat.discard(clientMessageId))}>
          {t.edit}
        </button>
        <button type="button" onClick={() => chat.sendAgain(clientMessageId)}>
          {t.tryAgain}
        </button>
        <button type="button" onClick={() => chat.discard(clientMessageId)}>
          {t.discard}
        </button>
      </div>
    </div>
  )
}
