import { restDelayMs } from '../protocol/backoff'
import { t } from '../strings'
import { bodyOf, isPassing, problemOf, Unreached, waitAsked } from './problems'
import { serverUrl } from './root'
import { Silence } from './silence'
import { sendTelling } from './uploading'

const ANSWER_LIMIT_MS = 20_000

/** A file that the server made, and the name that it gave it. */
export interface SavedFile {
  readonly name: string
  readonly blob: Blob
}

export interface RestOptions {
  readonly body?: unknown
  readonly form?: FormData
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
  /** Try again after network failures; only for reads and for writes that an id makes safe. */
  readonly again?: boolean
  /** It takes as long as the line needs, unless that falls silent: a file on its way, up or down. */
  readonly long?: boolean
  /** Hears which share of the form has left, from 0 to 1. */
  readonly sent?: (share: number) => void
  /** Hears the headers of the answer. */
  readonly answered?: (headers: Headers) => void
}

/** JSON over HTTP with the protocol's rules for trying again and for renewing a lost identity. */
export class Rest {
  /** Hears of every exchange: whether the server was reached. The badge listens. */
  onReached: (reached: boolean) => void = () => {}
  /** Makes or renews the identity after a 401. */
  renew: () => Promise<void> = async () => {}
  private readonly waiting = new Set<() => void>()

  /** The server is there again: what waits for a next try of its own goes at once. */
  hurry(): void {
    for (const go of [...this.waiting]) go()
  }

  async call<T>(method: string, path: string, options: RestOptions = {}): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.once<T>(method, path, options)
      } catch (error) {
        if (!options.again || options.signal?.aborted || !isPassing(error)) throw error
        const asked = waitAsked(error)
        await this.pause(asked ?? restDelayMs(attempt), asked === null, options.signal)
      }
    }
  }

  /** A file to save. A stream that breaks off is no file. */
  async file(path: string): Promise<SavedFile> {
    const response = await this.known('GET', path, { long: true })
    if (!response.ok) throw await problemOf(response)
    const blob = await response.blob().catch((cause) => {
      throw new Unreached(null, { cause })
    })
    return { name: fileName(response.headers.get('Content-Disposition') ?? ''), blob }
  }

  /** What the server itself asked to wait is never cut short. */
  private pause(ms: number, own: boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (then: () => void) => {
        clearTimeout(timer)
        this.waiting.delete(go)
        signal?.removeEventListener('abort', leave)
        then()
      }
      const go = () => end(resolve)
      const leave = () => end(() => reject(signal?.reason))
      const timer = setTimeout(go, ms)
      if (own) this.waiting.add(go)
      signal?.addEventListener('abort', leave)
    })
  }

  private async once<T>(method: string, path: string, options: RestOptions): Promise<T> {
    return bodyOf<T>(await this.known(method, path, options))
  }

  /** Whoever is not known any more is made known, and asks again. */
  private async known(method: string, path: string, options: RestOptions): Promise<Response> {
    const response = await this.exchange(method, path, options)
    if (response.status !== 401) return response
    await this.renew()
    return this.exchange(method, path, options)
  }

  /** One exchange without renewal: what the identity itself uses. */
  async exchange(method: string, path: string, options: RestOptions = {}): Promise<Response> {
    const silence = options.long ? new Silence() : null
    const limit = silence?.signal ?? AbortSignal.timeout(ANSWER_LIMIT_MS)
    const signal = AbortSignal.any(options.signal ? [options.signal, limit] : [limit])
    // A deletion outlives the page that asked for it.
    const keepalive = method === 'DELETE'
    const init: RequestInit = { method, signal, keepalive, headers: { ...options.headers } }
    if (options.form) init.body = options.form
    if (options.body !== undefined) {
      init.body = JSON.stringify(options.body)
      init.headers = { 'Content-Type': 'application/json', ...options.headers }
    }
    try {
      const url = serverUrl(path)
      const response = await (options.sent
        ? sendTelling(url, init, options.sent, () => silence?.heard())
        : fetch(url, init))
      this.onReached(true)
      options.answered?.(response.headers)
      return silence?.during(response) ?? response
    } catch (error) {
      silence?.over()
      if (options.signal?.aborted) throw error
      this.onReached(false)
      throw new Unreached(null, { cause: error })
    }
  }
}

/** RFC 6266, as our server writes it. */
function fileName(disposition: string): string {
  const encoded = /filename\*=UTF-8''([^;]+)/.exec(disposition)?.[1]
  return encoded === undefined ? t.exportName : decodeURIComponent(encoded)
}
