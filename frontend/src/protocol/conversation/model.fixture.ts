import type { AckFrame, LoggedFrame, Message, Page, ServerFrame, SubscribedFrame } from '../frames'
import { type Effect, olderThan } from '.'
import { ModelServer } from './modelServer.fixture'
import { Talk } from './talk.fixture'

type Frame = LoggedFrame | SubscribedFrame | AckFrame
type Ask = Extract<Effect, { do: 'subscribe' }>
type Request =
  | { kind: 'newest'; ticket: number; answer?: Page }
  | { kind: 'older'; before: string; era: number; answer?: Page }
  | { kind: 'message'; id: string; era: number; answer?: Message }

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** One browser and one server with everything between them that can be lost, late, early or doubled. */
export class World {
  server = new ModelServer()
  readonly talk = new Talk()
  private backup = this.server.copy()
  private connected = false
  private upward: (Ask | { send: string })[] = []
  private downward: Frame[] = []
  private position: number | null = null
  private requests: Request[] = []
  private sent = 0
  private faults = true

  constructor(private readonly random: () => number) {}

  act(): void {
    const acts = [
      () => this.speak(),
      () => this.speak(),
      () => this.speak(),
      () => this.server.finish(this.random() < 0.3),
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
      () => this.sendElsewhere(),
      () => this.older(),
      () => this.rarely(0.15, () => this.cut()),
      () => this.rarely(0.2, () => this.trim()),
      () => this.rarely(0.05, () => this.restore()),
      () => this.rarely(0.1, () => (this.backup = this.server.copy())),
    ]
    acts[Math.floor(this.random() * acts.length)]?.()
    this.collect()
  }

  /** Nothing is lost from now on: the answer ends and all that is under way arrives. */
  settle(): void {
    this.faults = false
    this.server.finish(false)
    this.connect()
    // A last exchange: a frame swallowed at the very end shows only by what comes after it.
    this.sendElsewhere()
    this.server.finish(false)
    for (let i = 0; i < 2000; i += 1) {
      this.collect()
      this.connect()
      this.upstream()
      this.flow()
      this.downstream()
      this.answer()
      this.deliver()
    }
  }

  private take(...args: Parameters<Talk['take']>): void {
    this.talk.take(...args)
    this.collect()
  }

  private collect(): void {
    for (const effect of this.talk.news()) {
      if (effect.do === 'subscribe' && this.connected) this.upward.push(effect)
      if (effect.do === 'load-newest') this.requests.push({ kind: 'newest', ticket: effect.ticket })
      if (effect.do === 'load-message') {
        this.requests.push({ kind: 'message', id: effect.messageId, era: this.talk.state.era })
      }
    }
  }

  private speak(): void {
    this.server.piece(['a', 'bc', '😀', 'é '][Math.floor(this.random() * 4)] ?? 'x')
  }

  private rarely(chance: number, run: () => void): void {
    if (this.random() < chance) run()
  }

  private connect(): void {
    if (this.connected) return
    this.connected = true
    this.take({ type: 'connected' })
  }

  private cut(): void {
    if (!this.connected) return
    this.connected = false
    this.upward = []
    this.downward = []
    this.position = null
    this.take({ type: 'disconnected' })
  }

  private send(): void {
    if (!this.connected || this.server.running) return
    this.sent += 1
    this.upward.push({ send: `c${this.sent}` })
  }

  /** Another tab sends. */
  private sendElsewhere(): void {
    if (this.server.running) return
    this.sent += 1
    this.server.accept(`c${this.sent}`)
  }

  private upstream(): void {
    const next = this.upward.shift()
    if (!next) return
    if ('send' in next) {
      if (this.server.running) return
      const ack = this.server.accept(next.send)
      this.downward.push(ack)
      if (this.position === null) this.follow(this.server.unasked(this.server.end - 1))
    } else {
      this.follow(this.server.subscribe(next.id, next.position?.epoch, next.position?.after))
    }
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
    if (frame.type !== 'ack')
      return this.take({
        type: 'frame',
        frame: frame as Exclude<ServerFrame, AckFrame> & Frame as LoggedFrame,
      })
    const content = `question ${frame.client_message_id}`
    this.take({ type: 'ack', ack: frame, content, followed: true, now: '' })
  }

  private older(): void {
    const before = olderThan(this.talk.state)
    if (before) this.requests.push({ kind: 'older', before, era: this.talk.state.era })
  }

  private answer(): void {
    const open = this.requests.filter((request) => request.answer === undefined)
    const request = open[Math.floor(this.random() * open.length)]
    if (!request) return
    if (request.kind === 'newest') request.answer = this.server.page()
    else if (request.kind === 'older') request.answer = this.server.page(request.before)
    else {
      const found = this.server.messages.find((held) => held.id === request.id)
      if (found) request.answer = found
      else this.requests = this.requests.filter((other) => other !== request)
    }
  }

  /** Answers arrive in any order. */
  private deliver(): void {
    const ready = this.requests.filter((request) => request.answer !== undefined)
    const request = ready[Math.floor(this.random() * ready.length)]
    if (!request) return
    this.requests = this.requests.filter((other) => other !== request)
    if (request.kind === 'newest' && request.answer) {
      this.take({ type: 'newest-page', page: request.answer, ticket: request.ticket })
    } else if (request.kind === 'older' && request.answer) {
      const { before, era, answer } = request
      this.take({ type: 'older-page', page: answer, before, era })
    } else if (request.kind === 'message' && request.answer) {
      this.take({ type: 'message-read', message: request.answer, era: request.era })
    }
  }

  private trim(): void {
    this.server.trim()
  }

  /** A backup is restored: the log goes back, connections end, the epoch is another. */
  private restore(): void {
    const next = `e${Number(this.server.epoch.slice(1)) + 1}`
    this.server = this.backup.copy()
    this.server.epoch = next
    this.server.finish(true)
    this.backup = this.server.copy()
    this.cut()
  }
}
