import type { ChatClient } from '../api/client'
import { Refusal, waitAsked } from '../api/problems'
import { restDelayMs } from '../protocol/backoff'
import type { AckBody, ErrorBody } from '../protocol/frames'
import { isTerminal } from '../protocol/message'
import { type Entry, idStillGood, isUnderWay, nextToSend, sendable } from '../protocol/outbox'
import type { Conversations } from './conversations'
import { Outbox } from './outbox'
import type { Store } from './state'

const BUSY_AGAIN_MS = 2_000
const YIELD_MS = 250
const LOST_MS = 10_000

/** The outbox at work: kept before it is sent, sent in order, and again until the server's word is known. */
export class Sending {
  private readonly outbox: Outbox
  private begun = false
  private running = false
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
    private readonly conversations: Conversations,
    private readonly placed: (thread: string, sessionId: string) => void,
  ) {
    this.outbox = new Outbox(store)
  }

  /** Takes up what was kept, for all to see; it goes from `begin` on. */
  adopt(tab: string): Promise<void> {
    return this.outbox.adopt(tab)
  }

  begin(): void {
    this.begun = true
    setInterval(() => void this.adoptLost(true), LOST_MS)
    this.pump()
  }

  /** It is known who is here: what was kept for them may go. */
  known(userId: string): void {
    this.store.setState({ userId })
    this.pump()
  }

  /** Somebody else is here now. */
  reread(): void {
    this.outbox.reread()
  }

  send(content: string): void {
    this.outbox.add({ content: sendable(content), retryOf: null })
    this.pump()
  }

  /** A new attempt at an answer. Pressed twice, it is one. */
  retry(messageId: string): void {
    const earlier = this.outbox.entries.filter((entry) => entry.retryOf === messageId)
    if (earlier.some(isUnderWay)) return
    this.outbox.drop((entry) => earlier.includes(entry))
    this.outbox.add({ content: '', retryOf: messageId })
    this.pump()
  }

  /** A refused message once more: under its id, so that it counts once whatever became of the first try. */
  again(clientMessageId: string): void {
    const entry = this.outbox.get(clientMessageId)
    if (!entry) return
    if (!idStillGood(entry)) return this.send(this.discard(clientMessageId))
    this.outbox.step(clientMessageId, { type: 'asked-again' })
    this.pump()
  }

  /** Takes a message out of the outbox; what it said goes back to whoever asks. */
  discard(clientMessageId: string): string {
    const content = this.outbox.get(clientMessageId)?.content ?? ''
    this.outbox.drop((entry) => entry.clientMessageId === clientMessageId)
    return content
  }

  /** The session was deleted, and with it all that was still to be said there. */
  forget(sessionId: string): void {
    this.outbox.drop((entry) => entry.sessionId === sessionId)
  }

  /** The server's word, by whichever door it came. */
  accepted(ack: AckBody, followed: boolean): void {
    const entry = this.outbox.get(ack.client_message_id)
    if (!entry || entry.ack) return
    this.outbox.step(entry.clientMessageId, { type: 'acked', ack })
    this.outbox.place(entry.thread, ack.session_id)
    // On screen first: over HTTP only the session on screen is followed.
    this.placed(entry.thread, ack.session_id)
    const { content, retryOf } = entry
    this.conversations.accepted(ack, retryOf === null ? { content } : { retryOf }, followed)
  }

  refuse(clientMessageId: string, refusal: Refusal): void {
    this.outbox.step(clientMessageId, { type: 'refused', error: refusal.body })
  }

  /** Lets go of messages whose answers have ended, then sends what waited for that. */
  settle(): void {
    for (const { clientMessageId, ack } of this.outbox.entries) {
      const row = ack && this.conversations.get(ack.session_id)?.rows.get(ack.pending_message_id)
      if (row && isTerminal(row.message)) this.discard(clientMessageId)
    }
    this.pump()
  }

  /** The server is there again, or the page is looked at: what is unconfirmed or was left behind goes at once. */
  attention(): void {
    for (const { clientMessageId } of this.outbox.entries) {
      this.outbox.step(clientMessageId, { type: 'hurried' })
    }
    this.pump()
    void this.adoptLost()
  }

  /** What tabs that are gone left behind. */
  private async adoptLost(patient = false): Promise<void> {
    if (await this.outbox.adoptLost(patient)) this.pump()
  }

  pump(): void {
    if (this.running || !this.begun) return
    this.running = true
    void this.flush()
  }

  private async flush(): Promise<void> {
    clearTimeout(this.timer)
    try {
      while (this.client().online) {
        const { mine } = this.outbox
        const now = Date.now()
        const busy = (id: string) => this.conversations.busy(id)
        let yielding = false
        const yields = (entry: Entry) => {
          const goesLater = this.outbox.yields(entry, now)
          yielding ||= goesLater
          return goesLater
        }
        const next = nextToSend(mine, busy, now, yields)
        if (!next) return this.sleep(mine, yielding)
        await this.deliver(next)
      }
    } finally {
      this.running = false
    }
  }

  private sleep(entries: readonly Entry[], yielding: boolean): void {
    const waits = entries.map((entry) => entry.notBefore - Date.now()).filter((ms) => ms > 0)
    if (yielding) waits.push(YIELD_MS)
    if (waits.length > 0) this.timer = setTimeout(() => this.pump(), Math.min(...waits))
  }

  private async deliver(entry: Entry): Promise<void> {
    const id = entry.clientMessageId
    this.outbox.step(id, { type: 'started' })
    this.client().wanted()
    try {
      await this.transmit(entry)
    } catch (error) {
      const wait = waitAsked(error) ?? restDelayMs(entry.tries)
      if (!(error instanceof Refusal)) {
        this.outbox.step(id, { type: 'unanswered', retryAt: Date.now() + wait })
      } else if (passes(entry, error.body)) {
        const until = Date.now() + Math.max(wait, BUSY_AGAIN_MS)
        this.outbox.step(id, { type: 'delayed', until, error: error.body })
      } else {
        this.refuse(id, error)
      }
    }
  }

  /** By the socket if it is open; by REST if it is not, or if no word came back. */
  private async transmit(entry: Entry): Promise<void> {
    if (this.client().socketOpen) {
      try {
        return this.accepted(await this.client().submitBySocket(entry), true)
      } catch (error) {
        if (error instanceof Refusal) throw error
      }
    }
    this.accepted(await this.client().calls.submit(entry), false)
  }
}

/**
 * Whether a refusal passes by itself. A session that is busy will be free for a message, but not for a retry: what
 * makes it busy is a newer answer.
 */
function passes({ retryOf }: Entry, { code, retryable }: ErrorBody): boolean {
  if (code === 'session_busy' && retryOf !== null) return false
  return retryable || code === 'unauthorized'
}
