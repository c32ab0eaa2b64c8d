import { beforeEach, expect, it, vi } from 'vitest'
import { Unreached } from './problems'
import { Rest } from './rest'
import { sendTelling } from './uploading'

/** As the browser's: an end before `send` is told to nobody, one after it is. */
class Request {
  static last: Request
  readonly upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {}
  onprogress?: () => void
  onload?: () => void
  onabort?: () => void
  onloadend?: () => void
  readonly status = 200
  readonly response = new TextEncoder().encode('{"documents":[]}').buffer
  private sent = false

  constructor() {
    Request.last = this
  }

  open(): void {}
  getAllResponseHeaders = () => 'Content-Type: application/json'

  send(): void {
    this.sent = true
  }

  abort(): void {
    if (!this.sent) return
    this.onabort?.()
    this.onloadend?.()
  }

  answer(): void {
    this.onload?.()
    this.onloadend?.()
  }
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)
const LONG = { form: new FormData(), sent: () => {}, long: true }

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('XMLHttpRequest', Request)
  vi.stubGlobal('document', { baseURI: 'http://here/' })
  return () => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  }
})

it('what was cancelled before it was sent ends, and for that reason', async () => {
  const signal = AbortSignal.abort(new Error('cancelled'))
  await expect(sendTelling('x', { signal }, () => {})).rejects.toThrow('cancelled')
})

it('what is cancelled on its way ends, and for that reason', async () => {
  const leave = new AbortController()
  const done = sendTelling('x', { signal: leave.signal }, () => {})
  leave.abort(new Error('cancelled'))
  await expect(done).rejects.toThrow('cancelled')
})

it('an upload may take minutes, but not while nothing moves', async () => {
  const done = new Rest().call('POST', 'x', LONG)
  const failed = expect(done).rejects.toBeInstanceOf(Unreached)
  const over = vi.fn()
  void done.catch(over)
  for (let loaded = 1; loaded <= 5; loaded += 1) {
    await seconds(39)
    Request.last.upload.onprogress?.({ loaded, total: 5 })
  }
  await seconds(39)
  Request.last.onprogress?.()
  await seconds(39)
  expect(over).not.toHaveBeenCalled()
  await seconds(1)
  await failed
})

it('an upload that was answered is limited no longer', async () => {
  const done = new Rest().call('POST', 'x', LONG)
  Request.last.answer()
  await expect(done).resolves.toEqual({ documents: [] })
  expect(vi.getTimerCount()).toBe(0)
})
