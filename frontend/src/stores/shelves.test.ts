import { beforeEach, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { ChatClient } from '../api/client'
import { message, page, question } from '../protocol/conversation/frames.fixture'
import type { Message, Page } from '../protocol/frames'
import { Conversations } from './conversations'
import { Shelves } from './shelves'
import { type ChatState, initialState } from './state'

const ALL: readonly Message[] = Array.from({ length: 600 }, (_, i) =>
  i % 2
    ? message({ id: `m${i}`, index: i + 1, status: 'complete', content: `text ${i}` })
    : question(`m${i}`, i + 1, `text ${i}`),
)

/** A session whose every message is held at first, and a server that has them in pages of 50. */
async function stage() {
  const store = createStore<ChatState>()(() =>
    initialState({ thread: 's', sessionId: 's' }, 'system'),
  )
  const messages = vi.fn(async (_id: string, before: string | null): Promise<Page> => {
    if (before === null) return page([...ALL], { seq: 0 })
    const end = ALL.findIndex((row) => row.id === before)
    return page(ALL.slice(Math.max(0, end - 50), end), { seq: null })
  })
  const client = { subscribe: vi.fn(), unsubscribe: vi.fn(), calls: { messages } }
  const theClient = () => client as unknown as ChatClient
  const conversations = new Conversations(store, theClient, (ids) => shelves.tidy(ids))
  const shelves = new Shelves(theClient, conversations)
  conversations.carried('socket')
  conversations.show('s')
  await vi.advanceTimersByTimeAsync(0)
  const held = () => [...(conversations.get('s')?.rows.values() ?? [])].filter((r) => !r.shelved)
  return { conversations, shelves, messages, held }
}

const view = (first: number, last: number) => ({
  first: `m${first}`,
  last: `m${last}`,
  kept: new Set<string>(),
})

beforeEach(() => {
  vi.useFakeTimers()
  return () => vi.useRealTimers()
})

it('holds at most 400 messages of a session, the newest where nothing is known of the view', async () => {
  const { held } = await stage()
  expect(held()).toHaveLength(360)
  expect(held().some((row) => row.message.id === 'm0')).toBe(false)
})

it('brings back what comes near the view, page by page, and lets go of what is far then', async () => {
  const { shelves, messages, held } = await stage()
  shelves.viewed('s', view(100, 110))
  await vi.advanceTimersByTimeAsync(0)
  const ids = new Set(held().map((row) => row.message.id))
  for (let i = 60; i <= 150; i += 1) expect(ids.has(`m${i}`), `m${i}`).toBe(true)
  expect(ids.size).toBeLessThanOrEqual(400)
  expect(messages.mock.calls.slice(1).map(([, before]) => before)).toEqual(['m151', 'm101'])
})

it('tries again when a page could not be read', async () => {
  const { shelves, messages, conversations } = await stage()
  messages.mockRejectedValueOnce(new Error('No.'))
  shelves.viewed('s', view(10, 20))
  await vi.advanceTimersByTimeAsync(9_000)
  expect(conversations.get('s')?.rows.get('m10')?.shelved).toBe(true)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(conversations.get('s')?.rows.get('m10')?.message.content).toBe('text 10')
})

it('of a session that was left is asked for again when it is looked at, and not before', async () => {
  const { shelves, messages, conversations } = await stage()
  messages.mockImplementationOnce(() => new Promise(() => {}))
  shelves.viewed('s', view(10, 20))
  shelves.viewed('other', view(0, 0))
  await vi.advanceTimersByTimeAsync(20_000)
  expect(messages).toHaveBeenCalledTimes(2)
  shelves.viewed('s', view(10, 20))
  await vi.advanceTimersByTimeAsync(0)
  expect(conversations.get('s')?.rows.get('m10')?.message.content).toBe('text 10')
})

it('a page that comes after its session was left changes nothing', async () => {
  const { shelves, messages, conversations } = await stage()
  let arrive: (found: Page) => void = () => {}
  messages.mockImplementationOnce(() => new Promise((resolve) => (arrive = resolve)))
  shelves.viewed('s', view(10, 20))
  shelves.viewed('other', view(0, 0))
  arrive(page(ALL.slice(0, 50), { seq: null }))
  await vi.advanceTimersByTimeAsync(0)
  expect(conversations.get('s')?.rows.get('m10')?.shelved).toBe(true)
})
