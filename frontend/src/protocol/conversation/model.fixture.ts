import type { AckFrame, ErrorBody, LoggedFrame, Message, Page, SubscribedFrame } from '../frames'
import { isTerminal } from '../message'
import { type Entry, isUnderWay } from '../outbox'
import { shownRows } from '../shown'
import { type Effect, olderThan, pageWanted, runningAnswer } from '.'
import { ModelOutbox } from './modelOutbox.fixture'
import { ModelServer, type Wish } from './modelServer.fixture'
import { Talk } from './talk.fixture'

type Refused = { type: 'refused'; id: string; code: ErrorBody['code'] }
type Frame = LoggedFrame | SubscribedFrame | AckFrame | Refused
type Ask = Extract<Effect, { do: 'subscribe' }>
type Request =
  | { kind: 'newest'; ticket: number; answer?: Page }
  | { kind: 'older'; before: string; era: number; answer?: Page }
  | { kind: 'shelved'; before: string; era: number; answer?: Page }
  | { kind: 'message'; id: string; era: number; answer?: Message }
  | { kind: 'pending'; id: string; era: number; answer?: Message | 'missing' }
  | { kind: 'post'; wish: Wish; answer?: AckFrame | ErrorBody['code'] }

const NOBODY = { status: 'pending' } as const

/** One browser and one server with everything between them that can be lost, late, early or doubled. */
export class World {
  server = new ModelServer()
  readonly talk = new Talk()
  readonly outbox = new ModelOutbox(this.talk)
  private backup = this.server.copy()
  private connected = false
  private upward: (Ask | Wish)[] = []
  private downward: Frame[] = []
  private position: number | null = null
  private requests: Request[] = []
  private others = 0
  private lengths = new Map<string, number>()
  private faults = true

  constructor(private readonly random: () => number) {}

  act(): void {
    const acts = [
      () => this.speak(),
      () => this.speak(),
      () => this.speak(),
      () => this.server.finish(this.one(['complete', 'complete', 'failed'])),
      () => this.connect(),
      () => this.upstream(),
      () => this.upstream(),
      () => this.flow(),
      () => this.flow(),
      () => this.downstream(),
      () => this.downstream(),
      () => this.downstream(),
      () => this.answer(),
      () => this.answer(),
      () => this.deliver(),
      () => this.deliver(),
      () => this.send(),
      () => this.retry(),
      () => this.post(),
      () => this.watch(),
      () => this.sendElsewhere(),
      () => this.retryElsewhere(),
      () => this.older(),
      () => this.shelve(),
      () => this.unshelve(),
      () => this.rarely(0.2, () => this.server.finish('cancelled')),
      () => this.rarely(0.15, () => this.cut()),
      () => this.rarely(0.05, () => this.kill()),
      () => this.rarely(0.2, () => this.server.trim()),
      () => this.rarely(0.05, () => this.restore()),
      () => this.rarely(0.1, () => (this.backup = this.server.copy())),
    ]
    this.one(acts)()
    this.collect()
  }

  /** Nothing is lost from now on: the answer ends and all that is under way arrives. */
  settle(): void {
    this.faults = false
    this.server.finish('complete')
    this.connect()
    // A last exchange: a frame swallowed at the very end shows only by what comes after it.
    this.sendElsewhere()
    for (let i = 0; i < 2000; i += 1) {
      this.server.finish('complete')
      if (i % 100 === 0) {
        this.upward.push(...this.outbox.unconfirmed())
        this.watch()
        this.unshelve()
      }
      this.connect()
      this.upstream()
      this.flow()
      this.downstream()
      this.answer()
      this.deliver()
      this.collect()
    }
  }

  /** What is shown and is not so on the server, or was longer a moment ago: there may be none at any moment. */
  untrue(): Message[] {
    const { state } = this.talk
    const { epoch } = state
    if (epoch !== this.server.epoch) return []
    const ids = shownRows(state, []).map((row) => (row.kind === 'message' ? row.id : ''))
    const shown = ids.flatMap((id) => state.rows.get(id)?.message ?? [])
    const whole = shown.filter((message) => !state.rows.get(message.id)?.shelved)
    return whole.filter((message) => {
      const seen = `${epoch} ${message.id}`
      const shrunk = message.content.length < (this.lengths.get(seen) ?? 0)
      this.lengths.set(seen, message.content.length)
      const real = this.server.messages.find((other) => other.id === message.id)
      const wrong = real?.index !== message.index || !real.content.startsWith(message.content)
      return real && (wrong || shrunk)
    })
  }

