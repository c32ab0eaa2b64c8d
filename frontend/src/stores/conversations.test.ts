import { beforeEach, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { ChatClient } from '../api/client'
import { Refusal } from '../api/problems'
import { ack, page, subscribed } from '../protocol/conversation/frames.fixture'
import type { Page, ServerFrame } from '../protocol/frames'
import { Conversations } from './conversations'
import { recoveries } from './recoveries'
import { type ChatState, initialState } from './state'

/** The sessions of a page and a server whose REST door is a plain function. */
function stage() {
  const store = createStore<ChatState>()(() =>
    initialState({ thread: 's', sessionId: 's' }, 'system'),
  )
  const messages = vi.fn<(id: string) => Promise<Page>>(async () => page([], { seq: 0 }))
  const client = { subscribe: vi.fn(), unsubscribe: vi.fn(), calls: { messages } }
  const conversations = new Conversations(store, () => client as unknown as ChatClient, vi.fn())
  conversations.carried('socket')
  return { store, client, messages, conversations }
}

const turn = () => vi.advanceTimersByTimeAsync(0)
const refused = (part: object): ServerFrame => ({
  ...{ type: 'error', code: 'internal', message: 'No.', retryable: true },
  ...{ request: 'subscribe', session_id: 's', ...part },
})

beforeEach(() => {
  vi.useFakeTimers()
  return () => vi.useRealTimers()
})

it('reads the newest page and follows from its position', async () => {
  const { conversations, client } = stage()
  conversations.show('s')
  await turn()
  expect(client.subscribe).toHaveBeenCalledWith('s', 's#1', { epoch: 'e1', after: 0 })
})

it('repeats the newest page until it succeeds', async () => {
  const { conversations, messages, store, client } = stage()
  const broken = new Refusal(500, { code: 'internal', message: 'No.', retryable: true })
  messages.mockRejectedValueOnce(broken).mockRejectedValueOnce(broken)
  conversations.show('s')
  await turn()
  expect(store.getState().unreadable).toHaveProperty('s')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(messages).toHaveBeenCalledTimes(3)
  expect(store.getState().unreadable).toEqual({})
  expect(client.subscribe).toHaveBeenCalledTimes(1)
})

it('a put-off ask that a new connection overtook is not sent', async () => {
  const { conversations, client } = stage()
  conversations.show('s')
  await turn()
  conversations.hear(refused({ id: 's#1', retry_after_ms: 3000 }))
  conversations.carried('none')
  conversations.carried('socket')
  conversations.hear(refused({ id: 's#3', retry_after_ms: 5000 }))
  await vi.advanceTimersByTimeAsync(10_000)
  expect(client.subscribe.mock.calls.map(([, id]) => id)).toEqual(['s#1', 's#3', 's#4'])
})

it.each([
  ['not_found', false, true],
  ['internal', true, undefined],
  ['invalid', false, undefined],
] as const)('calls a session missing only when it is: %s', async (code, retryable, missing) => {
  const { conversations, store } = stage()
  conversations.show('s')
  await turn()
  conversations.hear(refused({ id: 's#1', code, retryable }))
  expect(store.getState().missing['s']).toBe(missing)
})

it('ignores frames that it does not know, and of sessions that it does not hold', () => {
  const { conversations } = stage()
  conversations.hear({ type: 'of tomorrow' } as unknown as ServerFrame)
  conversations.hear(subscribed(1, { session_id: 'another' }))
  expect(conversations.get('another')).toBeUndefined()
})

it('holds three sessions and no longer follows the one that was looked at longest ago', async () => {
  const { conversations, client, store } = stage()
  const forget = vi.spyOn(recoveries, 'forget')
  for (const sessionId of ['s', 'b', 'c', 'd']) {
    store.setState({ view: { thread: sessionId, sessionId } })
    conversations.show(sessionId)
    await turn()
  }
  expect(client.unsubscribe.mock.calls).toEqual([['s']])
  expect(forget.mock.calls).toEqual([['s']])
})

it('ignores what was asked for before a session was let go of and opened again', async () => {
  const { conversations, messages, store, client } = stage()
  const pages: ((error: Refusal) => void)[] = []
  messages.mockImplementation(() => new Promise((_, fail) => pages.push(fail)))
  conversations.show('s')
  conversations.forget('s')
  conversations.show('s')
  pages[0]?.(new Refusal(404, { code: 'not_found', message: 'Gone.', retryable: false }))
  await turn()
  expect(store.getState().missing).toEqual({})
  messages.mockImplementation(async () => page([], { seq: 0 }))
  conversations.forget('s')
  conversations.show('s')
  await turn()
  conversations.hear(subscribed(5, { id: 's#1' }))
  const ids = client.subscribe.mock.calls.map(([, id]) => id)
  expect(ids).not.toContain('s#1')
  expect(conversations.get('s')?.following).toBe('asked')
})

it('looks again for a session that was missing when it is opened again', async () => {
  const { conversations, messages, store } = stage()
  const gone = new Refusal(404, { code: 'not_found', message: 'Gone.', retryable: false })
  messages.mockRejectedValueOnce(gone)
  conversations.show('s')
  await turn()
  expect(store.getState().missing).toHaveProperty('s')
  conversations.show('s')
  await turn()
  expect(store.getState().missing).toEqual({})
  expect(conversations.get('s')?.loaded).toBe(true)
})

it('does not let go of a session whose answer runs', async () => {
  const { conversations, client, store } = stage()
  conversations.show('s')
  await turn()
  conversations.hear(subscribed(0, { id: 's#1' }))
  conversations.accepted(ack(), { content: 'why?' }, true)
  for (const sessionId of ['b', 'c', 'd']) {
    store.setState({ view: { thread: sessionId, sessionId } })
    conversations.show(sessionId)
    await turn()
  }
  expect(client.unsubscribe.mock.calls).toEqual([['b']])
})
