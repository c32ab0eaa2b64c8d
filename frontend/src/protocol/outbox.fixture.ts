import type { Entry } from './outbox'

/** An entry of the outbox with a plain value for everything that a test is not about. */
export function entry(part: Partial<Entry> = {}): Entry {
  return {
    clientMessageId: 'c1',
    userId: 'u',
    tab: 't',
    thread: 'new',
    sessionId: null,
    content: 'ok',
    retryOf: null,
    chain: null,
    createdAt: 1,
    state: 'queued',
    notBefore: 0,
    tries: 0,
    ack: null,
    error: null,
    ...part,
  }
}

/** A new attempt at the answer `a` of the session `s`. */
export function attempt(part: Partial<Entry> = {}): Entry {
  return entry({
    clientMessageId: 'r',
    thread: 's',
    sessionId: 's',
    content: '',
    retryOf: 'a',
    ...part,
  })
}
