import { countCodePoints } from '../codePoints'
import type { Message } from '../frames'
import { isTerminal } from '../message'
import { RowMap } from './rowMap'
import type { Conversation, Row } from './state'

/** Where a representation comes from: pages and events come with their neighbours, acks and single reads alone. */
export type Origin = 'ack' | 'event' | 'page' | 'read'

/** Which of two representations of one message stands (protocol, section 2, merging). */
function wins(next: Message, held: Message, origin: Origin): boolean {
  const ended = isTerminal(next)
  if (ended !== isTerminal(held)) return ended
  if (ended) return origin === 'page' || origin === 'read'
  return next.content.length > held.content.length
}

/**
 * A row known from an `ack` or a read of that one message may stand behind messages that are not here yet, so it
 * does not show that a page joins the run.
 */
const UNHEARD = Number.POSITIVE_INFINITY

/** The rows with `messages` merged in, ordered by `index`. */
export function mergeRows(
  state: Conversation,
  messages: readonly Message[],
  origin: Origin,
): Conversation {
  let { arrivals } = state
  let reorder = false
  const news = new Map<string, Row>()
  for (const message of messages) {
    const held = news.get(message.id) ?? state.rows.get(message.id)
    if (origin === 'ack' && held) continue
    const alone = origin === 'ack' || origin === 'read'
    const heard = held !== undefined && held.arrival !== UNHEARD
    if (!heard && !alone) arrivals += 1
    const arrival = heard ? held.arrival : alone ? UNHEARD : arrivals
    if (held?.message.index !== message.index) reorder = true
    const row =
      held && !wins(message, held.message, origin)
        ? fillIn(held, message)
        : { message, have: countCodePoints(message.content), shelved: false }
    news.set(message.id, { ...row, arrival })
  }
  const rows = RowMap.of([...state.rows.values(), ...news.values()])
  return { ...state, arrivals, rows, order: reorder ? orderOf(rows) : state.order }
}

/** A row made from an `ack` guesses index and times; the first real representation knows them. */
function fillIn(held: Row, message: Message): Row {
  const { index, created_at, client_message_id, reply_to, retry_of } = message
  return {
    ...held,
    message: { ...held.message, index, created_at, client_message_id, reply_to, retry_of },
  }
}

export function withRow(state: Conversation, row: Row): Conversation {
  return { ...state, rows: state.rows.with(row) }
}

export function withoutRows(state: Conversation, gone: (row: Row) => boolean): Conversation {
  const all = [...state.rows.values()]
  const kept = all.filter((row) => !gone(row))
  if (kept.length === all.length) return state
  const rows = RowMap.of(kept)
  return { ...state, rows, order: orderOf(rows) }
}

function orderOf(rows: RowMap): string[] {
  return [...rows.values()]
    .sort((a, b) => a.message.index - b.message.index)
    .map((row) => row.message.id)
}
