import type { VirtualItem } from '@tanstack/react-virtual'
import { type RefObject, useEffect } from 'react'
import type { Shown } from '../../../protocol/shown'
import { chat } from '../../../stores/chatStore'

/** Tells the store which rows are on the screen, so that the texts around them are held and others may go. */
export function useSight(
  sessionId: string | null,
  rows: readonly Shown[],
  items: readonly VirtualItem[],
  kept: RefObject<ReadonlySet<string>>,
): void {
  const ids = items.map((item) => idOf(rows[item.index])).filter((id) => id !== '')
  const [first = '', last = ''] = [ids[0], ids.at(-1)]
  // biome-ignore lint/correctness/useExhaustiveDependencies: told anew when other rows come, also with the same ends
  useEffect(() => {
    if (sessionId === null) return
    const stays = rows.filter((row) => kept.current.has(row.key)).map(idOf)
    chat.viewed(sessionId, { first, last, kept: new Set(stays) })
  }, [sessionId, first, last, rows.length])
}

function idOf(row: Shown | undefined): string {
  return row?.kind === 'message' ? row.id : ''
}
