import { crc32 } from '../crc32'
import type { AckFrame, LoggedFrame, Message, Page, SubscribedFrame } from '../frames'
import { isTerminal } from '../message'
import { broke, came, done, message, page, subscribed } from './frames.fixture'

const PAGE = 4

/** A server in the smallest form that keeps the protocol's promises: one session, one log, pages by index. */
export class ModelServer {
  epoch = 'e1'
  messages: Message[] = []
  log: LoggedFrame[] = []
  /** Events up to here are gone from the log. */
  trimmed = 0

  get end(): number {
    return this.log.length
  }

  get running(): Message | undefined {
    return this.messages.find((held) => !isTerminal(held))
  }

  accept(clientMessageId: string): AckFrame {
    const index = this.messages.length + 1
    const asked = message({
      id: `u${this.epoch}-${index}`,
      index,
      role: 'user',
      status: 'complete',
      content: `question ${clientMessageId}`,
      client_message_id: clientMessageId,
    })
    const answer = message({ id: `a${this.epoch}-${index}`, index: index + 1, reply_to: asked.id })
    this.messages.push(asked, answer)
    this.log.push(came(this.end + 1, asked))
    this.log.push(came(this.end + 1, answer))
    return {
      type: 'ack',
      client_message_id: clientMessageId,
      session_id: asked.session_id,
      epoch: this.epoch,
      index,
      user_message_id: asked.id,
      pending_message_id: answer.id,
      status: 'pending',
      duplicate: false,
    }
  }

  piece(text: string): void {
    const answer = this.running
    if (!answer) return
    const seq = this.end + 1
    const at = [...answer.content].length
    const { id, session_id } = answer
    this.log.push({ type: 'token', session_id, message_id: id, seq, from: seq, at, content: text })
    this.replace({ ...answer, status: 'streaming', content: answer.content + text })
  }

  finish(fails: boolean): void {
    const answer = this.running
    if (!answer) return
    const { id, content } = answer
    const frame = fails ? broke(this.end + 1, content) : done(this.end + 1, content)
    this.log.push({ ...frame, message_id: id, crc32: crc32(content) })
    this.replace({ ...answer, status: fails ? 'failed' : 'complete' })
  }

  /** Forgets all events before those of the answer that runs. */
  trim(): void {
    this.trimmed = this.beforeRunning()
  }

  beforeRunning(): number {
    const id = this.running?.id
    const first = this.log.find((frame) => frame.type === 'message' && frame.message.id === id)
    return id && first ? first.seq - 1 : this.end
  }

  subscribe(id: string, epoch: string | undefined, after: number | undefined): SubscribedFrame {
    const held = epoch === this.epoch && after !== undefined
    if (held && after <= this.end && after >= this.trimmed) {
      return subscribed(after, { id, epoch, end: this.end, recovered: true })
    }
    return this.unasked(this.beforeRunning(), id)
  }

  unasked(seq: number, id: string | null = null): SubscribedFrame {
    return subscribed(seq, { id, epoch: this.epoch, end: this.end, recovered: false })
  }

  page(before?: string): Page {
    const until = before
      ? this.messages.findIndex((held) => held.id === before)
      : this.messages.length
    const start = Math.max(0, until - PAGE)
    const messages = this.messages.slice(start, Math.max(0, until))
    const more = start > 0
    const seq = before ? null : this.end
    const next_cursor = more ? (messages[0]?.id ?? null) : null
    return page(messages, { epoch: this.epoch, seq, has_more: more, next_cursor })
  }

  copy(): ModelServer {
    return Object.assign(new ModelServer(), {
      epoch: this.epoch,
      messages: [...this.messages],
      log: [...this.log],
      trimmed: this.trimmed,
    })
  }

  private replace(next: Message): void {
    this.messages = this.messages.map((held) => (held.id === next.id ? next : held))
  }
}
