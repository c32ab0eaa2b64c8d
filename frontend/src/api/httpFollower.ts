import { restDelayMs } from '../protocol/backoff'
import type { ServerFrame } from '../protocol/frames'
import { followByHttp, type Position } from './eventStream'
import { isGone, Refusal, waitAsked } from './problems'

const STABLE_AFTER_MS = 5_000

export interface HttpFollowerListener {
  frame(frame: ServerFrame): void
  /** The stream ended; `again` is called when it is time to subscribe anew. */
  down(sessionId: string): void
  again(sessionId: string): void
  changed(): void
  /** The server does not know who is asking. */
  renew(): void
}

/** Follows one session by Server-Sent Events while the socket cannot: browsers allow only six streams. */
export class HttpFollower {
  streaming = false
  private abort: AbortController | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private failures = 0
  private upSince = 0
  private sessionId: string | null = null

  constructor(private readonly listener: HttpFollowerListener) {}

  follow(sessionId: string, askId: string, position: Position | null): void {
    this.stop()
    const abort = new AbortController()
    this.abort = abort
    this.sessionId = sessionId
    followByHttp(
      sessionId,
      position,
      (frame) => this.hear(frame, askId, abort),
      abort.signal,
    ).catch((error) => this.ended(error, sessionId, askId, abort))
  }

  /** Follows nothing any more, or no longer this session. */
  stop(sessionId = this.sessionId): void {
    if (sessionId !== this.sessionId) return
    clearTimeout(this.timer)
    this.timer = undefined
    this.abort?.abort()
    this.abort = null
    this.sessionId = null
    this.setStreaming(false)
  }

  /** The server is there again: what waits for its next try goes at once. */
  hurry(): void {
    if (this.timer === undefined || this.sessionId === null) return
    this.next(this.sessionId)
  }

  private hear(frame: ServerFrame, askId: string, abort: AbortController): void {
    if (abort.signal.aborted) return
    if (frame.type !== 'subscribed') {
      this.failures = 0
      return this.listener.frame(frame)
    }
    // The stream's first frame answers our ask; a later one is unasked.
    const first = !this.streaming
    this.upSince = Date.now()
    this.setStreaming(true)
    this.listener.frame(first ? { ...frame, id: askId } : frame)
  }

  private ended(error: unknown, sessionId: string, askId: string, abort: AbortController): void {
    if (abort.signal.aborted) return
    // As with sockets: one that is cut before it brought anything is asked for less and less often.
    if (this.streaming && Date.now() - this.upSince >= STABLE_AFTER_MS) this.failures = 0
    this.setStreaming(false)
    if (isGone(error)) {
      const gone = { code: 'not_found', message: '', retryable: false } as const
      this.listener.frame({
        type: 'error',
        ...gone,
        request: 'subscribe',
        id: askId,
        session_id: sessionId,
      })
      return
    }
    if (error instanceof Refusal && error.status === 401) this.listener.renew()
    this.listener.down(sessionId)
    const wait = waitAsked(error) ?? restDelayMs(this.failures)
    this.timer = setTimeout(() => this.next(sessionId), wait)
    this.failures += 1
  }

  private next(sessionId: string): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.listener.again(sessionId)
  }

  private setStreaming(streaming: boolean): void {
    if (this.streaming === streaming) return
    this.streaming = streaming
    this.listener.changed()
  }
}
