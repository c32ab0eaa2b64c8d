import type { AckFrame, LoggedFrame, Message, Page, SubscribedFrame } from '../frames'
import { isTerminal } from '../message'
import { ackRows } from './acks'
import { ask, newEpoch, wantPage } from './asking'
import { applyEvent } from './events'
import { applyNewest, applyOlder } from './pages'
import { mergeRows, withoutRows } from './rows'
import { putBack, shelve } from './shelf'
import { askId, type Conversation, isCurrentAsk, type Step, stay } from './state'

export type Input =
  | { readonly type: 'open' }
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected' }
  | { readonly type: 'frame'; readonly frame: LoggedFrame | SubscribedFrame }
  | {
      readonly type: 'ack'
      readonly ack: AckFrame
      /** What was asked for: a question with these words, or a new attempt at this answer. */
      readonly asked: { readonly content: string } | { readonly retryOf: string }
      readonly followed: boolean
      readonly now: string
    }
  | {
      readonly type: 'subscribe-failed'
      readonly id: string
      readonly retryAfterMs: number | null
      readonly gone: boolean
    }
  | { readonly type: 'newest-page'; readonly page: Page; readonly ticket: number }
  | {
      readonly type: 'older-page'
      readonly page: Page
      readonly before: string
      readonly era: number
    }
  | { readonly type: 'message-read'; readonly message: Message; readonly era: number }
  /** Lets go of these texts. */
  | { readonly type: 'shelve'; readonly ids: readonly string[] }
  | { readonly type: 'shelved-page'; readonly page: Page; readonly era: number }
  | { readonly type: 'messages-missing'; readonly ids: readonly string[] }

/** The whole of a client's following of one session: what it now knows and what to do next. */
export function reduce(state: Conversation, input: Input): Step {
  switch (input.type) {
    case 'open':
      return open(state)
    case 'connected':
      return open({ ...state, connected: true })
    case 'disconnected':
      return stay({ ...state, connected: false, following: 'no' })
    case 'frame':
      return input.frame.type === 'subscribed'
        ? applySubscribed(state, input.frame)
        : applyEvent(state, input.frame)
    case 'ack':
      return applyAck(state, input)
    case 'subscribe-failed':
      return subscribeFailed(state, input)
    case 'newest-page':
      return applyNewest(state, input.page, input.ticket)
    case 'older-page':
      return applyOlder(state, input.page, input.before, input.era)
    case 'message-read':
      return messageRead(state, input.message, input.era)
    case 'shelve':
      return stay(shelve(state, input.ids))
    case 'shelved-page':
      return putBack(state, input.page, input.era)
    case 'messages-missing':
      return stay(withoutRows(state, (row) => input.ids.includes(row.message.id)))
  }
}

function open(state: Conversation): Step {
  if (state.cursor === null) return state.pageWanted ? stay(state) : wantPage(state)
  return state.connected && state.following === 'no' ? ask(state) : stay(state)
}

function applySubscribed(state: Conversation, frame: SubscribedFrame): Step {
  // While an ask of ours is out only its own answer counts; frames before it are of the past.
  const ours = frame.id === askId(state.sessionId, state.asks)
  if (state.following === 'asked' && !ours) return stay(state)
  if (state.epoch !== null && frame.epoch !== state.epoch) return newEpoch(state, frame.epoch)
  const next: Conversation = {
    ...state,
    epoch: frame.epoch,
    cursor: frame.seq,
    following: 'yes',
  }
  if (frame.recovered) return stay(next)
  // Of several losses the first counts: what came between them does not join what came before.
  return wantPage({ ...next, lostAt: state.lostAt ?? state.arrivals })
}

function subscribeFailed(
  state: Conversation,
  input: Extract<Input, { type: 'subscribe-failed' }>,
): Step {
  if (!isCurrentAsk(state, input.id)) return stay(state)
  if (input.retryAfterMs !== null) return ask(state, true, input.retryAfterMs)
  return { state: { ...state, following: 'no' }, effects: input.gone ? [{ do: 'gone' }] : [] }
}

function messageRead(state: Conversation, message: Message, era: number): Step {
  if (era !== state.era || !state.rows.has(message.id)) return stay(state)
  return stay(mergeRows(state, [message], 'read'))
}

/** Rule 1: rows by the server’s ids; the answer counts as pending until an event or REST speaks of it. */
function applyAck(state: Conversation, input: Extract<Input, { type: 'ack' }>): Step {
  const { ack } = input
  if (state.epoch !== null && ack.epoch !== state.epoch) return newEpoch(state, ack.epoch)
  const next = mergeRows({ ...state, epoch: ack.epoch }, ackRows(state, input), 'ack')
  const effects =
    isTerminal(ack) && !heldAsEnded(next, ack.pending_message_id)
      ? ([{ do: 'load-message', messageId: ack.pending_message_id, mismatch: false }] as const)
      : []
  if (input.followed || next.cursor !== null || next.pageWanted) return { state: next, effects }
  const wanted = wantPage(next)
  return { state: wanted.state, effects: [...effects, ...wanted.effects] }
}

function heldAsEnded(state: Conversation, id: string): boolean {
  const row = state.rows.get(id)
  return row !== undefined && isTerminal(row.message)
}
