import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Refusal, Unreached } from './problems'
import { Rest } from './rest'

type Answer = () => Promise<Response>

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => {
  return async () => new Response(JSON.stringify(body), { status, headers })
}
const problem = (status: number, code: string, part: object = {}, headers = {}) =>
  json(status, { code, message: 'No.', retryable: true, ...part }, headers)
const lost: Answer = async () => {
  throw new TypeError('Failed to fetch')
}
const gateway: Answer = async () => new Response('<h1>Bad gateway</h1>', { status: 502 })
const fine = json(200, { ok: true })
const cut: Answer = async () => {
  const start = new TextEncoder().encode('{"ok": ')
  const pull = (body: ReadableStreamDefaultController) => body.error(new TypeError('network error'))
  return new Response(new ReadableStream({ start: (body) => body.enqueue(start), pull }))
}

/** A server that gives these answers, the last one for ever, and notes in which second each was asked for. */
function stage(...answers: Answer[]) {
  const times: number[] = []
  let left = answers
  const fetch = vi.fn(async (_url: string, _init?: RequestInit) => {
    times.push(Math.round(Date.now() / 1000))
    const [next = fine, ...others] = left
    if (others.length > 0) left = others
    return next()
  })
  vi.stubGlobal('fetch', fetch)
  return {
    rest: new Rest(),
    fetch,
    waits: () => times.slice(1).map((at, i) => at - (times[i] ?? 0)),
  }
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('document', { baseURI: 'http://here/' })
  return () => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  }
})

