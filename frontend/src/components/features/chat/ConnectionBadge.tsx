import { CloudOff, RotateCw } from 'lucide-react'
import { chat, useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './ConnectionBadge.module.css'
import { useCountdown } from './useCountdown'

/** Says what the connection's state machine says, and nothing else. */
export function ConnectionBadge() {
  const { state, word, retryAt, overHttp, fault } = useChat((s) => s.badge)
  const seconds = useCountdown(retryAt)
  const tip = overHttp ? t.overHttp : fault ? t.fault(fault.code, fault.reason) : t.badgeTip[word]
  const canRetry = word === 'offline' || (word === 'reconnecting' && retryAt !== null)
  return (
    <div
      className={css.badge}
      data-testid="connection-badge"
      data-state={state}
      data-word={word}
      title={tip}
    >
      <Sign word={word} />
      <span>{t.badge[word]}</span>
      {seconds !== null && <span className={css.seconds}>{t.badgeSeconds(seconds)}</span>}
      {fault && <span className={css.reason}>{tip}</span>}
      {canRetry && (
        <button type="button" className={css.retry} onClick={chat.retryNow}>
          {t.retryNow}
        </button>
      )}
    </div>
  )
}

function Sign({ word }: { readonly word: keyof typeof t.badge }) {
  if (word === 'connected') return <span className={css.dot} aria-hidden />
  if (word === 'offline') return <CloudOff size={14} aria-hidden />
  return <RotateCw size={14} className={css.turning} aria-hidden />
}
