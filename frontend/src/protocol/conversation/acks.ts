import type { AckFrame, Message } from '../frames'
import type { Input } from './reduce'
import type { Conversation } from './state'

type Acked = Extract<Input, { type: 'ack' }>

/**
 * The rows that an ack speaks of and that join the run of messages held. A send makes two, by the index that the
 * ack tells. A retry makes one: its ack names the question of old and tells no index, but only a session's newest
 * answer is ever tried again, so the new attempt comes next after the one that it replaces. Where the neighbours
 * are not held, the rows come with their page or their events.
 */
export function ackRows(state: Conversation, input: Acked): Message[] {
  const { ack, asked, now } = input
  const answer = { ...blank(ack, now), id: ack.pending_message_id, reply_to: ack.user_message_id }
  if ('retryOf' in asked) {
    const before = state.rows.get(asked.retryOf)?.message
    if (!before) return []
    const mine = { retry_of: asked.retryOf, client_message_id: ack.client_message_id }
    return [{ ...answer, ...mine, index: before.index + 1 }]
  }
  const oldest = state.rows.get(state.order[0] ?? '')?.message.index
  if (oldest !== undefined && ack.index < oldest) return []
  return [question(ack, asked.content, now), { ...answer, index: ack.index + 1 }]
}

function question(ack: AckFrame, content: string, now: string): Message {
  return {
    ...blank(ack, now),
    id: ack.user_message_id,
    index: ack.index,
    role: 'user',
    content,
    status: 'complete',
    client_message_id: ack.client_message_id,
    completed_at: now,
  }
}

function blank(ack: AckFrame, now: string): Omit<Message, 'id' | 'index'> {
  return {
    session_id: ack.session_id,
    role: 'assistant',
    content: '',
    status: 'pending',
    client_message_id: null,
    reply_to: null,
    retry_of: null,
    sources: [],
    confidence: null,
    generation_time_ms: null,
    error: null,
    created_at: now,
    completed_at: null,
  }
}