describe('section 4: calls that are tried again', () => {
  it('goes again after 1, 2, 4, 8, 16, 30, 30 s when the network or a gateway fails', async () => {
    const { rest, waits } = stage(lost, gateway, lost, lost, lost, lost, lost, fine)
    const done = rest.call('GET', 'x', { again: true })
    await seconds(120)
    await expect(done).resolves.toEqual({ ok: true })
    expect(waits()).toEqual([1, 2, 4, 8, 16, 30, 30])
  })

  it.each([
    ['in the body', problem(429, 'rate_limited', { retry_after_ms: 7000 })],
    ['in the header', problem(503, 'overloaded', {}, { 'Retry-After': '7' })],
  ])('waits as long as the server asks, %s', async (_where, answer) => {
    const { rest, waits } = stage(answer, fine)
    const done = rest.call('GET', 'x', { again: true })
    await seconds(10)
    await expect(done).resolves.toEqual({ ok: true })
    expect(waits()).toEqual([7])
  })

  it('an answer that was cut in the middle is no answer', async () => {
    const { rest, waits } = stage(cut, fine)
    const done = rest.call('GET', 'x', { again: true })
    await seconds(2)
    await expect(done).resolves.toEqual({ ok: true })
    expect(waits()).toEqual([1])
    await expect(stage(cut).rest.call('PATCH', 'x')).rejects.toBeInstanceOf(Unreached)
  })

  it.each([
    [429, '7', 7],
    [429, '0', 1],
    [503, '0', 1],
  ])('waits as a gateway asks, but never not at all: %i, %s s', async (status, after, wait) => {
    const headers = { 'Retry-After': after }
    const { rest, waits } = stage(async () => new Response('No.', { status, headers }), fine)
    const done = rest.call('GET', 'x', { again: true })
    await seconds(10)
    await expect(done).resolves.toEqual({ ok: true })
    expect(waits()).toEqual([wait])
  })

  it('gives up an answer after 20 s, but not files that are on their way', async () => {
    const limit = vi.spyOn(AbortSignal, 'timeout')
    const { rest } = stage()
    await rest.call('GET', 'x')
    expect(limit.mock.calls).toEqual([[20_000]])
    await rest.file('x')
    expect(limit).toHaveBeenCalledTimes(1)
    limit.mockRestore()
  })

  it('a write that no id makes safe goes once', async () => {
    const { rest, fetch } = stage(lost)
    await expect(rest.call('POST', 'x', { body: {} })).rejects.toBeInstanceOf(Unreached)
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  it('a refusal is a refusal: 4xx is not tried again', async () => {
    const { rest, fetch } = stage(problem(404, 'not_found'))
    await expect(rest.call('GET', 'x', { again: true })).rejects.toBeInstanceOf(Refusal)
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  it('goes at once when the server is there again, but never before the time that it asked for', async () => {
    const { rest, fetch } = stage(
      lost,
      lost,
      lost,
      problem(429, 'rate_limited', { retry_after_ms: 9000 }),
    )
    void rest.call('GET', 'x', { again: true })
    await seconds(4)
    expect(fetch).toHaveBeenCalledTimes(3)
    rest.hurry()
    await seconds(0)
    expect(fetch).toHaveBeenCalledTimes(4)
    rest.hurry()
    await seconds(8)
    expect(fetch).toHaveBeenCalledTimes(4)
    await seconds(2)
    expect(fetch).toHaveBeenCalledTimes(5)
  })

  it('waits no longer for what nobody wants any more', async () => {
    const { rest, fetch } = stage(lost)
    const leave = new AbortController()
    const done = rest.call('GET', 'x', { again: true, signal: leave.signal })
    const failed = expect(done).rejects.toThrow('left')
    await seconds(0.5)
    leave.abort(new Error('left'))
    await failed
    await seconds(60)
    expect(fetch).toHaveBeenCalledTimes(1)
  })
})

describe('identity', () => {
  it('is renewed once after a 401, and the call goes again', async () => {
    const { rest, fetch } = stage(problem(401, 'unauthorized'), fine)
    rest.renew = vi.fn(async () => {})
    await expect(rest.call('GET', 'x')).resolves.toEqual({ ok: true })
    expect(rest.renew).toHaveBeenCalledTimes(1)
    expect(fetch).toHaveBeenCalledTimes(2)
  })
})

describe('a file', () => {
  const file = (disposition: string): Answer => {
    return async () => new Response('# Otters', { headers: { 'Content-Disposition': disposition } })
  }

  it('has the name that the server gave it', async () => {
    const { rest } = stage(file(`attachment; filename="_.md"; filename*=UTF-8''%C3%84ste.md`))
    const { name, blob } = await rest.file('x')
    expect([name, await blob.text()]).toEqual(['Äste.md', '# Otters'])
  })

  it('that breaks off, or is refused, is none', async () => {
    const { rest } = stage(cut, problem(404, 'not_found'))
    await expect(rest.file('x')).rejects.toBeInstanceOf(Unreached)
    await expect(rest.file('x')).rejects.toBeInstanceOf(Refusal)
  })

  it('may take minutes, but not while nothing comes', async () => {
    const { rest, fetch } = stage()
    let body: ReadableStreamDefaultController | undefined
    fetch.mockImplementationOnce(async (_url, init) => {
      init?.signal?.addEventListener('abort', () => body?.error(init.signal?.reason))
      const start = (made: ReadableStreamDefaultController) => {
        body = made
      }
      return new Response(new ReadableStream({ start }))
    })
    const done = rest.file('x')
    const failed = expect(done).rejects.toBeInstanceOf(Unreached)
    const over = vi.fn()
    void done.catch(over)
    for (let piece = 0; piece < 5; piece += 1) {
      await seconds(39)
      body?.enqueue(new TextEncoder().encode('# Otters'))
    }
    await seconds(39)
    expect(over).not.toHaveBeenCalled()
    await seconds(1)
    await failed
  })

  it('is asked for again once it is known who asks', async () => {
    const { rest, fetch } = stage(problem(401, 'unauthorized'), file(''))
    await expect(rest.file('x')).resolves.toMatchObject({ name: 'chat' })
    expect(fetch).toHaveBeenCalledTimes(2)
  })
})
