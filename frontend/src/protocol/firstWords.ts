import type { ServerFrame } from './frames'
import type { Entry } from './outbox'

/** Nothing of this is worth keeping for long: what is not measured by then will not be. */
const MOST = 100

/**
 * Measures how long an answer's first words took, from the moment its question went out. Only what was seen whole
 * counts: of a question that was sent again, or whose connection was lost meanwhile, nothing is known.
 */
export class FirstWords {
  private readonly sent = new Map<string, number>()
  private readonly began = new Map<string, number>()

  constructor(private readonly measured: (messageId: string, ms: number) => void) {}

  /** What is in the outbox, at this time in milliseconds. */
  look(entries: readonly Entry[], now: number): void {
    for (const { clientMessageId: id, state, tries, ack } of entries) {
      if (state === 'sending' && tries === 1 && !this.sent.has(id)) put(this.sent, id, now)
      if (ack) this.settle(id, ack.pending_message_id)
    }
  }

  hear(frame: ServerFrame, entries: readonly Entry[], now: number): void {
    if (frame.type !== 'token' || frame.at !== 0) return
    const { message_id: messageId } = frame
    if (!this.began.has(messageId)) put(this.began, messageId, now)
    const entry = entries.find(({ ack }) => ack?.pending_message_id === messageId)
    if (entry) this.settle(entry.clientMessageId, messageId)
  }

  lost(): void {
    this.sent.clear()
    this.began.clear()
  }

  /** The ack and the first words may come in either order. */
  private settle(clientMessageId: string, messageId: string): void {
    const [sent, began] = [this.sent.get(clientMessageId), this.began.get(messageId)]
    if (sent === undefined || began === undefined) return
    this.sent.delete(clientMessageId)
    this.measured(messageId, began - sent)
  }
}

function put(map: Map<string, number>, key: string, value: number): void {
  if (map.size >= MOST) map.clear()
  map.set(key, value)
}
