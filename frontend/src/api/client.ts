import { type Badge, badgeOf } from '../protocol/badge'
import type { Connection } from '../protocol/connection'
import type { AckBody, AckFrame, ClientFrame, ServerFrame } from '../protocol/frames'
import { destination, type Entry } from '../protocol/outbox'
import { Endpoints } from './endpoints'
import type { Position } from './eventStream'
import { HttpFollower } from './httpFollower'
import { askIdentity } from './identity'
import { becameAnother } from './problems'
import { Requests } from './requests'
import { Rest } from './rest'
import { socketUrl } from './root'
import { ChatSocket } from './socket'
import type { Surroundings } from './surroundings'

/** What carries the frames of followed sessions: the socket, a stream over HTTP, or nothing. */
export type Carrier = 'socket' | 'http' | 'none'

export interface ClientListener {
  frame(frame: ServerFrame): void
  badge(badge: Badge): void
  carrier(carrier: Carrier): void
  /** The stream of one session over HTTP went down, or may be asked for again. */
  stream(sessionId: string, up: boolean): void
  /** A good moment to look after what is pending: back online, visible, connected. */
  attention(): void
  identity(userId: string): void
}

const REPLY_LIMIT_MS = 5_000
const PROBE_LIMIT_MS = 5_000
/** Failed tries before HTTP stands in: sooner where a socket has never worked. */
const TRIES_FIRST = 2
const TRIES_LATER = 3
const UNAUTHORIZED = 4501

/** The one way to the server. Chooses the transport; knows nothing of what is shown. */
export class ChatClient {
  readonly rest = new Rest()
  readonly calls = new Endpoints(this.rest)
  private readonly requests = new Requests()
  private readonly socket: ChatSocket
  private readonly follower: HttpFollower
  private carrier: Carrier = 'none'
  private restFails = false
  private standIn = false
  private introduced = false
  private userId: string | null = null

  constructor(
    private readonly surroundings: Surroundings,
    private readonly listener: ClientListener,
  ) {
    const frame = (received: ServerFrame) => this.hear(received)
    const changed = () => this.update()
    this.socket = new ChatSocket(
      socketUrl('ws/chat'),
      { frame, changed: (s) => this.moved(s) },
      surroundings.online(),
    )
    this.follower = new HttpFollower({
      frame,
      changed,
      down: (id) => listener.stream(id, false),
      again: (id) => listener.stream(id, true),
      renew: () => void this.renew().catch(() => {}),
    })
    this.rest.renew = () => this.renew()
    this.rest.onReached = (reached) => {
      this.restFails = !reached
      this.update()
    }
  }

  /** Identity first, whatever else waits; the socket is tried even where that fails. */
  async start(): Promise<void> {
    this.surroundings.listen((news) => this.news(news))
    this.update()
    await this.identify().catch(() => {})
    this.socket.dispatch({ type: 'start' })
  }

  retryNow(): void {
    this.socket.dispatch({ type: 'retry-now' })
    this.attention()
  }

  /** Whether a send may go by the socket now. */
  get socketOpen(): boolean {
    return this.socket.state.phase === 'open' && this.socket.state.online
  }

  get online(): boolean {
    return this.socket.state.online
  }

  /** Something is to be sent: a connection that gave way to others (4504) comes back for it. */
  wanted(): void {
    this.socket.dispatch({ type: 'wanted' })
  }

  async submitBySocket(entry: Entry): Promise<AckBody> {
    const { clientMessageId, retryOf, content } = entry
    const ids = { id: clientMessageId, client_message_id: clientMessageId }
    const reply = this.requests.wait<AckFrame>(clientMessageId, REPLY_LIMIT_MS)
    const frame: ClientFrame =
      retryOf === null
        ? { type: 'send', ...ids, content, ...destination(entry) }
        : { type: 'retry', ...ids, message_id: retryOf }
    if (!this.socket.send(frame)) this.requests.fail(clientMessageId)
    return reply
  }

