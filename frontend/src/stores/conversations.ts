import type { Carrier, ChatClient } from '../api/client'
import { isGone } from '../api/problems'
import { askAgainMs } from '../protocol/backoff'
import {
  type Conversation,
  type Effect,
  emptyConversation,
  type Input,
  isCurrentAsk,
  olderThan,
  reduce,
  runningAnswer,
} from '../protocol/conversation'
import { type AckBody, isLogged, type ServerFrame } from '../protocol/frames'
import { FrameBatch } from './frameBatch'
import { recoveries } from './recoveries'
import { type Store, without } from './state'

type Asked = Extract<Input, { type: 'ack' }>['asked']

const HELD_SESSIONS = 3

/** Keeps what is known of the open sessions and carries out what the reducer asks for. */
export class Conversations {
  private readonly live = new Map<string, Conversation>()
  private readonly batch: FrameBatch
  private carrier: Carrier = 'none'
  private older: AbortController | null = null
  /** No counter of a session that was let go of is beyond this. */
  private counted = 0

  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
    private readonly published: (sessionIds: readonly string[]) => void,
  ) {
    this.batch = new FrameBatch(() => this.publish())
  }

  get(sessionId: string): Conversation | undefined {
    return this.live.get(sessionId)
  }

  /** True while an answer of the session runs, as far as is known here. */
  busy(sessionId: string): boolean {
    const conversation = this.live.get(sessionId)
    return conversation !== undefined && runningAnswer(conversation) !== null
  }

  /** The session on screen; over HTTP it is the only one that is followed. */
  show(sessionId: string | null): void {
    this.older?.abort()
    this.older = null
    if (this.carrier === 'http') {
      for (const id of this.live.keys()) {
        if (id !== sessionId) this.dispatch(id, { type: 'disconnected' })
      }
    }
    if (sessionId === null) return this.batch.now()
    if (this.store.getState().missing[sessionId]) this.lookAgain(sessionId)
    this.touch(sessionId)
    this.dispatch(sessionId, { type: this.followable(sessionId) ? 'connected' : 'open' })
    this.batch.now()
  }

  carried(carrier: Carrier): void {
    this.carrier = carrier
    for (const id of [...this.live.keys()]) {
      this.dispatch(id, { type: 'disconnected' })
      if (this.followable(id)) this.dispatch(id, { type: 'connected' })
    }
  }

  stream(sessionId: string, up: boolean): void {
    if (this.live.has(sessionId)) {
      this.dispatch(sessionId, { type: up ? 'connected' : 'disconnected' })
    }
  }

  hear(frame: ServerFrame): void {
    if (frame.type === 'subscribed' || isLogged(frame)) {
      if (this.live.has(frame.session_id)) this.dispatch(frame.session_id, { type: 'frame', frame })
    } else if (frame.type === 'error' && frame.request === 'subscribe') {
      const { session_id: id } = frame
      if (!id || !this.live.has(id) || !frame.id) return
      const retryAfterMs = frame.retryable ? Math.max(frame.retry_after_ms ?? 0, 1000) : null
      const gone = frame.code === 'not_found'
      this.dispatch(id, { type: 'subscribe-failed', id: frame.id, retryAfterMs, gone })
    }
  }

  accepted(ack: AckBody, asked: Asked, followed: boolean): void {
    const id = ack.session_id
    this.touch(id)
    if (this.followable(id) && !this.live.get(id)?.connected) {
      const held = this.live.get(id)
      if (held) this.live.set(id, { ...held, connected: true })
    }
    const frame = { ...ack, type: 'ack' as const }
    this.dispatch(id, { type: 'ack', ack: frame, asked, followed, now: new Date().toISOString() })
  }

  dispatch(sessionId: string, input: Input): void {
    const before = this.live.get(sessionId)
    if (!before) return
    const { state, effects } = reduce(before, input)
    this.live.set(sessionId, state)
    for (const effect of effects) this.perform(sessionId, effect)
    if (input.type === 'frame' && input.frame.type === 'token') this.batch.soon()
    else this.batch.now()
  }

  forget(sessionId: string): void {
    const held = this.live.get(sessionId)
    if (!held) return
    this.live.delete(sessionId)
    this.counted = Math.max(this.counted, held.asks, held.ticket, held.era)
    this.client().unsubscribe(sessionId)
    recoveries.forget(sessionId)
    this.batch.now()
  }

  async loadOlder(sessionId: string): Promise<void> {
    const conversation = this.live.get(sessionId)
    const before = conversation ? olderThan(conversation) : null
    if (!conversation || before === null || this.older) return
    const abort = new AbortController()
    this.older = abort
    this.store.setState((s) => ({ loadingOlder: { ...s.loadingOlder, [sessionId]: true } }))
    try {
      const page = await this.client().calls.messages(sessionId, before, abort.signal)
      this.dispatch(sessionId, { type: 'older-page', page, before, era: conversation.era })
    } catch (error) {
      if (!abort.signal.aborted) this.store.setState({ notice: (error as Error).message })
    } finally {
      if (this.older === abort) this.older = null
      this.store.setState((s) => ({ loadingOlder: without(s.loadingOlder, sessionId) }))
    }
  }

  /** It was not there; whoever opens it again may know better. */
  private lookAgain(sessionId: string): void {
    this.forget(sessionId)
    this.store.setState((s) => ({ missing: without(s.missing, sessionId) }))
  }

  private followable(sessionId: string): boolean {
    if (this.carrier === 'socket') return true
    return this.carrier === 'http' && this.store.getState().view.sessionId === sessionId
  }

  /** Holds the session as the most recent; the oldest quiet one gives way. */
  private touch(sessionId: string): void {
    const held = this.live.get(sessionId) ?? emptyConversation(sessionId, this.counted)
    this.live.delete(sessionId)
    this.live.set(sessionId, held)
    const shown = this.store.getState().view.sessionId
    for (const id of [...this.live.keys()]) {
      if (this.live.size <= HELD_SESSIONS) return
      if (id !== shown && id !== sessionId && !this.busy(id)) this.forget(id)
    }
  }

  private perform(sessionId: string, effect: Effect): void {
    switch (effect.do) {
      case 'subscribe':
        return later(effect.delayMs, () => this.subscribe(sessionId, effect))
      case 'load-newest':
        return later(effect.delayMs, () => void this.loadNewest(sessionId, effect.ticket))
      case 'load-message':
        if (effect.mismatch)
          console.warn(`The text of ${effect.messageId} does not match its checksum.`)
        void this.readMessage(sessionId, effect.messageId, 0)
        return
      case 'gone':
        this.store.setState((s) => ({ missing: { ...s.missing, [sessionId]: true } }))
    }
  }

  private subscribe(sessionId: string, effect: Extract<Effect, { do: 'subscribe' }>): void {
    const held = this.live.get(sessionId)
    if (held && isCurrentAsk(held, effect.id)) {
      this.client().subscribe(sessionId, effect.id, effect.position)
    }
  }

  private async loadNewest(sessionId: string, ticket: number): Promise<void> {
    if (this.live.get(sessionId)?.ticket !== ticket) return
    try {
      const page = await this.client().calls.messages(sessionId, null, new AbortController().signal)
      this.store.setState((s) => ({ unreadable: without(s.unreadable, sessionId) }))
      this.dispatch(sessionId, { type: 'newest-page', page, ticket })
    } catch (error) {
      if (this.live.get(sessionId)?.ticket !== ticket) return
      if (isGone(error)) return this.perform(sessionId, { do: 'gone' })
      const why = (error as Error).message
      this.store.setState((s) => ({ unreadable: { ...s.unreadable, [sessionId]: why } }))
      later(askAgainMs(1), () => void this.loadNewest(sessionId, ticket))
    }
  }

  private async readMessage(sessionId: string, messageId: string, attempt: number): Promise<void> {
    const era = this.live.get(sessionId)?.era
    if (era === undefined) return
    try {
      const message = await this.client().calls.message(sessionId, messageId)
      this.dispatch(sessionId, { type: 'message-read', message, era })
    } catch (error) {
      if (isGone(error)) return
      later(askAgainMs(attempt), () => void this.readMessage(sessionId, messageId, attempt + 1))
    }
  }

  private publish(): void {
    this.store.setState({ conversations: Object.fromEntries(this.live) })
    this.published([...this.live.keys()])
  }
}

function later(ms: number, run: () => void): void {
  if (ms <= 0) run()
  else setTimeout(run, ms)
}
