import type { ErrorFrame, ServerFrame } from '../protocol/frames'
import { refusalOf, Unreached } from './problems'

type Reply = Extract<ServerFrame, { type: 'ack' | 'stopped' }>

interface Waiting {
  readonly reply: Promise<Reply>
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
  readonly timer: ReturnType<typeof setTimeout>
}

/** Requests on the socket that wait for the frame with their `id`. */
export class Requests {
  private readonly waiting = new Map<string, Waiting>()

  /**
   * The reply, or Unreached after `limitMs` or when the socket goes, or the server's refusal. Whoever asks under an id
   * that is waited for waits for the same reply.
   */
  wait<T extends Reply>(id: string, limitMs: number): Promise<T> {
    return (this.waiting.get(id) ?? this.begin(id, limitMs)).reply as Promise<T>
  }

  settle(frame: Reply | ErrorFrame): void {
    const found = frame.id ? this.take(frame.id) : undefined
    if (!found) return
    if (frame.type === 'error') found.reject(refusalOf(frame))
    else found.resolve(frame)
  }

  /** Nothing was written, so nothing will come. */
  fail(id: string): void {
    this.take(id)?.reject(new Unreached())
  }

  failAll(): void {
    for (const id of [...this.waiting.keys()]) this.fail(id)
  }

  private begin(id: string, limitMs: number): Waiting {
    let resolve: Waiting['resolve'] = () => {}
    let reject: Waiting['reject'] = () => {}
    const reply = new Promise<Reply>((done, failed) => {
      resolve = done
      reject = failed
    })
    const timer = setTimeout(() => this.fail(id), limitMs)
    const waiting = { reply, resolve, reject, timer }
    this.waiting.set(id, waiting)
    return waiting
  }

  private take(id: string): Waiting | undefined {
    const found = this.waiting.get(id)
    this.waiting.delete(id)
    clearTimeout(found?.timer)
    return found
  }
}
