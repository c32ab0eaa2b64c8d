import { type Entry, isBehind } from '../../../protocol/outbox'
import { useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './Rows.module.css'
import { useCountdown } from './useCountdown'
import { useRunningAnswer } from './useRunningAnswer'

/** How far something is that was asked for and has no answer of the server yet. */
export function SendNote({ entry }: { readonly entry: Entry }) {
  const { state, error, notBefore } = entry
  const away = useChat((s) => s.badge.word !== 'connected')
  const behind = useChat((s) => isBehind(entry, s.entries))
  const busy = useRunningAnswer(entry.sessionId) !== null
  const seconds = useCountdown(error !== null && notBefore > 0 ? notBefore : null) ?? 0
  const text =
    state === 'sending'
      ? t.sending
      : state === 'unconfirmed'
        ? t.unconfirmed
        : away
          ? t.queuedOffline
          : error?.code === 'session_busy' || busy || behind
            ? t.queuedBusy
            : error !== null && seconds > 0
              ? t.queuedFor(error.code, seconds)
              : t.queued
  return <p className={css.sendNote}>{text}</p>
}
