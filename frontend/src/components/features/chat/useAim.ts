import { type RefObject, useEffect, useRef, useState } from 'react'
import { olderThan } from '../../../protocol/conversation'
import type { Shown } from '../../../protocol/shown'
import { chat, useChat } from '../../../stores/chatStore'
import { page, usePage } from '../../../stores/pageState'

const MARKED_MS = 2_000

/**
 * Brings the message that was chosen elsewhere into view, and gives it the focus: older pages are read until it is
 * there. Returns the key of its row while it is to be marked.
 */
export function useAim(
  sessionId: string | null,
  rows: readonly Shown[],
  scroller: RefObject<HTMLElement | null>,
  show: (index: number) => void,
): string | null {
  const [marked, setMarked] = useState<string | null>(null)
  const target = usePage((s) => (s.target?.sessionId === sessionId ? s.target.messageId : null))
  const before = useChat((s) => {
    const conversation = sessionId ? s.conversations[sessionId] : undefined
    return conversation?.loaded ? olderThan(conversation) : undefined
  })
  const loading = useChat((s) => sessionId !== null && s.loadingOlder[sessionId] === true)
  const asked = useRef<string | null>(null)

  useEffect(() => {
    if (target === null || sessionId === null) return
    const index = rows.findIndex((row) => row.kind === 'message' && row.id === target)
    const row = rows[index]
    if (row) {
      show(index)
      setMarked(row.key)
      page.reached()
    } else if (before && before !== asked.current) {
      if (loading) return
      asked.current = before
      chat.loadOlder(sessionId)
    } else if (before !== undefined && !loading) {
      // A page could not be read, which is told, or the message was replaced by another attempt.
      asked.current = null
      page.reached()
    }
  }, [target, sessionId, rows, before, loading, show])

  useEffect(() => {
    if (marked === null) return
    // It is drawn a moment after the list was scrolled.
    const frame = requestAnimationFrame(() => focusRow(scroller.current))
    const timer = setTimeout(() => setMarked(null), MARKED_MS)
    return () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
    }
  }, [marked, scroller])
  return marked
}

function focusRow(scroller: HTMLElement | null): void {
  const row = scroller?.querySelector<HTMLElement>('[data-marked] [data-message-id]')
  if (!row) return
  row.tabIndex = -1
  row.focus({ preventScroll: true })
}
