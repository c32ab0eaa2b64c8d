import { beforeEach, expect, it, vi } from 'vitest'
import { subscribed, token } from '../protocol/conversation/frames.fixture'
import { HttpFollower } from './httpFollower'

/** The stream of one request, written to by the test. */
class Stream {
  private control?: ReadableStreamDefaultController<Uint8Array>
  readonly headers: Record<string, string>
  readonly response: Response
  aborted = false

  constructor(init: RequestInit) {
    this.headers = init.headers as Record<string, string>
    const body = new ReadableStream<Uint8Array>({
      start: (control) => {
        this.control = control
      },
    })
    this.response = new Response(body)
    init.signal?.addEventListener('abort', () => {
      this.aborted = true
      this.control?.error(new DOMException('gone', 'AbortError'))
    })
  }

  write(text: string): void {
    this.control?.enqueue(new TextEncoder().encode(text))
  }

  event(frame: { type: string; seq: number }): void {
    this.write(`id: e1:${frame.seq}\nevent: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`)
  }

  end(): void {
    this.control?.close()
  }
}

function stage() {
  const streams: Stream[] = []
  const answer = vi.fn<(stream: Stream) => Promise<Response>>(async (stream) => stream.response)
  vi.stubGlobal('fetch', (_url: string, init: RequestInit) => {
    const stream = new Stream(init)
    streams.push(stream)
    return answer(stream)
  })
  const listener = {
    ...{ frame: vi.fn(), down: vi.fn(), again: vi.fn() },
    ...{ changed: vi.fn(), renew: vi.fn() },
  }
  const follower = new HttpFollower(listener)
  const newest = () => streams.at(-1) as Stream
  return { follower, listener, streams, newest, answer }
}

const problem = (status: number, part: object) => async () =>
  new Response(JSON.stringify({ code: 'internal', message: 'No.', retryable: true, ...part }), {
    status,
  })
const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('document', { baseURI: 'http://here/' })
  return () => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  }
})

it('asks by position, and its first frame answers the ask', async () => {
  const { follower, listener, newest } = stage()
  follower.follow('s', 's#1', { epoch: 'e1', after: 7 })
  await seconds(0)
  expect(newest().headers['Last-Event-ID']).toBe('e1:7')
  newest().event(subscribed(7))
  newest().event(token(8, 0, 'x'))
  newest().event(subscribed(9, { recovered: false }))
  await seconds(0)
  const heard = listener.frame.mock.calls.map(([frame]) => [frame.type, frame.id])
  expect(heard).toEqual([
    ['subscribed', 's#1'],
    ['token', undefined],
    ['subscribed', undefined],
  ])
})

it('takes 40 s without a byte for a dead stream, and a comment for a sign of life', async () => {
  const { follower, listener, newest } = stage()
  follower.follow('s', 's#1', null)
  await seconds(0)
  newest().event(subscribed(0))
  for (let i = 0; i < 5; i += 1) {
    await seconds(20)
    newest().write(': still here\n\n')
    await seconds(19)
  }
  expect(listener.down).not.toHaveBeenCalled()
  await seconds(41)
  expect(listener.down).toHaveBeenCalledWith('s')
  expect(newest().aborted).toBe(true)
})

it('takes a server that does not even answer for dead after the same time', async () => {
  const { follower, listener, answer } = stage()
  answer.mockImplementation(
    (stream) =>
      new Promise((_, reject) => {
        const look = setInterval(() => stream.aborted && reject(new Error('aborted')), 100)
        stream.response.headers.set('x', String(look))
      }),
  )
  follower.follow('s', 's#1', null)
  await seconds(39)
  expect(listener.down).not.toHaveBeenCalled()
  await seconds(2)
  expect(listener.down).toHaveBeenCalledWith('s')
})

it('asks to be followed again after 1, 2, 4 s, or when the server says', async () => {
  const { follower, listener, newest, answer } = stage()
  const times: number[] = []
  listener.again.mockImplementation((id: string) => {
    times.push(Date.now() / 1000)
    follower.follow(id, 's#2', null)
  })
  answer.mockImplementationOnce(problem(502, {}))
  answer.mockImplementationOnce(problem(500, {}))
  answer.mockImplementationOnce(problem(429, { retry_after_ms: 9000 }))
  const start = Date.now() / 1000
  follower.follow('s', 's#1', null)
  await seconds(20)
  expect(times.map((at) => at - start)).toEqual([1, 3, 12])
  newest().event(subscribed(0))
  await seconds(5)
  newest().end()
  await seconds(1)
  expect(times).toHaveLength(4)
})

it('asks less and less often for streams that are cut at once, until one brings something', async () => {
  const { follower, listener, newest } = stage()
  const times: number[] = []
  const start = Date.now() / 1000
  listener.again.mockImplementation((id: string) => {
    times.push(Date.now() / 1000 - start)
    follower.follow(id, 's#2', null)
  })
  const cut = async (wait: number, frames: Parameters<Stream['event']>[0][]) => {
    for (const frame of frames) newest().event(frame)
    await seconds(0)
    newest().end()
    await seconds(wait)
  }
  follower.follow('s', 's#1', null)
  await seconds(0)
  for (const wait of [1, 2, 4]) await cut(wait, [subscribed(0)])
  await cut(1, [subscribed(0), token(1, 0, 'x')])
  expect(times).toEqual([1, 3, 7, 8])
})

it('goes at once when the server is there again', async () => {
  const { follower, listener, answer } = stage()
  answer.mockImplementation(async () => {
    throw new TypeError('Failed to fetch')
  })
  follower.follow('s', 's#1', null)
  await seconds(0.1)
  follower.hurry()
  expect(listener.again).toHaveBeenCalledTimes(1)
  await seconds(5)
  expect(listener.again).toHaveBeenCalledTimes(1)
})

it('has the identity renewed after a 401', async () => {
  const { follower, listener, answer } = stage()
  answer.mockImplementation(problem(401, { code: 'unauthorized' }))
  follower.follow('s', 's#1', null)
  await seconds(1)
  expect(listener.renew).toHaveBeenCalledTimes(1)
  expect(listener.again).toHaveBeenCalledTimes(1)
})

it('tells that the session is gone, and does not come back', async () => {
  const { follower, listener, answer } = stage()
  answer.mockImplementation(problem(404, { code: 'not_found', retryable: false }))
  follower.follow('s', 's#1', null)
  await seconds(60)
  expect(listener.frame).toHaveBeenCalledWith(
    expect.objectContaining({ type: 'error', code: 'not_found', request: 'subscribe', id: 's#1' }),
  )
  expect(listener.again).not.toHaveBeenCalled()
})

it('goes on with its session when another one is let go', async () => {
  const { follower, newest } = stage()
  follower.follow('s', 's#1', null)
  await seconds(0)
  follower.stop('another')
  expect(newest().aborted).toBe(false)
  follower.stop('s')
  expect(newest().aborted).toBe(true)
})
