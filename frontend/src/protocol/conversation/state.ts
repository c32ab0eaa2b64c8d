import type { Message } from '../frames'
import { isTerminal } from '../message'
import { RowMap } from './rowMap'

export interface Row {
  readonly message: Message
  /** Code points held of the text: where the next piece belongs. */
  readonly have: number
  /** Counts rows as they came: says which were here before a `recovered: false`. Infinite for an ack's. */
  readonly arrival: number
  /** Its text was let go of to save memory; its place in the session is kept, and a page brings the text back. */
  readonly shelved: boolean
}

/** `asked`: a subscribe is outstanding. `page`: waiting for a page's position to subscribe from. */
type Following = 'no' | 'asked' | 'page' | 'yes'

/** All that a client knows of one session's log. */
export interface Conversation {
  readonly sessionId: string
  readonly epoch: string | null
  readonly cursor: number | null
  readonly connected: boolean
  readonly following: Following
  readonly asks: number
  readonly gapAt: number | null
  /** Counts epochs met: answers that were requested in an earlier one are ignored. */
  readonly era: number
  /** The one newest-page request whose answer may still be used. */
  readonly ticket: number
  readonly pageWanted: boolean
  readonly loaded: boolean
  /** The arrival count at the first `recovered: false` since a page was read. */
  readonly lostAt: number | null
  readonly arrivals: number
  /** The row that a page said is the session's first. */
  readonly startId: string | null
  readonly order: readonly string[]
  readonly rows: RowMap
}

/** `from`: where its counters start, so that answers to an earlier holding of the same session are told apart. */
export function emptyConversation(sessionId: string, from = 0): Conversation {
  return {
    sessionId,
    epoch: null,
    cursor: null,
    connected: false,
    following: 'no',
    asks: from,
    gapAt: null,
    era: from,
    ticket: from,
    pageWanted: false,
    loaded: false,
    lostAt: null,
    arrivals: 0,
    startId: null,
    order: [],
    rows: RowMap.empty,
  }
}

export type Effect =
  | {
      readonly do: 'subscribe'
      readonly id: string
      readonly position: { readonly epoch: string; readonly after: number } | null
      readonly delayMs: number
    }
  | { readonly do: 'load-newest'; readonly ticket: number; readonly delayMs: number }
  | { readonly do: 'load-message'; readonly messageId: string; readonly mismatch: boolean }
  | { readonly do: 'gone' }

/** The newest answer that has a text. */
export function lastAnswer(state: Conversation): Message | null {
  const messages = state.order.map((id) => state.rows.get(id)?.message)
  return messages.findLast((message) => message?.role === 'assistant' && message.content) ?? null
}

/** The answer that is being written: only a session's newest can be. */
export function runningAnswer(state: Conversation): Message | null {
  for (let at = state.order.length - 1; at >= 0; at -= 1) {
    const message = state.rows.get(state.order[at] ?? '')?.message
    if (message?.role === 'assistant') return isTerminal(message) ? null : message
  }
  return null
}

export interface Step {
  readonly state: Conversation
  readonly effects: readonly Effect[]
}

export function stay(state: Conversation): Step {
  return { state, effects: [] }
}

/** The page of older messages starts before this row; null when the start of the session is here. */
export function olderThan(state: Conversation): string | null {
  const first = state.order[0]
  if (first === undefined || first === state.startId) return null
  return (state.rows.get(first)?.message.index ?? 1) > 1 ? first : null
}

/** The id of a session's ask number `asks`: at most 64 characters. */
export function askId(sessionId: string, asks: number): string {
  return `${sessionId.slice(0, 48)}#${asks}`
}

/** Whether this is the ask that is outstanding: one that was put off may have been overtaken. */
export function isCurrentAsk(state: Conversation, id: string): boolean {
  return state.following === 'asked' && id === askId(state.sessionId, state.asks)
}
