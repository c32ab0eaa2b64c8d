import { crc32 } from '../crc32'
import type {
  AckFrame,
  DoneFrame,
  Message,
  MessageFrame,
  Page,
  SubscribedFrame,
  TerminalErrorFrame,
  TokenFrame,
} from '../frames'

/** Literal frames for tests: everything has a plain value, and a test names only what it is about. */
export const SESSION = 's'
const EPOCH = 'e1'

export function message(part: Partial<Message> & Pick<Message, 'id' | 'index'>): Message {
  return {
    session_id: SESSION,
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
    created_at: '2026-01-01T00:00:00Z',
    completed_at: null,
    ...part,
  }
}

export function question(id: string, index: number, content = 'why?'): Message {
  return message({ id, index, role: 'user', content, status: 'complete' })
}

export function subscribed(seq: number, part: Partial<SubscribedFrame> = {}): SubscribedFrame {
  const plain = { session_id: SESSION, epoch: EPOCH, end: seq, recovered: true }
  return { type: 'subscribed', seq, ...plain, ...part }
}

export function came(seq: number, held: Message): MessageFrame {
  return { type: 'message', session_id: SESSION, seq, message: held }
}

export function token(
  seq: number,
  at: number,
  content: string,
  part: Partial<TokenFrame> = {},
): TokenFrame {
  return {
    type: 'token',
    session_id: SESSION,
    message_id: 'a',
    seq,
    from: seq,
    at,
    content,
    ...part,
  }
}

export function done(seq: number, text: string, part: Partial<DoneFrame> = {}): DoneFrame {
  return {
    type: 'done',
    session_id: SESSION,
    message_id: 'a',
    status: 'complete',
    sources: [],
    confidence: 0.5,
    generation_time_ms: 10,
    length: [...text].length,
    crc32: crc32(text),
    seq,
    ...part,
  }
}

export function broke(seq: number, text: string): TerminalErrorFrame {
  return {
    type: 'error',
    session_id: SESSION,
    message_id: 'a',
    seq,
    code: 'chain_failed',
    message: 'It broke.',
    retryable: true,
    status: 'failed',
    generation_time_ms: 12,
    length: [...text].length,
    crc32: crc32(text),
  }
}

export function ack(part: Partial<AckFrame> = {}): AckFrame {
  return {
    type: 'ack',
    client_message_id: 'c',
    session_id: SESSION,
    epoch: EPOCH,
    index: 1,
    user_message_id: 'u',
    pending_message_id: 'a',
    status: 'pending',
    duplicate: false,
    ...part,
  }
}

export function page(messages: Message[], part: Partial<Page> = {}): Page {
  return { messages, next_cursor: null, has_more: false, epoch: EPOCH, seq: 0, ...part }
}
