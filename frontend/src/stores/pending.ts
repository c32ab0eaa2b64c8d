import type { ChatClient } from '../api/client'
import { isGone, Refusal } from '../api/problems'
import { askAgainMs } from '../protocol/backoff'
import { isTerminal } from '../protocol/message'
import type { Entry } from '../protocol/outbox'
import type { Conversations } from './conversations'
import type { Sending } from './sending'
import type { Store } from './state'

const SILENCE_MS = 20_000
const TICK_MS = 1_000

interface Watch {
  askAt: number
  failures: number
  asking: boolean
  seen: string
}

/**
 * Asks the server about *that* answer, by its id, until it is known to have ended. A failed request keeps it;
 * only a terminal status or a 404 for the id itself ends the wait.
 */
export class PendingWatch {
  private readonly watches = new Map<string, Watch>()

  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
    private readonly conversations: Conversations,
    private readonly sending: Sending,
  ) {}

  begin(): void {
    setInterval(() => this.look(), TICK_MS)
  }

  /** Back online, visible or connected: ask now. */
  attention(): void {
    for (const watch of this.watches.values()) watch.askAt = 0
    this.look()
  }

  private look(): void {
    const now = Date.now()
    const waiting = this.store.getState().entries.filter((entry) => entry.ack !== null)
    const ids = new Set(waiting.map((entry) => entry.clientMessageId))
    for (const id of this.watches.keys()) if (!ids.has(id)) this.watches.delete(id)
    if (!this.client().online) return
    for (const entry of waiting) {
      const watch = this.watchOf(entry, now)
      if (!watch.asking && watch.askAt <= now) void this.ask(entry, watch)
    }
  }

  /** News of the answer puts the question off: 20 s of silence bring it up again. */
  private watchOf(entry: Entry, now: number): Watch {
    const { ack } = entry
    const row = ack && this.conversations.get(ack.session_id)?.rows.get(ack.pending_message_id)
    const seen = row ? `${row.message.status}:${row.have}` : ''
    const held = this.watches.get(entry.clientMessageId)
    // An answer that is not held, or no longer, shows no news of its own: it is asked about at once.
    const askAt = row ? now + SILENCE_MS : now
    const watch = held ?? { askAt, failures: 0, asking: false, seen }
    if (watch.seen !== seen && !watch.asking) Object.assign(watch, { seen, askAt })
    this.watches.set(entry.clientMessageId, watch)
    return watch
  }

  private async ask(entry: Entry, watch: Watch): Promise<void> {
    const { ack } = entry
    if (!ack) return
    watch.asking = true
    const era = this.era(entry)
    try {
      const message = await this.client().calls.message(ack.session_id, ack.pending_message_id)
      // Answers that were requested before the epoch changed are of another log.
      if (era !== this.era(entry)) return
      this.conversations.dispatch(ack.session_id, { type: 'message-read', message, era })
      if (isTerminal(message)) this.sending.discard(entry.clientMessageId)
      watch.failures = 0
      watch.askAt = Date.now() + SILENCE_MS
    } catch (error) {
      const same = era === this.era(entry)
      if (same && isGone(error) && error instanceof Refusal) this.lost(entry, error)
      watch.askAt = Date.now() + askAgainMs(watch.failures)
      watch.failures += 1
    } finally {
      watch.asking = false
    }
  }

  private era(entry: Entry): number {
    return this.conversations.get(entry.sessionId ?? '')?.era ?? 0
  }

  /** The server does not know the answer: its row goes, and what was asked for counts as unsent again. */
  private lost(entry: Entry, refusal: Refusal): void {
    const { ack } = entry
    if (!ack) return
    const { pending_message_id: answer, user_message_id: question } = ack
    const ids = entry.retryOf === null ? [answer, question] : [answer]
    this.conversations.dispatch(ack.session_id, { type: 'messages-missing', ids })
    this.sending.refuse(entry.clientMessageId, refusal)
  }
}
