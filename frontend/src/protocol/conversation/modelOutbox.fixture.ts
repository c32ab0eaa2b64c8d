import type { AckFrame, ErrorBody, Message } from '../frames'
import { isTerminal } from '../message'
import { type Entry, isUnderWay, type SendEvent, sendReduce } from '../outbox'
import { entry as kept } from '../outbox.fixture'
import type { Wish } from './modelServer.fixture'
import type { Talk } from './talk.fixture'

const FINAL = new Set<ErrorBody['code']>(['not_latest', 'not_found'])

/** What one browser has asked for and does not know the end of. It outlives connections, reloads and epochs. */
export class ModelOutbox {
  entries: Entry[] = []
  private count = 0

  constructor(private readonly talk: Talk) {}

  ask(retryOf: string | null): Wish {
    this.count += 1
    const id = `c${this.count}`
    const mine = { clientMessageId: id, content: `question ${id}`, retryOf, sessionId: 's' }
    this.entries.push(kept({ ...mine, createdAt: this.count, state: 'sending' }))
    return { id, retryOf }
  }

  /** What may or may not have arrived, and goes again under its old id. */
  unconfirmed(): Wish[] {
    const open = this.entries.filter((entry) => entry.ack === null && isUnderWay(entry))
    return open.map((entry) => ({ id: entry.clientMessageId, retryOf: entry.retryOf }))
  }

  acked(ack: AckFrame, followed: boolean): void {
    const entry = this.entries.find((held) => held.clientMessageId === ack.client_message_id)
    if (!entry || entry.ack) return
    this.step(entry.clientMessageId, { type: 'acked', ack })
    const asked = entry.retryOf === null ? { content: entry.content } : { retryOf: entry.retryOf }
    this.talk.take({ type: 'ack', ack, asked, followed, now: '' })
  }

  refused(id: string, code: ErrorBody['code']): void {
    if (!FINAL.has(code)) return
    this.step(id, { type: 'refused', error: { code, message: '', retryable: false } })
  }

  /** The pending answers that REST is asked about. */
  watched(): string[] {
    return this.entries.flatMap((entry) => entry.ack?.pending_message_id ?? [])
  }

  /** What REST says of a pending answer, in the era that it was asked in; undefined for a 404. */
  told(id: string, message: Message | undefined, era: number): void {
    if (era !== this.talk.state.era) return
    const entry = this.entries.find((held) => held.ack?.pending_message_id === id)
    if (!entry?.ack) return
    if (message) {
      this.talk.take({ type: 'message-read', message, era })
      if (isTerminal(message)) this.discard(entry.clientMessageId)
      return
    }
    const ids = entry.retryOf === null ? [id, entry.ack.user_message_id] : [id]
    this.talk.take({ type: 'messages-missing', ids })
    this.refused(entry.clientMessageId, 'not_found')
  }

  /** Lets go of what is known to have ended. */
  settle(): void {
    for (const { clientMessageId, ack } of this.entries) {
      const row = ack && this.talk.state.rows.get(ack.pending_message_id)
      if (row && isTerminal(row.message)) this.discard(clientMessageId)
    }
  }

  private discard(id: string): void {
    this.entries = this.entries.filter((entry) => entry.clientMessageId !== id)
  }

  private step(id: string, event: SendEvent): void {
    this.entries = this.entries.map((entry) =>
      entry.clientMessageId === id ? sendReduce(entry, event) : entry,
    )
  }
}
