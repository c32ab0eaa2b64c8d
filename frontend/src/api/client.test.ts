import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ack } from '../protocol/conversation/frames.fixture'
import { attempt, entry } from '../protocol/outbox.fixture'
import { ChatClient } from './client'
import { Refusal, Unreached } from './problems'
import { FakeSocket } from './socket.fixture'
import type { Surroundings } from './surroundings'

type Path = string

function stage() {
  const calls: Path[] = []
  const bodies: unknown[] = []
  const rest = vi.fn<(path: Path) => Promise<Response>>(async (path) => {
    if (path.endsWith('/identity')) return Response.json({ user_id: 'u', token: 't' })
    return Response.json({ chains: [] })
  })
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    const path = new URL(url).pathname
    calls.push(`${init.method} ${path}`)
    if (typeof init.body === 'string') bodies.push(JSON.parse(init.body))
    return rest(path)
  })
  const heard = {
    ...{ frame: vi.fn(), badge: vi.fn(), carrier: vi.fn() },
    ...{ stream: vi.fn(), attention: vi.fn(), identity: vi.fn() },
  }
  const listen = vi.fn<Surroundings['listen']>()
  const surroundings = { online: () => true, visible: () => true, listen }
  const client = new ChatClient(surroundings, heard)
  const newest = () => FakeSocket.made.at(-1) as FakeSocket
  const news: Parameters<typeof listen>[0] = (what) => listen.mock.calls[0]?.[0](what)
  return { client, heard, calls, bodies, rest, newest, news }
}

async function connected() {
  const found = stage()
  await found.client.start()
  found.newest().open()
  return found
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made = []
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('document', { baseURI: 'http://here/' })
  vi.spyOn(Math, 'random').mockReturnValue(1)
  return () => {
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
    vi.useRealTimers()
  }
})

describe('what is asked for by the socket', () => {
  it('a message is a send, and a new attempt a retry, each under its id', async () => {
    const { client, newest } = await connected()
    void client.submitBySocket(entry({ sessionId: 's' })).catch(() => {})
    void client.submitBySocket(attempt()).catch(() => {})
    expect(newest().sent.slice(1)).toEqual([
      { type: 'send', id: 'c1', client_message_id: 'c1', content: 'ok', session_id: 's' },
      { type: 'retry', id: 'r', client_message_id: 'r', message_id: 'a' },
    ])
  })

  it('a new chat goes to the chain that was chosen, by either door', async () => {
    const { client, newest, bodies } = await connected()
    const chosen = entry({ chain: 'slow' })
    void client.submitBySocket(chosen).catch(() => {})
    expect(newest().sent.at(-1)).toMatchObject({ type: 'send', content: 'ok', chain: 'slow' })
    await client.calls.submit(chosen)
    expect(bodies.at(-1)).toEqual({ content: 'ok', client_message_id: 'c1', chain: 'slow' })
  })

  it('is answered by the frame with its id', async () => {
    const { client, newest } = await connected()
    const granted = client.submitBySocket(attempt())
    newest().say({ ...ack({ client_message_id: 'r' }), id: 'r' })
    await expect(granted).resolves.toMatchObject({ pending_message_id: 'a' })
    const refused = client.submitBySocket(attempt())
    const error = { type: 'error', code: 'not_latest', message: 'No.', retryable: false } as const
    newest().say({ ...error, id: 'r' })
    await expect(refused).rejects.toBeInstanceOf(Refusal)
  })

  it('counts as unanswered after 5 s, when the socket closes, and when nothing can be written', async () => {
    const { client, newest } = await connected()
    const late = expect(client.submitBySocket(entry())).rejects.toBeInstanceOf(Unreached)
    await seconds(5)
    await late
    const cut = expect(client.submitBySocket(entry())).rejects.toBeInstanceOf(Unreached)
    newest().onclose?.({ code: 1006, reason: '' })
    await cut
    await expect(client.submitBySocket(entry())).rejects.toBeInstanceOf(Unreached)
  })

  it('whoever asks twice under one id hears the same, also when nothing comes', async () => {
    const { client, newest, calls } = await connected()
    const both = Promise.all([client.stop('s', 'a'), client.stop('s', 'a')])
    newest().say({ type: 'stopped', id: 'stop:a', message_id: 'a', status: 'cancelled' })
    await both
    expect(calls.filter((call) => call.endsWith('/stop'))).toEqual([])
    const silent = [client.submitBySocket(attempt()), client.submitBySocket(attempt())]
    const unanswered = silent.map((each) => expect(each).rejects.toBeInstanceOf(Unreached))
    await seconds(5)
    await Promise.all(unanswered)
  })

  it('a stop without an answer goes by REST', async () => {
    const { client, newest, calls } = await connected()
    const stopped = client.stop('s', 'a')
    expect(newest().sent.at(-1)).toEqual({ type: 'stop', id: 'stop:a', message_id: 'a' })
    await seconds(5)
    await stopped
    expect(calls.at(-1)).toBe('POST /api/chat/sessions/s/messages/a/stop')
  })
})

