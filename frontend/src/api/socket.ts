import {
  type Connection,
  type ConnectionEvent,
  connectionReduce,
  deadline,
  initialConnection,
} from '../protocol/connection'
import type { ClientFrame, ServerFrame } from '../protocol/frames'

const SUBPROTOCOL = 'chat.v1'

export interface SocketListener {
  frame(frame: ServerFrame): void
  changed(state: Connection): void
}

/** One socket, one timer: carries out what the connection's state machine decides. */
export class ChatSocket {
  state: Connection
  private socket: WebSocket | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  /** The largest frame that this server takes; 0 means any. */
  private frameBytes = 0

  constructor(
    private readonly url: string,
    private readonly listener: SocketListener,
    online: boolean,
    private readonly random: () => number = Math.random,
  ) {
    this.state = initialConnection(online)
  }

  dispatch(event: ConnectionEvent): void {
    const clock = { now: Date.now(), random: this.random }
    const before = this.state
    const { state, effects } = connectionReduce(before, event, clock)
    this.state = state
    for (const effect of effects) {
      if (effect === 'drop-socket') this.drop()
      else if (effect === 'open-socket') this.open(state.generation)
      else if (effect === 'say-hello') this.write({ type: 'hello', protocol: 1 })
      else this.write({ type: 'ping' })
    }
    this.setTimer()
    if (changes(before, this.state)) this.listener.changed(this.state)
  }

  /** Writes a frame if the connection is open; says whether it did. */
  send(frame: ClientFrame): boolean {
    return this.state.phase === 'open' && this.write(frame)
  }

  private write(frame: ClientFrame): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false
    const text = JSON.stringify(frame)
    // A frame too large would end the connection (1009), and again each time that it is repeated.
    if (this.frameBytes > 0 && new TextEncoder().encode(text).length > this.frameBytes) return false
    this.socket.send(text)
    return true
  }

  private open(generation: number): void {
    const socket = new WebSocket(this.url, SUBPROTOCOL)
    this.socket = socket
    socket.onopen = () => this.dispatch({ type: 'socket-open', generation })
    socket.onmessage = (event) => this.receive(String(event.data), generation)
    socket.onclose = ({ code, reason }) =>
      this.dispatch({ type: 'socket-closed', generation, code, reason })
  }

  private receive(data: string, generation: number): void {
    if (generation !== this.state.generation) return
    this.dispatch({ type: 'received', generation })
    const frame = frameOf(data)
    if (!frame) return
    if (frame.type === 'welcome') {
      this.frameBytes = frame.limits.frame_bytes
      const heartbeatMs = (frame.heartbeat_s ?? 30) * 1000
      this.dispatch({ type: 'welcome', generation, heartbeatMs })
    }
    if (frame.type === 'draining') {
      this.dispatch({ type: 'draining', generation, retryAfterMs: frame.retry_after_ms })
    }
    this.listener.frame(frame)
  }

  private drop(): void {
    const socket = this.socket
    this.socket = null
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  private setTimer(): void {
    clearTimeout(this.timer)
    const due = deadline(this.state)
    if (due === null) return
    this.timer = setTimeout(() => this.dispatch({ type: 'timer' }), Math.max(0, due - Date.now()))
  }
}

/** What is no frame, as a proxy may put in, is passed over. */
function frameOf(data: string): ServerFrame | null {
  try {
    const found: unknown = JSON.parse(data)
    return typeof found === 'object' ? (found as ServerFrame | null) : null
  } catch {
    return null
  }
}

function changes(a: Connection, b: Connection): boolean {
  return (
    a.phase !== b.phase ||
    a.online !== b.online ||
    a.retryAt !== b.retryAt ||
    a.attempt !== b.attempt ||
    a.generation !== b.generation
  )
}
