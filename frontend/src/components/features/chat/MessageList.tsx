import { ArrowDown } from 'lucide-react'
import { useCallback, useEffect, useMemo, useRef } from 'react'
import { olderThan } from '../../../protocol/conversation'
import type { Entry } from '../../../protocol/outbox'
import { type Shown, shownRows } from '../../../protocol/shown'
import { chat, useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { expectedHeight } from './expectedHeight'
import css from './MessageList.module.css'
import { MessageRow } from './MessageRow'
import { useAim } from './useAim'
import { useSight } from './useSight'
import { useStickyList } from './useStickyList'
import { useUnread } from './useUnread'
import { useViewEntries } from './useViewEntries'

/** The messages of one chat: only the rows in view are drawn, and the view holds still while others come. */
export function MessageList({ sessionId }: { readonly sessionId: string | null }) {
  const entries = useViewEntries()
  const rows = useRows(sessionId, entries)
  const keys = useMemo(() => rows.map((row) => row.key), [rows])
  const sentAt = Math.max(0, ...entries.map((entry) => entry.createdAt))
  const list = useStickyList(keys, sentAt, useExpected(sessionId, rows))
  const unread = useUnread(keys, list.detached, sentAt)
  useSight(sessionId, rows, list.items, list.kept)
  const marked = useAim(sessionId, rows, list.scroller, list.show)
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
          <Older sessionId={sessionId} />
          {list.items.map((item) => {
            const shown = rows[item.index]
            if (!shown) return null
            return (
              <div
                key={item.key}
                ref={list.measure}
                data-index={item.index}
                className={css.row}
                data-marked={item.key === marked || undefined}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {item.key === unread.since && <p className={css.unread}>{t.unread}</p>}
                <MessageRow
                  sessionId={sessionId}
                  shown={shown}
                  position={item.index + 1}
                  count={rows.length}
                  heightOf={list.heightOf}
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
          {unread.count > 0 && <span className={css.count}>{t.newBelow(unread.count)}</span>}
        </button>
      )}
    </div>
  )
}

/** Rows keep their identity while only texts change, so that a growing answer draws no list. */
function useRows(sessionId: string | null, entries: readonly Entry[]) {
  const order = useChat((s) => (sessionId ? s.conversations[sessionId]?.order : undefined))
  // biome-ignore lint/correctness/useExhaustiveDependencies: texts change without the rows; ids and outbox make them
  return useMemo(() => shownRows(chat.conversation(sessionId), entries), [order, entries])
}

function useExpected(sessionId: string | null, rows: readonly Shown[]) {
  return useCallback(
    (index: number) => {
      const shown = rows[index]
      const id = shown?.kind === 'message' ? shown.id : ''
      const row = chat.conversation(sessionId)?.rows.get(id)
      return expectedHeight(row?.message.role ?? 'user', row?.have ?? 0)
    },
    [sessionId, rows],
  )
}

function Older({ sessionId }: { readonly sessionId: string | null }) {
  const before = useChat((s) => {
    const conversation = sessionId ? s.conversations[sessionId] : undefined
    return conversation?.loaded ? olderThan(conversation) : undefined
  })
  const loading = useChat((s) => sessionId !== null && s.loadingOlder[sessionId] === true)
  const focused = useRef(false)
  const top = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // The button went with the last page, and the focus that it had goes to the first message that came.
    if (before === null && focused.current) focusFirstRow(top.current)
  }, [before])
  if (sessionId === null || before === undefined) return null
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only watches where the focus is
    <div
      ref={top}
      className={css.top}
      onFocus={() => {
        focused.current = true
      }}
      onBlur={(event) => {
        focused.current = !event.target.isConnected
      }}
    >
      {before === null ? (
        <p className={css.start}>{t.startOfChat}</p>
      ) : (
        <button
          type="button"
          className={css.older}
          data-testid="load-older"
          aria-disabled={loading}
          onClick={() => chat.loadOlder(sessionId)}
        >
          {loading ? t.loadingOlder : t.loadOlder}
        </button>
      )}
    </div>
  )
}

function focusFirstRow(top: HTMLElement | null): void {
  const row = top?.parentElement?.querySelector<HTMLElement>('[data-message-id]')
  if (!row) return
  row.tabIndex = -1
  row.focus({ preventScroll: true })
}
