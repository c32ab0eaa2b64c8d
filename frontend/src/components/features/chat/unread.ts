/** What a person has not seen of a list that grows at its end. */
export interface Unread {
  /** The last row that they have seen. */
  readonly seen: string | undefined
  /** The last row before those that came while they were away; these stay marked until they say something. */
  readonly mark: string | null
  readonly sentAt: number
}

export interface Look {
  readonly keys: readonly string[]
  /** The end of the list is out of view, or the page is. */
  readonly away: boolean
  /** When the person last sent something from here. */
  readonly sentAt: number
}

export function nothingUnread({ keys, sentAt }: Look): Unread {
  return { seen: keys.at(-1), mark: null, sentAt }
}

export function unreadAfter(before: Unread, look: Look): Unread {
  const news = rowsAfter(before.seen, look.keys)
  if (look.sentAt > before.sentAt || news === null) return nothingUnread(look)
  const begins = look.away && news.length > 0 ? (before.seen ?? null) : null
  const mark = before.mark ?? begins
  const seen = look.away ? before.seen : look.keys.at(-1)
  return seen === before.seen && mark === before.mark ? before : { ...before, seen, mark }
}

/** The rows below this one; null if it is not there, as where it was replaced. */
export function rowsAfter(
  key: string | null | undefined,
  keys: readonly string[],
): readonly string[] | null {
  if (key == null) return keys.length === 0 ? [] : null
  const at = keys.lastIndexOf(key)
  return at < 0 ? null : keys.slice(at + 1)
}
