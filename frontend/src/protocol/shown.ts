import type { Conversation } from './conversation/state'
import type { Entry } from './outbox'

/** One row of the list: a message of the log, or one that is still on its way. */
export type Shown =
  | { readonly kind: 'message'; readonly key: string; readonly id: string }
  | { readonly kind: 'local'; readonly key: string; readonly clientMessageId: string }

/**
 * The rows of a chat in order: the log's, of several attempts at one question only the newest, then what is not
 * in the log yet. Merged by id, never by text. A message keeps its key when its id becomes known.
 */
export function shownRows(conversation: Conversation | null, entries: readonly Entry[]): Shown[] {
  const rows: Shown[] = []
  const here = new Set<string>()
  if (conversation) {
    const replaced = replacedIds(conversation)
    for (const id of conversation.order) {
      const message = conversation.rows.get(id)?.message
      if (!message || replaced.has(id)) continue
      const mine = message.role === 'user' ? message.client_message_id : null
      if (mine) here.add(mine)
      rows.push({ kind: 'message', key: mine ? `sent:${mine}` : id, id })
    }
  }
  for (const entry of entries) {
    const { clientMessageId } = entry
    if (here.has(clientMessageId) || entry.state === 'sent') continue
    rows.push({ kind: 'local', key: `sent:${clientMessageId}`, clientMessageId })
  }
  return rows
}

function replacedIds(conversation: Conversation): Set<string> {
  const newest = new Map<string, string>()
  const replaced = new Set<string>()
  for (const id of conversation.order) {
    const message = conversation.rows.get(id)?.message
    if (message?.role !== 'assistant' || !message.reply_to) continue
    const earlier = newest.get(message.reply_to)
    if (earlier) replaced.add(earlier)
    newest.set(message.reply_to, id)
  }
  return replaced
}
