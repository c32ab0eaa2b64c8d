import type { Entry } from '../../../protocol/outbox'
import { useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './Rows.module.css'

/** How far something is that was asked for and has no answer of the server yet. */
export function SendNote({ entry }: { readonly entry: Entry }) {
  const away = useChat((s) => s.badge.word !== 'connected')
  return <p className={css.sendNote}>{noteOf(entry, away)}</p>
}

function noteOf({ state, sessionId, retryOf, notBefore }: Entry, away: boolean): string {
  if (state === 'sending') return t.sending
  if (state === 'unconfirmed') return t.unconfirmed
  if (away) return t.queuedOffline
  // The server asked to wait, or this stands behind another message.
  if (notBefore > 0 || retryOf !== null) return t.queued
  return sessionId ? t.queuedBusy : t.queued
}
