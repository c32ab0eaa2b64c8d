import type { AckBody, ErrorBody } from './frames'

/**
 * `queued` waits its turn; `sending` is on the wire; `unconfirmed` may have arrived; `sent` is accepted and its
 * answer not yet known to have ended; `refused` needs the person.
 */
type SendState = 'queued' | 'sending' | 'unconfirmed' | 'sent' | 'refused'

export interface Entry {
  readonly clientMessageId: string
  readonly userId: string
  /** The tab that sends it; another takes over when that tab is gone. */
  readonly tab: string
  /** A chat that has no session yet: what is sent to it goes to the session that its first ack names. */
  readonly thread: string
  readonly sessionId: string | null
  readonly content: string
  /** The answer that is to be tried again; null for a message. */
  readonly retryOf: string | null
  /** The chain chosen for a chat that has no session yet; null for the server's default. */
  readonly chain: string | null
  readonly createdAt: number
  readonly state: SendState
  readonly notBefore: number
  readonly tries: number
  readonly ack: AckBody | null
  /** Why it was refused, or why it waits. */
  readonly error: ErrorBody | null
}

export type SendEvent =
  | { readonly type: 'started' }
  | { readonly type: 'acked'; readonly ack: AckBody }
  | { readonly type: 'unanswered'; readonly retryAt: number }
  | { readonly type: 'delayed'; readonly until: number; readonly error: ErrorBody }
  | { readonly type: 'refused'; readonly error: ErrorBody }
  | { readonly type: 'asked-again' }
  | { readonly type: 'hurried' }

const MOVES: Record<SendState, readonly SendEvent['type'][]> = {
  queued: ['started', 'refused', 'acked', 'delayed'],
  sending: ['acked', 'unanswered', 'delayed', 'refused', 'started'],
  unconfirmed: ['started', 'acked', 'refused', 'delayed', 'unanswered', 'hurried'],
  sent: ['refused', 'acked'],
  refused: ['acked', 'asked-again'],
}

/** One step of a message on its way. Late news of a finished step changes nothing. */
export function sendReduce(entry: Entry, event: SendEvent): Entry {
  if (!MOVES[entry.state].includes(event.type)) return entry
  switch (event.type) {
    case 'started':
      return { ...entry, state: 'sending', tries: entry.tries + 1, error: null }
    case 'acked':
      return {
        ...entry,
        state: 'sent',
        ack: event.ack,
        sessionId: event.ack.session_id,
        error: null,
      }
    case 'unanswered':
      return { ...entry, state: 'unconfirmed', notBefore: event.retryAt }
    case 'delayed':
      return { ...entry, state: 'queued', notBefore: event.until, error: event.error }
    case 'refused':
      return { ...entry, state: 'refused', error: event.error, ack: null }
    case 'hurried':
      return { ...entry, notBefore: 0 }
    case 'asked-again':
      return { ...entry, state: 'queued', error: null, notBefore: 0, tries: 0 }
  }
}

/** What can be sent of a text: half a character, or a NUL, as a broken paste may hold, would be refused each time. */
export function sendable(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD').replaceAll('\0', '')
}

/** Entries loaded from storage: what was on the wire when the page went may or may not have arrived. */
export function revived(entry: Entry): Entry {
  const open = entry.state === 'sending' || entry.state === 'unconfirmed'
  return open ? { ...entry, state: 'unconfirmed', notBefore: 0 } : entry
}

/**
 * The next entry to send: oldest first, and behind nothing unfinished of its own session. `yields` says which would
 * let another tab go first.
 */
export function nextToSend(
  entries: readonly Entry[],
  busy: (sessionId: string) => boolean,
  now: number,
  yields: (entry: Entry) => boolean = () => false,
): Entry | null {
  const blocked = new Set<string>()
  for (const entry of [...entries].sort((a, b) => a.createdAt - b.createdAt)) {
    const lanes = entry.sessionId ? [entry.thread, entry.sessionId] : [entry.thread]
    const waits = lanes.some((lane) => blocked.has(lane))
    // A retry does not wait for another answer: once there is one, only a refusal can come of it.
    const free = entry.sessionId === null || entry.retryOf !== null || !busy(entry.sessionId)
    const ready = isUnsent(entry) && entry.notBefore <= now && !waits && free
    if (ready && !yields(entry)) return entry
    if (entry.state !== 'refused') for (const lane of lanes) blocked.add(lane)
  }
  return null
}

const USED_UP = new Set<ErrorBody['code']>(['not_found', 'idempotency_conflict'])

/** Rule 2: a refusal does not use an id up, unless it says that the id belongs to something else or gone. */
export function idStillGood(entry: Entry): boolean {
  return entry.error === null || !USED_UP.has(entry.error.code)
}

/** Where a message goes: into its session, or into a new one, which alone may be given a chain. */
export function destination({ sessionId, chain }: Entry): { session_id?: string; chain?: string } {
  if (sessionId !== null) return { session_id: sessionId }
  return chain === null ? {} : { chain }
}

/** What this person asked for, or somebody whom the server had not named yet. */
export function entriesOf(entries: readonly Entry[], userId: string | null): readonly Entry[] {
  return entries.filter((entry) => entry.userId === '' || entry.userId === userId)
}

/** The first message of each chat that has no session yet, the newest first: nothing else leads to these chats. */
export function unplaced(entries: readonly Entry[]): Entry[] {
  const firsts = new Map<string, Entry>()
  for (const entry of entries) {
    if (entry.sessionId === null && !firsts.has(entry.thread)) firsts.set(entry.thread, entry)
  }
  return [...firsts.values()].reverse()
}

/** What was asked for just before it in the same chat and is not over: it waits for that. */
export function aheadOf(entry: Entry, entries: readonly Entry[]): Entry | undefined {
  return entries.findLast(
    (other) =>
      other.createdAt < entry.createdAt &&
      other.state !== 'refused' &&
      (other.thread === entry.thread ||
        (entry.sessionId !== null && other.sessionId === entry.sessionId)),
  )
}

/** True from the press of the button until the server's word on it, or the end of its answer, is known. */
export function isUnderWay(entry: Entry): boolean {
  return entry.state !== 'refused'
}

export function isUnsent(entry: Entry): boolean {
  return entry.state === 'queued' || entry.state === 'unconfirmed'
}