  /** What a person sees, what the server would list of it, and what the client believes to be running. */
  outcome(): { shown: (Message | Entry | undefined)[]; listed: Message[]; unended: Message[] } {
    const { state } = this.talk
    const shown = shownRows(state, this.outbox.entries.filter(isUnderWay)).map((row) =>
      row.kind === 'message'
        ? state.rows.get(row.id)?.message
        : this.outbox.entries.find((entry) => entry.clientMessageId === row.clientMessageId),
    )
    const { listed } = this.server
    const held = [...state.rows.values()].map((row) => row.message)
    const unended = held.filter((message) => !isTerminal(message))
    return { shown, listed: listed.slice(listed.length - shown.length), unended }
  }

  private one<T>(choices: readonly [T, ...T[]] | readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)] as T
  }

  private collect(): void {
    for (const effect of this.talk.news()) {
      if (effect.do === 'subscribe' && this.connected) this.upward.push(effect)
      if (effect.do === 'load-newest') this.requests.push({ kind: 'newest', ticket: effect.ticket })
      if (effect.do === 'load-message') {
        this.requests.push({ kind: 'message', id: effect.messageId, era: this.talk.state.era })
      }
    }
    this.outbox.settle()
  }

  private speak(): void {
    this.server.piece(this.one(['a', 'bc', '😀', 'é ']))
  }

  private rarely(chance: number, run: () => void): void {
    if (this.random() < chance) run()
  }

  /** Back again: what was not confirmed goes again, under its id. */
  private connect(): void {
    if (this.connected) return
    this.connected = true
    this.talk.take({ type: 'connected' })
    this.upward.push(...this.outbox.unconfirmed())
  }

  private cut(): void {
    if (!this.connected) return
    this.connected = false
    this.upward = []
    this.downward = []
    this.position = null
    this.talk.take({ type: 'disconnected' })
  }

  /** The server dies, and its next start ends what it was writing. */
  private kill(): void {
    this.server.finish('interrupted')
    this.cut()
  }

  private send(): void {
    if (this.outbox.entries.some(isUnderWay)) return
    const wish = this.outbox.ask(null)
    if (this.connected) this.upward.push(wish)
  }

  /** The person tries the newest answer again, as far as this tab knows which that is. */
  private retry(): void {
    const { state } = this.talk
    const newest = state.order.at(-1)
    if (!newest || runningAnswer(state) || this.outbox.entries.some(isUnderWay)) return
    if (state.rows.get(newest)?.message.role !== 'assistant') return
    const wish = this.outbox.ask(newest)
    if (this.connected) this.upward.push(wish)
  }

  /** No ack in time: the same goes by REST, whatever became of the first. */
  private post(): void {
    const open = this.outbox.unconfirmed()
    if (open.length > 0) this.requests.push({ kind: 'post', wish: this.one(open) })
  }

  private watch(): void {
    for (const id of this.outbox.watched()) {
      this.requests.push({ kind: 'pending', id, era: this.talk.state.era })
    }
  }

  /** Another tab sends. */
  private sendElsewhere(): void {
    this.others += 1
    this.server.accept({ id: `other${this.others}`, retryOf: null })
  }

  private retryElsewhere(): void {
    this.others += 1
    const newest = this.server.messages.at(-1)
    if (newest) this.server.accept({ id: `other${this.others}`, retryOf: newest.id })
  }

  private upstream(): void {
    const next = this.upward.shift()
    if (!next) return
    if ('retryOf' in next) return this.ask(next)
    this.follow(this.server.subscribe(next.id, next.position?.epoch, next.position?.after))
  }

  private ask(wish: Wish): void {
    const reply = this.server.accept(wish)
    if (typeof reply === 'string') {
      this.downward.push({ type: 'refused', id: wish.id, code: reply })
      return
    }
    this.downward.push(reply)
    if (this.position !== null) return
    this.follow(this.server.unasked(this.server.beforeAnswer(reply.pending_message_id)))
  }

  private follow(frame: SubscribedFrame): void {
    this.downward.push(frame)
    this.position = frame.seq
  }

  /** The follower reads on in the log, sometimes several pieces joined into one frame. */
  private flow(): void {
    if (this.position === null) return
    if (this.position < this.server.trimmed)
      return this.follow(this.server.unasked(this.server.beforeRunning()))
    let next = this.server.log[this.position]
    if (!next) return
    while (next.type === 'token' && this.random() < 0.5) {
      const after: LoggedFrame | undefined = this.server.log[next.seq]
      if (after?.type !== 'token' || after.message_id !== next.message_id) break
      next = { ...next, content: next.content + after.content, seq: after.seq }
    }
    this.position = next.seq
    this.downward.push(next)
    // A fault below the protocol: the same frame twice, or one swallowed.
    if (this.faults && this.random() < 0.05) this.downward.push(next)
    if (this.faults && this.random() < 0.03) this.downward.pop()
  }

  private downstream(): void {
    const frame = this.downward.shift()
    if (!frame) return
    if (frame.type === 'ack') this.outbox.acked(frame, true)
    else if (frame.type === 'refused') this.outbox.refused(frame.id, frame.code)
    else this.talk.take({ type: 'frame', frame })
  }

  private older(): void {
    const before = olderThan(this.talk.state)
    if (before) this.requests.push({ kind: 'older', before, era: this.talk.state.era })
  }

  /** Some texts are far from the view; the newest message's never is. */
  private shelve(): void {
    const { order, rows } = this.talk.state
    const ended = order.slice(0, -1).filter((id) => isTerminal(rows.get(id)?.message ?? NOBODY))
    this.talk.take({ type: 'shelve', ids: ended.filter(() => this.random() < 0.3) })
  }

  private unshelve(): void {
    const { state } = this.talk
    const [first = '', last = ''] = [state.order[0], state.order.at(-1)]
    const before = pageWanted(state, { first, last, kept: new Set() })
    if (before) this.requests.push({ kind: 'shelved', before, era: state.era })
  }

  private answer(): void {
    const open = this.requests.filter((request) => request.answer === undefined)
    if (open.length === 0) return
    const request = this.one(open)
    if (request.kind === 'newest') request.answer = this.server.page()
    else if (request.kind === 'older' || request.kind === 'shelved')
      request.answer = this.server.page(request.before)
    else if (request.kind === 'post') request.answer = this.server.accept(request.wish)
    else {
      const found = this.server.messages.find((held) => held.id === request.id)
      if (found) request.answer = found
      else if (request.kind === 'pending') request.answer = 'missing'
      else this.requests = this.requests.filter((other) => other !== request)
    }
  }

  /** Answers arrive in any order, and that of a write may be lost. */
  private deliver(): void {
    const ready = this.requests.filter((request) => request.answer !== undefined)
    if (ready.length === 0) return
    const request = this.one(ready)
    this.requests = this.requests.filter((other) => other !== request)
    if (request.kind === 'newest' && request.answer) {
      this.talk.take({ type: 'newest-page', page: request.answer, ticket: request.ticket })
    } else if (request.kind === 'older' && request.answer) {
      const { before, era, answer } = request
      this.talk.take({ type: 'older-page', page: answer, before, era })
    } else if (request.kind === 'shelved' && request.answer) {
      this.talk.take({ type: 'shelved-page', page: request.answer, era: request.era })
    } else if (request.kind === 'message' && request.answer) {
      this.talk.take({ type: 'message-read', message: request.answer, era: request.era })
    } else if (request.kind === 'pending' && request.answer) {
      const { id, era, answer } = request
      this.outbox.told(id, answer === 'missing' ? undefined : answer, era)
    } else if (request.kind === 'post' && request.answer) {
      if (this.faults && this.random() < 0.3) return
      if (typeof request.answer === 'string') this.outbox.refused(request.wish.id, request.answer)
      else this.outbox.acked(request.answer, false)
    }
  }

  /** A backup is restored: the log goes back, connections end, the epoch is another. */
  private restore(): void {
    const next = `e${Number(this.server.epoch.slice(1)) + 1}`
    this.server = this.backup.copy()
    this.server.epoch = next
    this.server.finish('interrupted')
    this.backup = this.server.copy()
    this.cut()
  }
}
