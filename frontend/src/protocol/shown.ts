import type { Conversation } from './conversation/state'
import type { Message } from './frames'
import { type Entry, isUnderWay } from './outbox'

/** One row of the list: a message of the log, or one that is still on its way. */
export type Shown =
  | { readonly kind: 'message'; readonly key: string; readonly id: string }
  | { readonly kind: 'local'; readonly key: string; readonly clientMessageId: string }

/**
 * The rows of a chat in order: the log's, of several attempts at one question only the newest, then what is not
 * in the log yet. A new attempt that is on its way stands where the one that it replaces stood. Merged by id,
 * never by text. A message keeps its key when its id becomes known.
 */
export function shownRows(conversation: Conversation | null, entries: readonly Entry[]): Shown[] {
  const held = heldMessages(conversation)
  const replaced = replacedIds(held)
  const attempts = new Map(entries.filter(isUnderWay).map((entry) => [entry.retryOf, entry]))
  const rows = held
    .filter((message) => !replaced.has(message.id))
    .map((message) => {
      const attempt = attempts.get(message.id)
      return attempt ? localRow(attempt) : heldRow(message)
    })
  const here = new Set(held.map((message) => message.client_message_id))
  const waiting = entries.filter(
    (entry) => entry.retryOf === null && entry.state !== 'sent' && !here.has(entry.clientMessageId),
  )
  return [...rows, ...waiting.map(localRow)]
}

/** What is on its way as far as the log, which may know more than the acks that came, does not show it. */
export function underWay(conversation: Conversation | null, entries: readonly Entry[]): Entry[] {
  const held = heldMessages(conversation)
  const here = new Set(held.map((message) => message.client_message_id))
  const replaced = replacedIds(held)
  const shown = new Set(held.map(({ id }) => id).filter((id) => !replaced.has(id)))
  return entries.filter(
    (entry) =>
      isUnderWay(entry) &&
      !here.has(entry.clientMessageId) &&
      (entry.retryOf === null || shown.has(entry.retryOf)),
  )
}

function heldRow({ id, client_message_id: mine }: Message): Shown {
  return { kind: 'message', key: mine ? `sent:${mine}` : id, id }
}

function localRow({ clientMessageId }: Entry): Shown {
  return { kind: 'local', key: `sent:${clientMessageId}`, clientMessageId }
}

function heldMessages(conversation: Conversation | null): Message[] {
  if (!conversation) return []
  const found = conversation.order.map((id) => conversation.rows.get(id)?.message)
  return found.filter((message) => message !== undefined)
}

/** Of several attempts at one question the one with the highest index is shown (protocol, section 2). */
function replacedIds(held: readonly Message[]): Set<string> {
  const newest = new Map<string, string>()
  const replaced = new Set<string>()
  for (const { id, role, reply_to: question } of held) {
    if (role !== 'assistant' || question === null) continue
    const earlier = newest.get(question)
    if (earlier) replaced.add(earlier)
    newest.set(question, id)
  }
  return replaced
}