  async stop(sessionId: string, messageId: string): Promise<void> {
    const id = `stop:${messageId}`.slice(0, 64)
    if (this.socket.send({ type: 'stop', id, message_id: messageId })) {
      const answered = await this.requests.wait(id, REPLY_LIMIT_MS).then(
        () => true,
        () => false,
      )
      if (answered) return
    }
    await this.calls.stop(sessionId, messageId)
  }

  subscribe(sessionId: string, askId: string, position: Position | null): void {
    if (this.carrier === 'http') return this.follower.follow(sessionId, askId, position)
    const from = position ? { epoch: position.epoch, after: position.after } : {}
    this.socket.send({ type: 'subscribe', id: askId, session_id: sessionId, ...from })
  }

  unsubscribe(sessionId: string): void {
    if (this.carrier === 'http') return this.follower.stop(sessionId)
    this.socket.send({ type: 'unsubscribe', session_id: sessionId })
  }

  private async identify(): Promise<void> {
    const before = this.userId
    this.known(await askIdentity(this.rest))
    if (before !== null && before !== this.userId) throw becameAnother()
  }

  private known(userId: string): void {
    this.userId = userId
    this.listener.identity(userId)
  }

  /** The socket knows nobody: the identity was never had, or is no longer valid. */
  private get unknown(): boolean {
    return this.socket.state.fault?.code === UNAUTHORIZED
  }

  /** Whoever renews the identity renews it for the socket too. */
  private async renew(): Promise<void> {
    await this.identify()
    if (this.unknown) this.socket.dispatch({ type: 'retry-now' })
  }

  /** Asked for once, never in a loop; what failed on the way was not asked. */
  private async introduce(): Promise<void> {
    if (this.introduced) return
    this.introduced = true
    await this.renew().catch(() => {
      this.introduced = false
    })
  }

  private hear(frame: ServerFrame): void {
    if (frame.type === 'welcome') this.known(frame.user_id)
    this.listener.frame(frame)
    if (frame.type === 'ack' || frame.type === 'stopped' || frame.type === 'error') {
      this.requests.settle(frame)
    }
  }

  private news(news: 'online' | 'offline' | 'woke' | 'hidden'): void {
    if (news === 'hidden') return this.update()
    this.socket.dispatch({ type: news })
    this.update()
    if (news === 'offline') return
    if (this.unknown) void this.introduce()
    this.attention()
  }

  /** What waits for its next try goes now. */
  private attention(): void {
    this.rest.hurry()
    this.follower.hurry()
    this.listener.attention()
  }

  private moved(state: Connection): void {
    if (state.phase !== 'open') this.requests.failAll()
    if (state.phase === 'open') {
      this.standIn = false
      this.introduced = false
    }
    if (this.unknown) void this.introduce()
    const limit = state.everOpen ? TRIES_LATER : TRIES_FIRST
    if (state.phase === 'closed' && state.attempt >= limit) void this.tryHttp()
    this.update()
  }

  /** Does plain HTTP work where the socket does not? */
  private async tryHttp(): Promise<void> {
    const answered = await this.calls.chains(AbortSignal.timeout(PROBE_LIMIT_MS)).then(
      () => true,
      () => false,
    )
    this.restFails = !answered
    this.standIn = answered && this.socket.state.phase !== 'open'
    this.update()
  }

  private update(): void {
    const { phase, online } = this.socket.state
    const http = this.standIn && online && this.surroundings.visible()
    const next: Carrier = phase === 'open' ? 'socket' : http && phase !== 'error' ? 'http' : 'none'
    if (next !== this.carrier) {
      this.carrier = next
      if (next !== 'http') this.follower.stop()
      this.listener.carrier(next)
      if (next !== 'none') this.attention()
    }
    const streaming = this.carrier === 'http' && (this.follower.streaming || !this.restFails)
    this.listener.badge(badgeOf(this.socket.state, { streaming, restFails: this.restFails }))
  }
}
