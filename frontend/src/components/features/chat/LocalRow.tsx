import type { Entry } from '../../../protocol/outbox'
import { chat, useChat } from '../../../stores/chatStore'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import { bequeath, composer } from '../../ui/focus'
import { AttemptRow } from './AttemptRow'
import type { Place } from './place'
import css from './Rows.module.css'
import { SendNote } from './SendNote'
import { TypingSign } from './TypingSign'

interface Props {
  readonly clientMessageId: string
  readonly place: Place
}

/** What the person asked for and the server has not confirmed. */
export function LocalRow({ clientMessageId, place }: Props) {
  const entry = useChat((s) => s.entries.find((e) => e.clientMessageId === clientMessageId))
  if (!entry) return null
  if (entry.retryOf !== null) return <AttemptRow entry={entry} place={place} />
  return <UnconfirmedRow entry={entry} place={place} />
}

/** It looks like a question from the first moment. */
function UnconfirmedRow({ entry, place }: { readonly entry: Entry; readonly place: Place }) {
  return (
    <article
      className={css.question}
      data-message-id={entry.clientMessageId}
      data-role="user"
      data-status="local"
      data-send-state={entry.state}
      {...place}
    >
      <h3 className={css.hidden}>{t.you}</h3>
      <div className={css.bubble} data-testid="message-text">
        {entry.content}
      </div>
      {entry.state === 'refused' ? <Refused entry={entry} /> : <SendNote entry={entry} />}
      {entry.state === 'queued' && <Withdraw entry={entry} />}
      {entry.state === 'sending' && (
        <div className={css.expected}>
          <TypingSign />
        </div>
      )}
    </article>
  )
}

function Refused({ entry }: { readonly entry: Entry }) {
  const { clientMessageId, error } = entry
  return (
    <div className={css.refused}>
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

/** The server has not taken it, so it can still be taken back. */
function Withdraw({ entry: { clientMessageId } }: { readonly entry: Entry }) {
  return (
    <div className={css.attempt}>
      <button type="button" onClick={() => page.hand(chat.discard(clientMessageId))}>
        {t.edit}
      </button>
      <button type="button" ref={leavesToComposer} onClick={() => chat.discard(clientMessageId)}>
        {t.discard}
      </button>
    </div>
  )
}

const leavesToComposer = bequeath(composer)
