import { restDelayMs } from '../protocol/backoff'
import type { ServerFrame } from '../protocol/frames'
import { followByHttp, type Position } from './eventStream'
import { isGone } from './problems'

export interface HttpFollowerListener {
  frame(frame: ServerFrame): void
  /** The stream ended; `again` is called when it is time to subscribe anew. */
  down(sessionId: string): void
  again(sessionId: string): void
  changed(): void
}

/** Follows one session by Server-Sent Events while the socket cannot: browsers allow only six streams. */
export class HttpFollower {
  streaming = false
  private abort: AbortController | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private failures = 0

  constructor(private readonly listener: HttpFollowerListener) {}

  follow(sessionId: string, askId: string, position: Position | null): void {
    this.stop()
    const abort = new AbortController()
    this.abort = abort
    followByHttp(
      sessionId,
      position,
      (frame) => this.hear(frame, askId, abort),
      abort.signal,
    ).catch((error) => this.ended(error, sessionId, askId, abort))
  }

  stop(): void {
    clearTimeout(this.timer)
    this.abort?.abort()
    this.abort = null
    this.setStreaming(false)
  }

  private hear(frame: ServerFrame, askId: string, abort: AbortController): void {
    if (abort.signal.aborted) return
    if (frame.type !== 'subscribed') return this.listener.frame(frame)
    // The stream's first frame answers our ask; a later one is unasked.
    const first = !this.streaming
    this.failures = 0
    this.setStreaming(true)
    this.listener.frame(first ? { ...frame, id: askId } : frame)
  }

  private ended(error: unknown, sessionId: string, askId: string, abort: AbortController): void {
    if (abort.signal.aborted) return
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
    this.listener.down(sessionId)
    this.timer = setTimeout(() => this.listener.again(sessionId), restDelayMs(this.failures))
    this.failures += 1
  }

  private setStreaming(streaming: boolean): void {
    if (this.streaming === streaming) return
    this.streaming = streaming
    this.listener.changed()
  }
}