describe('what is asked for by REST', () => {
  it('a message and a new attempt have their own paths', async () => {
    const { client, calls, rest } = await connected()
    rest.mockImplementation(async () => Response.json(ack(), { status: 202 }))
    await client.calls.submit(entry())
    await client.calls.submit(attempt())
    expect(calls.slice(-2)).toEqual([
      'POST /api/chat/messages',
      'POST /api/chat/sessions/s/messages/a/retry',
    ])
  })
})

describe('identity', () => {
  const unknown = { code: 4501, reason: '' }
  const asked = (calls: Path[]) => calls.filter((call) => call.endsWith('/identity')).length

  it('is asked for once when the socket knows nobody, and again only after it was known', async () => {
    const { calls, newest } = await connected()
    newest().onclose?.(unknown)
    await seconds(0)
    expect([asked(calls), FakeSocket.made.length]).toEqual([2, 2])
    newest().onclose?.(unknown)
    await seconds(60)
    expect([asked(calls), FakeSocket.made.length]).toEqual([2, 2])
  })

  it('that could not be asked for is asked for again when the page is looked at', async () => {
    const { calls, newest, rest, news } = await connected()
    rest.mockRejectedValueOnce(new TypeError('Failed to fetch'))
    newest().onclose?.(unknown)
    await seconds(60)
    expect([asked(calls), FakeSocket.made.length]).toEqual([2, 1])
    news('woke')
    await seconds(0)
    expect([asked(calls), FakeSocket.made.length]).toEqual([3, 2])
  })

  it('that REST renews is known to the socket too', async () => {
    const { client, newest, rest } = await connected()
    rest.mockRejectedValueOnce(new TypeError('Failed to fetch'))
    newest().onclose?.(unknown)
    await seconds(0)
    rest.mockResolvedValueOnce(
      Response.json({ code: 'unauthorized', message: '' }, { status: 401 }),
    )
    await client.calls.chains()
    expect(FakeSocket.made).toHaveLength(2)
  })

  it('that runs out in a page that stays open is renewed each time', async () => {
    const { calls, newest } = await connected()
    for (const times of [2, 3]) {
      newest().onclose?.(unknown)
      await seconds(0)
      newest().open()
      expect(asked(calls)).toBe(times)
    }
  })
})

describe('a browser that the server has forgotten', () => {
  it('does nothing in another name that was asked for in the former one', async () => {
    const { client, heard, calls, rest } = await connected()
    rest.mockImplementation(async (path) => {
      if (path.endsWith('/identity')) return Response.json({ user_id: 'another', token: '' })
      return Response.json({ code: 'unauthorized', message: '' }, { status: 401 })
    })
    calls.length = 0
    await expect(client.calls.submit(entry())).rejects.toMatchObject({ status: 401 })
    expect(calls).toEqual(['POST /api/chat/messages', 'POST /api/chat/identity'])
    expect(heard.identity).toHaveBeenLastCalledWith('another')
  })
})

describe('the choice of the transport', () => {
  it('HTTP stands in after two sockets that never opened, and the next one that opens takes over', async () => {
    const { client, heard, newest } = stage()
    await client.start()
    for (let i = 0; i < 2; i += 1) {
      newest().onclose?.({ code: 1006, reason: '' })
      await seconds(i === 0 ? 1 : 0)
    }
    expect(heard.carrier.mock.calls).toEqual([['http']])
    await seconds(2)
    newest().open()
    expect(heard.carrier.mock.calls).toEqual([['http'], ['socket']])
  })

  it('a session that is let go does not end the stream of another', async () => {
    const { client, newest, rest } = stage()
    await client.start()
    for (let i = 0; i < 2; i += 1) {
      newest().onclose?.({ code: 1006, reason: '' })
      await seconds(i === 0 ? 1 : 0)
    }
    const left: boolean[] = []
    rest.mockImplementation(() => new Promise(() => {}))
    vi.stubGlobal('fetch', (_url: string, init: RequestInit) => {
      init.signal?.addEventListener('abort', () => left.push(true))
      return new Promise(() => {})
    })
    client.subscribe('s', 's#1', null)
    client.unsubscribe('another')
    expect(left).toEqual([])
    client.unsubscribe('s')
    expect(left).toEqual([true])
  })

  it('comes back for what is sent after it gave way to other tabs (4504), and not by itself', async () => {
    const { client, newest } = await connected()
    newest().onclose?.({ code: 4504, reason: '' })
    await seconds(120)
    expect(FakeSocket.made).toHaveLength(1)
    client.wanted()
    expect(FakeSocket.made).toHaveLength(2)
  })

  it('tells of a good moment when it is connected, so that what waits goes at once', async () => {
    const { heard } = await connected()
    expect(heard.attention).toHaveBeenCalledTimes(1)
  })
})
