import { beforeEach, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import { entry } from '../protocol/outbox.fixture'
import { Outbox, ownEntries } from './outbox'
import { type ChatState, initialState } from './state'

const LIVING = { held: [{ name: 'steadychat.tab.there' }] }

/** What the browser keeps for all tabs: its keys are its own. */
class Kept {
  [key: string]: unknown
  getItem(key: string) {
    return this[key] ?? null
  }
  setItem(key: string, text: string) {
    this[key] = text
  }
}

beforeEach(() => {
  vi.stubGlobal('localStorage', new Kept())
  const request = async (_name: string, run: () => unknown) => run()
  vi.stubGlobal('navigator', { locks: { request, query: async () => LIVING } })
  return () => vi.unstubAllGlobals()
})

it('takes up once what a tab left behind that is gone, and nothing of one that lives', async () => {
  const store = createStore<ChatState>()(() =>
    initialState({ thread: 't', sessionId: null }, 'system'),
  )
  const outbox = new Outbox(store)
  await outbox.adopt('tab')
  for (const tab of ['gone', 'there']) {
    const left = entry({ clientMessageId: tab, tab, state: 'sending' })
    localStorage.setItem(`steadychat.outbox.${tab}`, JSON.stringify(left))
  }
  await outbox.adoptLost()
  await outbox.adoptLost()
  expect(outbox.entries).toMatchObject([
    { clientMessageId: 'gone', tab: 'tab', state: 'unconfirmed' },
  ])
})

it('leaves alone, when it is patient, what a tab may be back for in a moment', async () => {
  const store = createStore<ChatState>()(() =>
    initialState({ thread: 't', sessionId: null }, 'system'),
  )
  const outbox = new Outbox(store)
  await outbox.adopt('tab')
  const left = entry({ clientMessageId: 'gone', tab: 'gone' })
  localStorage.setItem('steadychat.outbox.gone', JSON.stringify(left))
  expect(await outbox.adoptLost(true)).toBe(false)
  expect(await outbox.adoptLost(true)).toBe(true)
  expect(outbox.entries).toMatchObject([{ clientMessageId: 'gone', tab: 'tab' }])
})

it('lets another tab go first with what it wrote earlier in the same chat, but not for ever', async () => {
  const store = createStore<ChatState>()(() =>
    initialState({ thread: 't', sessionId: null }, 'system'),
  )
  const outbox = new Outbox(store)
  await outbox.adopt('tab')
  const left = entry({ clientMessageId: 'theirs', tab: 'there', sessionId: 's', createdAt: 1 })
  localStorage.setItem('steadychat.outbox.theirs', JSON.stringify(left))
  const mine = entry({ clientMessageId: 'mine', tab: 'tab', sessionId: 's', createdAt: 2 })
  expect(outbox.yields(mine, 0)).toBe(true)
  expect(outbox.yields(mine, 5_000)).toBe(true)
  expect(outbox.yields(mine, 5_001)).toBe(false)
  expect(outbox.yields({ ...mine, createdAt: 0 }, 0)).toBe(false)
  expect(outbox.yields({ ...mine, sessionId: 'other' }, 0)).toBe(false)
  localStorage.setItem('steadychat.outbox.theirs', JSON.stringify({ ...left, state: 'sent' }))
  expect(outbox.yields(mine, 0)).toBe(false)
})

it('shows what is this person’s, or was nobody’s yet, and nothing of the one before them', () => {
  const of = (userId: string) => entry({ clientMessageId: `by ${userId}`, userId })
  const entries = [of('ann'), of('bob'), of('')]
  const shown = (userId: string | null) =>
    ownEntries(entries, userId).map((each) => each.clientMessageId)
  expect(shown('bob')).toEqual(['by bob', 'by '])
  expect(shown(null)).toEqual(['by '])
  localStorage.setItem('steadychat.user', 'ann')
  expect(shown(null)).toEqual(['by ann', 'by '])
})
