import { beforeEach, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { ChatClient } from '../api/client'
import { Refusal, Unreached } from '../api/problems'
import { ack, message } from '../protocol/conversation/frames.fixture'
import type { Message } from '../protocol/frames'
import type { Entry } from '../protocol/outbox'
import { attempt, entry } from '../protocol/outbox.fixture'
import type { Conversations } from './conversations'
import { PendingWatch } from './pending'
import type { Sending } from './sending'
import { type ChatState, initialState } from './state'

/** One message that was accepted, and a server that is asked about its answer. */
function stage(part: Partial<Entry> = {}) {
  const sent = entry({ clientMessageId: 'c', sessionId: 's', state: 'sent', ack: ack(), ...part })
  const store = createStore<ChatState>()(() => ({
    ...initialState({ thread: 't', sessionId: 's' }, 'system'),
    entries: [sent],
  }))
  const asked = vi.fn<(sessionId: string, id: string) => Promise<Message>>()
  const client = { online: true, calls: { message: asked } }
  const get = vi.fn<() => unknown>()
  const conversations = { get, dispatch: vi.fn() }
  const sending = { discard: vi.fn(() => store.setState({ entries: [] })), refuse: vi.fn() }
  const watch = new PendingWatch(
    store,
    () => client as unknown as ChatClient,
    conversations as unknown as Conversations,
    sending as unknown as Sending,
  )
  watch.begin()
  return { asked, client, conversations, sending, watch }
}

const answer = (status: Message['status']) => async () => message({ id: 'a', index: 2, status })
const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)

beforeEach(() => {
  vi.useFakeTimers()
  return () => vi.useRealTimers()
})

it('asks about that answer by its id and lets go when it has ended', async () => {
  const { asked, sending, conversations } = stage()
  asked.mockImplementation(answer('complete'))
  await seconds(1)
  expect(asked).toHaveBeenCalledWith('s', 'a')
  expect(conversations.dispatch).toHaveBeenCalledWith(
    's',
    expect.objectContaining({ type: 'message-read' }),
  )
  expect(sending.discard).toHaveBeenCalledWith('c')
})

it('keeps it while the answer runs and asks again after 20 s of silence', async () => {
  const { asked, sending } = stage()
  asked.mockImplementation(answer('streaming'))
  await seconds(1)
  await seconds(19)
  expect(asked).toHaveBeenCalledTimes(1)
  await seconds(2)
  expect(asked).toHaveBeenCalledTimes(2)
  expect(sending.discard).not.toHaveBeenCalled()
})

it('keeps it when the request fails and asks again after 2, 5, 10, 30 s', async () => {
  const { asked, sending } = stage()
  const times: number[] = []
  asked.mockImplementation(async () => {
    times.push(Math.round(Date.now() / 1000))
    throw new Unreached()
  })
  await seconds(80)
  expect(times.slice(1).map((at, i) => at - (times[i] ?? 0))).toEqual([2, 5, 10, 30, 30])
  expect(sending.discard).not.toHaveBeenCalled()
  expect(sending.refuse).not.toHaveBeenCalled()
})

it('gives the text back when the server does not know that answer', async () => {
  const { asked, sending, conversations } = stage()
  asked.mockRejectedValue(
    new Refusal(404, { code: 'not_found', message: 'Gone.', retryable: false }),
  )
  await seconds(1)
  const ids = ['a', 'u']
  expect(conversations.dispatch).toHaveBeenCalledWith('s', { type: 'messages-missing', ids })
  expect(sending.refuse).toHaveBeenCalledWith('c', expect.any(Refusal))
})

it('asks at once when the page is looked at again, and not while offline', async () => {
  const { asked, client, watch } = stage()
  asked.mockImplementation(answer('streaming'))
  client.online = false
  await seconds(60)
  expect(asked).not.toHaveBeenCalled()
  client.online = true
  await seconds(1)
  watch.attention()
  expect(asked).toHaveBeenCalledTimes(2)
})

it('of a retry that is lost only the new attempt goes, and the question stays', async () => {
  const { asked, conversations } = stage(attempt({ state: 'sent', ack: ack() }))
  asked.mockRejectedValue(
    new Refusal(404, { code: 'not_found', message: 'Gone.', retryable: false }),
  )
  await seconds(1)
  expect(conversations.dispatch).toHaveBeenCalledWith('s', { type: 'messages-missing', ids: ['a'] })
})

it('ignores an answer that was requested before the epoch changed, and asks again', async () => {
  const { asked, sending, conversations } = stage()
  asked.mockImplementationOnce(async () => {
    conversations.get.mockReturnValue({ era: 1, rows: new Map() })
    return message({ id: 'a', index: 2, status: 'complete' })
  })
  asked.mockImplementation(answer('streaming'))
  await seconds(1)
  expect(conversations.dispatch).not.toHaveBeenCalled()
  expect(sending.discard).not.toHaveBeenCalled()
  await seconds(1)
  expect(asked).toHaveBeenCalledTimes(2)
})

it('ignores a 404 that was asked for before the epoch changed', async () => {
  const { asked, sending, conversations } = stage()
  asked.mockImplementationOnce(async () => {
    conversations.get.mockReturnValue({ era: 1, rows: new Map() })
    throw new Refusal(404, { code: 'not_found', message: 'Gone.', retryable: false })
  })
  asked.mockImplementation(answer('streaming'))
  await seconds(4)
  expect(sending.refuse).not.toHaveBeenCalled()
  expect(asked).toHaveBeenCalledTimes(2)
})

it('asks at once about an answer whose row went with the old epoch', async () => {
  const { asked, conversations } = stage()
  const row = { message: message({ id: 'a', index: 2, status: 'streaming' }), have: 3 }
  conversations.get.mockReturnValue({ era: 0, rows: new Map([['a', row]]) })
  asked.mockImplementation(answer('streaming'))
  await seconds(5)
  expect(asked).not.toHaveBeenCalled()
  conversations.get.mockReturnValue({ era: 1, rows: new Map() })
  await seconds(1)
  expect(asked).toHaveBeenCalledTimes(1)
})
