import type { VirtualItem } from '@tanstack/react-virtual'
import { type RefObject, useEffect } from 'react'
import type { Shown } from '../../../protocol/shown'
import { chat } from '../../../stores/chatStore'
import { usePage } from '../../../stores/pageState'

/** Tells the store which rows are on the screen, so that the texts around them are held and others may go. */
export function useSight(
  sessionId: string | null,
  rows: readonly Shown[],
  items: readonly VirtualItem[],
  kept: RefObject<ReadonlySet<string>>,
): void {
  const cited = usePage((s) => s.source?.messageId)
  const ids = items.map((item) => idOf(rows[item.index])).filter((id) => id !== '')
  const [first = '', last = ''] = [ids[0], ids.at(-1)]
  // biome-ignore lint/correctness/useExhaustiveDependencies: told anew when other rows come, also with the same ends
  useEffect(() => {
    if (sessionId === null) return
    const stays = rows.filter((row) => kept.current.has(row.key)).map(idOf)
    // The passages of an answer may stay open wherever the view goes.
    chat.viewed(sessionId, { first, last, kept: new Set([...stays, cited ?? '']) })
  }, [sessionId, first, last, rows.length, cited])
}

function idOf(row: Shown | undefined): string {
  return row?.kind === 'message' ? row.id : ''
}
