import { crc32 } from '../crc32'
import type { AckFrame, ErrorBody, LoggedFrame, Message, Page, SubscribedFrame } from '../frames'
import { isTerminal } from '../message'
import { broke, came, done, message, page, subscribed } from './frames.fixture'

const PAGE = 4

/** What a client asks to be accepted, under its id. */
export interface Wish {
  readonly id: string
  /** The answer to try again; null for a question. */
  readonly retryOf: string | null
}

export type Ending = 'complete' | 'cancelled' | 'failed' | 'interrupted'

/** A server in the smallest form that keeps the protocol's promises: one session, one log, pages by index. */
export class ModelServer {
  epoch = 'e1'
  messages: Message[] = []
  log: LoggedFrame[] = []
  /** Events up to here are gone from the log. */
  trimmed = 0
  /** What each id was accepted as: the ids of question and answer. */
  private accepted = new Map<string, { readonly asked: string; readonly answer: string }>()

  get end(): number {
    return this.log.length
  }

  get running(): Message | undefined {
    return this.messages.find((held) => !isTerminal(held))
  }

  /** What a listing shows: of several attempts at one question the newest. */
  get listed(): Message[] {
    const replaced = new Set(this.messages.map((held) => held.retry_of))
    return this.messages.filter((held) => !replaced.has(held.id))
  }

  accept(wish: Wish): AckFrame | ErrorBody['code'] {
    const known = this.accepted.get(wish.id)
    if (known) return this.ack(wish.id, known, true)
    return wish.retryOf === null ? this.send(wish.id) : this.retry(wish.id, wish.retryOf)
  }

  private send(id: string): AckFrame | ErrorBody['code'] {
    if (this.running) return 'session_busy'
    const asked = this.create({
      role: 'user',
      status: 'complete',
      content: `question ${id}`,
      client_message_id: id,
    })
    const answer = this.create({ reply_to: asked.id })
    return this.bind(id, answer, false)
  }

  /** Checked in the protocol's order: a direct successor, an answer that runs, a newer one. */
  private retry(id: string, target: string): AckFrame | ErrorBody['code'] {
    const successor = this.messages.find((held) => held.retry_of === target)
    if (successor) return this.bind(id, successor, true)
    if (this.running) return 'session_busy'
    const newest = this.messages.at(-1)
    const before = this.messages.find((held) => held.id === target)
    if (!before) return 'not_found'
    if (before !== newest) return 'not_latest'
    const answer = this.create({
      reply_to: before.reply_to,
      retry_of: target,
      client_message_id: id,
    })
    return this.bind(id, answer, false)
  }

  private create(part: Partial<Message>): Message {
    const index = this.messages.length + 1
    const created = message({ id: `m${this.epoch}-${index}`, index, ...part })
    this.messages.push(created)
    this.log.push(came(this.end + 1, created))
    return created
  }

  private bind(id: string, answer: Message, duplicate: boolean): AckFrame {
    const ids = { asked: answer.reply_to ?? '', answer: answer.id }
    this.accepted.set(id, ids)
    return this.ack(id, ids, duplicate)
  }

  private ack(
    id: string,
    { asked, answer }: { asked: string; answer: string },
    duplicate: boolean,
  ): AckFrame {
    const question = this.messages.find((held) => held.id === asked)
    return {
      type: 'ack',
      client_message_id: id,
      session_id: question?.session_id ?? '',
      epoch: this.epoch,
      index: question?.index ?? 0,
      user_message_id: asked,
      pending_message_id: answer,
      status: this.messages.find((held) => held.id === answer)?.status ?? 'pending',
      duplicate,
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

  finish(status: Ending): void {
    const answer = this.running
    if (!answer) return
    const { id, content } = answer
    const frame =
      status === 'complete' || status === 'cancelled'
        ? done(this.end + 1, content, { status })
        : { ...broke(this.end + 1, content), status }
    this.log.push({ ...frame, message_id: id, crc32: crc32(content) })
    this.replace({ ...answer, status })
  }

  /** Forgets all events before those of the answer that runs. */
  trim(): void {
    this.trimmed = this.beforeRunning()
  }

  beforeRunning(): number {
    return this.running ? this.beforeAnswer(this.running.id) : this.end
  }

  /** Rules 1 and 2: where an ack begins to follow, if the log still holds it. */
  beforeAnswer(id: string): number {
    const first = this.log.find((frame) => frame.type === 'message' && frame.message.id === id)
    if (first && first.seq > this.trimmed) return first.seq - 1
    return this.running && this.running.id !== id ? this.beforeRunning() : this.end
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
    const until = this.messages.find((held) => held.id === before)?.index ?? Infinity
    const earlier = this.listed.filter((held) => held.index < until)
    const messages = earlier.slice(-PAGE)
    const more = messages.length < earlier.length
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
      accepted: new Map(this.accepted),
    })
  }

  private replace(next: Message): void {
    this.messages = this.messages.map((held) => (held.id === next.id ? next : held))
  }
}
