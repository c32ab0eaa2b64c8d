import { aheadOf, type Entry, isUnsent } from '../../../protocol/outbox'
import { useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './Rows.module.css'
import { useCountdown } from './useCountdown'
import { useRunningAnswer } from './useRunningAnswer'

/** How far something is that was asked for and has no answer of the server yet. */
export function SendNote({ entry }: { readonly entry: Entry }) {
  const waiting = useWaiting(entry)
  const { state } = entry
  const text = state === 'sending' ? t.sending : state === 'unconfirmed' ? t.unconfirmed : waiting
  return <p className={css.sendNote}>{text}</p>
}

/** What a queued message waits for. */
function useWaiting(entry: Entry): string {
  const { error, notBefore, sessionId } = entry
  const away = useChat((s) => s.badge.word !== 'connected')
  const above = useChat((s) => aheadOf(entry, s.entries))
  const busy = useRunningAnswer(sessionId) !== null || error?.code === 'session_busy'
  const seconds = useCountdown(error !== null && notBefore > 0 ? notBefore : null) ?? 0
  if (away) return t.queuedOffline
  if (!busy && above && isUnsent(above)) return t.queuedBehind
  if (busy || above) return t.queuedBusy
  return error !== null && seconds > 0 ? t.queuedFor(error.code, seconds) : t.queued
}
