import { beforeEach, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { ChatClient } from '../api/client'
import { Refusal } from '../api/problems'
import type { Session, SessionPage } from '../protocol/frames'
import { Sessions } from './sessions'
import { type ChatState, initialState } from './state'

const session = (id: string, revision = 1, part: Partial<Session> = {}): Session => ({
  ...{ id, title: id, chain: 'rag', revision, created_at: '2026-01-01T00:00:00Z' },
  ...{ updated_at: '2026-01-01T00:00:00Z', message_count: 2, last_message_preview: '' },
  ...part,
})

function stage() {
  const store = createStore<ChatState>()(() =>
    initialState({ thread: 't', sessionId: null }, 'system'),
  )
  const pages = vi.fn<(before: string | null) => Promise<SessionPage>>()
  const remove = vi.fn(async () => {})
  const read = vi.fn<(id: string) => Promise<Session>>()
  const rename = vi.fn<(id: string, title: string) => Promise<Session>>()
  const client = { calls: { sessions: pages, remove, session: read, rename } }
  const gone = vi.fn()
  const sessions = new Sessions(store, () => client as unknown as ChatClient, gone)
  return {
    store,
    sessions,
    gone,
    pages,
    read,
    remove,
    rename,
    items: () => store.getState().sessions.items,
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  return () => vi.useRealTimers()
})

it('of two representations of a session the higher revision stands, in whichever order they come', () => {
  const { sessions, items } = stage()
  sessions.merge([session('a', 2, { title: 'new' })])
  sessions.merge([session('a', 1, { title: 'old' })])
  expect(items()).toMatchObject([{ title: 'new', revision: 2 }])
})

it('a new name is shown at once and stands when the server has it', async () => {
  const { sessions, rename, items } = stage()
  sessions.merge([session('a')])
  let answer: (found: Session) => void = () => {}
  rename.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)))
  const renamed = sessions.rename('a', 'new')
  expect(items()).toMatchObject([{ title: 'new', revision: 1 }])
  answer(session('a', 2, { title: 'new' }))
  await renamed
  expect(items()).toMatchObject([{ title: 'new', revision: 2 }])
})

it('a name that the server refuses is told, and the old one stands again', async () => {
  const { sessions, rename, read, items, store } = stage()
  sessions.merge([session('a')])
  rename.mockRejectedValueOnce(
    new Refusal(422, { code: 'invalid', message: 'No.', retryable: false }),
  )
  read.mockResolvedValueOnce(session('a'))
  await sessions.rename('a', 'new')
  expect(items()).toMatchObject([{ title: 'a' }])
  expect(store.getState().notice).toContain('“new”')
})

it('pages by the cursor and merges by id', async () => {
  const { sessions, pages, items } = stage()
  pages.mockResolvedValueOnce({
    sessions: [session('a'), session('b')],
    has_more: true,
    next_cursor: 'n',
  })
  pages.mockResolvedValueOnce({
    sessions: [session('b'), session('c')],
    has_more: false,
    next_cursor: null,
  })
  await sessions.more()
  await sessions.more()
  await sessions.more()
  expect(pages.mock.calls.map(([before]) => before)).toEqual([null, 'n'])
  expect(items().map(({ id }) => id)).toEqual(['a', 'b', 'c'])
})

it('a deletion that went out twice is no error', async () => {
  const { store, sessions, remove } = stage()
  const gone = new Refusal(404, { code: 'not_found', message: 'Gone.', retryable: false })
  remove.mockRejectedValueOnce(gone)
  sessions.merge([session('a')])
  sessions.remove(session('a'))
  await vi.advanceTimersByTimeAsync(6_000)
  expect(remove).toHaveBeenCalledTimes(1)
  expect(store.getState().notice).toBeNull()
})

it('after a lost connection learns which chats came, changed and went meanwhile', async () => {
  const { sessions, pages, items } = stage()
  const at = (day: number) => ({ updated_at: `2026-01-0${day}T00:00:00Z` })
  const listed = [session('d', 1, at(4)), session('b', 1, at(2)), session('a', 1, at(1))]
  pages.mockResolvedValueOnce({ sessions: listed, has_more: false, next_cursor: null })
  await sessions.more()
  pages.mockImplementationOnce(async () => {
    sessions.merge([session('of now', 1, at(7))])
    const newest = [session('c', 1, at(5)), session('b', 2, { ...at(2), title: 'renamed' })]
    return { sessions: newest, has_more: true, next_cursor: 'n' }
  })
  await sessions.catchUp()
  expect(items().map(({ id, title }) => [id, title])).toEqual([
    ['of now', 'of now'],
    ['c', 'c'],
    ['b', 'renamed'],
    ['a', 'a'],
  ])
})

it('what belongs to a chat that was deleted meanwhile goes with it, as with one that is told of', async () => {
  const { sessions, pages, gone } = stage()
  const listed = [session('a'), session('b')]
  pages.mockResolvedValueOnce({ sessions: listed, has_more: false, next_cursor: null })
  await sessions.more()
  pages.mockResolvedValueOnce({ sessions: [session('b')], has_more: false, next_cursor: null })
  await sessions.catchUp()
  expect(gone.mock.calls).toEqual([['a']])
  sessions.drop('b')
  expect(gone.mock.calls).toEqual([['a'], ['b']])
})

it('keeps the chats that it knows when it cannot learn of others', async () => {
  const { sessions, pages, items } = stage()
  pages.mockResolvedValueOnce({ sessions: [session('a')], has_more: false, next_cursor: null })
  await sessions.more()
  pages.mockRejectedValueOnce(new Refusal(500, { code: 'internal', message: '', retryable: true }))
  await sessions.catchUp()
  expect(items()).toHaveLength(1)
})

it('the chat above and below is told as the list shows it, without the one that is being deleted', () => {
  const { store, sessions } = stage()
  const at = (day: number) => ({ updated_at: `2026-01-0${day}T00:00:00Z` })
  sessions.merge([session('a', 1, at(3)), session('b', 1, at(2)), session('c', 1, at(1))])
  store.setState({ deleting: { sessionId: 'b', open: false, title: 'b' } })
  expect([sessions.beside('a', 1), sessions.beside('c', -1)]).toEqual(['c', 'a'])
  expect([sessions.beside('a', -1), sessions.beside('c', 1)]).toEqual([null, null])
  expect([sessions.beside(null, 1), sessions.beside(null, -1)]).toEqual(['a', null])
})

it('a chat on screen that is older than the list is read once, by itself', async () => {
  const { sessions, pages, read, items } = stage()
  read.mockResolvedValue(session('old'))
  pages.mockResolvedValue({ sessions: [session('a')], has_more: true, next_cursor: 'c' })
  await sessions.know('old')
  expect(read).not.toHaveBeenCalled()
  await sessions.more()
  for (const id of ['old', 'old', 'a']) await sessions.know(id)
  expect(read.mock.calls).toEqual([['old']])
  expect(items().map(({ id }) => id)).toContain('old')
})
