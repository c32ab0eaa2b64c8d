import type { Entry } from '../../../protocol/outbox'
import { useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './Rows.module.css'
import { useRunningAnswer } from './useRunningAnswer'

/** How far something is that was asked for and has no answer of the server yet. */
export function SendNote({ entry }: { readonly entry: Entry }) {
  const away = useChat((s) => s.badge.word !== 'connected')
  const busy = useRunningAnswer(entry.sessionId) !== null
  const text =
    entry.state === 'sending'
      ? t.sending
      : entry.state === 'unconfirmed'
        ? t.unconfirmed
        : away
          ? t.queuedOffline
          : busy
            ? t.queuedBusy
            : t.queued
  return <p className={css.sendNote}>{text}</p>
}
