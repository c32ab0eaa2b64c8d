import { ArrowDown } from 'lucide-react'
import { useMemo } from 'react'
import { olderThan } from '../../../protocol/conversation'
import { shownRows } from '../../../protocol/shown'
import { chat, useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './MessageList.module.css'
import { MessageRow } from './MessageRow'
import { useStickyList } from './useStickyList'
import { useViewEntries } from './useViewEntries'

/** The messages of one chat: only the rows in view are drawn, and the view holds still while others come. */
export function MessageList({ sessionId }: { readonly sessionId: string | null }) {
  const rows = useRows(sessionId)
  const list = useStickyList(rows.map((row) => row.key))
  return (
    <div className={css.frame}>
      <div
        ref={list.scroller}
        className={css.scroller}
        role="log"
        aria-live="off"
        aria-label={t.conversation}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the list is scrolled by the keyboard
        tabIndex={0}
        data-testid="message-list"
      >
        <div className={css.sizer} style={{ height: list.height }}>
          <div className={css.top}>
            <Older sessionId={sessionId} />
          </div>
          {list.items.map((item) => {
            const shown = rows[item.index]
            if (!shown) return null
            return (
              <div
                key={item.key}
                ref={list.measure}
                data-index={item.index}
                className={css.row}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <MessageRow
                  sessionId={sessionId}
                  shown={shown}
                  position={item.index + 1}
                  count={rows.length}
                />
              </div>
            )
          })}
        </div>
      </div>
      {list.detached && (
        <button type="button" className={css.jump} data-testid="jump-to-latest" onClick={list.jump}>
          <ArrowDown size={16} aria-hidden />
          {t.jumpToLatest}
        </button>
      )}
    </div>
  )
}

/** Rows keep their identity while only texts change, so that a growing answer draws no list. */
function useRows(sessionId: string | null) {
  const order = useChat((s) => (sessionId ? s.conversations[sessionId]?.order : undefined))
  const entries = useViewEntries()
  // biome-ignore lint/correctness/useExhaustiveDependencies: texts change without the rows; ids and outbox make them
  return useMemo(() => shownRows(chat.conversation(sessionId), entries), [order, entries])
}

function Older({ sessionId }: { readonly sessionId: string | null }) {
  const before = useChat((s) => {
    const conversation = sessionId ? s.conversations[sessionId] : undefined
    return conversation?.loaded ? olderThan(conversation) : undefined
  })
  const loading = useChat((s) => sessionId !== null && s.loadingOlder[sessionId] === true)
  if (sessionId === null || before === undefined) return null
  if (before === null) return <p className={css.start}>{t.startOfChat}</p>
  return (
    <button
      type="button"
      className={css.older}
      data-testid="load-older"
      aria-disabled={loading}
      onClick={() => chat.loadOlder(sessionId)}
    >
      {loading ? t.loadingOlder : t.loadOlder}
    </button>
  )
}
