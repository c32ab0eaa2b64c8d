import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import { askIdentity, forgetIdentity } from '../api/identity'
import { Rest } from '../api/rest'
import { clearWords, lostStorage } from '../api/storage'
import type { Session } from '../protocol/frames'
import { entry } from '../protocol/outbox.fixture'
import { Outbox } from './outbox'
import { Owner } from './owner'
import { type ChatState, initialState } from './state'

/** What a browser keeps: its keys are its own. */
class Kept {
  [key: string]: unknown
  getItem(key: string) {
    return this[key] ?? null
  }
  setItem(key: string, text: string) {
    this[key] = text
  }
  removeItem(key: string) {
    delete this[key]
  }
}

function tab() {
  const store = createStore<ChatState>()(() =>
    initialState({ thread: 't', sessionId: null }, 'system'),
  )
  const outbox = new Outbox(store)
  const known = vi.fn((userId: string) => store.setState({ userId }))
  const loading = { again: vi.fn(), fresh: vi.fn(), blank: vi.fn() }
  const client = { rest: new Rest(), calls: { makeLink: vi.fn() } }
  const sending = { known, reread: () => outbox.reread() }
  const owner = new Owner(store, () => client as never, sending, loading)
  const listed = () => store.setState((s) => ({ sessions: { ...s.sessions, loaded: true } }))
  return { store, outbox, owner, known, loading, client, listed }
}

/** What the server answers, call by call; each call as it was made. */
function answering(answers: Record<string, (() => Response)[]>) {
  const calls: string[] = []
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const call = `${init.method} ${new URL(url).pathname}`
    calls.push(call)
    const answer = answers[call]?.shift()
    if (!answer) throw new TypeError('Failed to fetch')
    return answer()
  })
  return calls
}

const ASK = 'POST /api/chat/identity'
const FORGET = 'DELETE /api/chat/identity'
const CLAIM = 'POST /api/chat/identity/links/claim'
const user = (user_id: string) => () => Response.json({ user_id, token: '' })
const refusal = (status: number, code: string) => () =>
  Response.json({ code, message: 'No.', retryable: false }, { status })
const keep = (id: string, userId: string) =>
  localStorage.setItem(
    `steadychat.outbox.${id}`,
    JSON.stringify(entry({ clientMessageId: id, userId, tab: 'tab' })),
  )

beforeEach(() => {
  vi.stubGlobal('localStorage', new Kept())
  vi.stubGlobal('sessionStorage', new Kept())
  vi.stubGlobal('navigator', {})
  vi.stubGlobal('document', {
    baseURI: 'http://here/',
    querySelector: () => ({ getAttribute: () => '/root/' }),
  })
  vi.stubGlobal('location', { origin: 'http://here' })
  return () => vi.unstubAllGlobals()
})

describe('whose page this is', () => {
  it('is learned once, and the same again changes nothing', () => {
    const { owner, known, loading } = tab()
    owner.known('ann')
    owner.known('ann')
    owner.heard('ann')
    expect(known).toHaveBeenCalledTimes(2)
    expect(loading.again).not.toHaveBeenCalled()
  })

  it('changes only with the page', () => {
    const { owner, loading, listed } = tab()
    owner.known('ann')
    listed()
    owner.known('bob')
    expect(loading.again).toHaveBeenCalledTimes(1)
  })

  it('another tab that makes it another’s is followed, and one that deletes everything to an empty page', () => {
    for (const [userId, way] of [['bob', 'again'] as const, [null, 'blank'] as const]) {
      const { owner, loading, listed } = tab()
      owner.known('ann')
      listed()
      owner.heard(userId)
      expect(loading[way]).toHaveBeenCalledTimes(1)
    }
  })

  it('is said to change from then until the page is loaded anew', () => {
    const { owner, listed } = tab()
    owner.known('ann')
    listed()
    expect(owner.leaving).toBe(false)
    owner.heard('bob')
    expect(owner.leaving).toBe(true)
  })

  it('is looked up by a page that slept', () => {
    const { owner, loading } = tab()
    owner.look()
    owner.known('ann')
    owner.look()
    localStorage.setItem('steadychat.user', 'ann')
    owner.look()
    expect(loading.again).not.toHaveBeenCalled()
    localStorage.setItem('steadychat.user', 'bob')
    owner.look()
    expect(loading.again).toHaveBeenCalledTimes(1)
  })

  it('that never holds does not load the page anew for ever', () => {
    const { owner, loading } = tab()
    for (const userId of ['ann', 'bob', 'cy', 'di']) owner.known(userId)
    expect(loading.again).toHaveBeenCalledTimes(1)
  })

  it('of a browser that can remember nothing does not load the page anew', () => {
    vi.stubGlobal('sessionStorage', undefined)
    const { owner, loading } = tab()
    owner.known('ann')
    owner.known('bob')
    expect(loading.again).not.toHaveBeenCalled()
  })
})

describe('what is unsent', () => {
  it('of a browser that the server has forgotten is still its own, in every tab', async () => {
    const { store, outbox, owner } = tab()
    answering({ [ASK]: [user('ann'), user('new')] })
    owner.known(await askIdentity(new Rest()))
    keep('c', 'ann')
    keep('d', 'somebody else')
    await outbox.adopt('tab')
    owner.known(await askIdentity(new Rest()))
    expect(store.getState().userId).toBe('new')
    expect(outbox.mine.map(({ clientMessageId }) => clientMessageId)).toEqual(['c'])
  })

  it('waits while the browser is somebody else’s by a link', async () => {
    const { outbox, owner, client } = tab()
    answering({ [ASK]: [user('ann'), user('bob')], [CLAIM]: [user('bob')] })
    owner.known(await askIdentity(client.rest))
    keep('c', 'ann')
    await outbox.adopt('tab')
    expect(outbox.mine).toHaveLength(1)
    await owner.join('code')
    expect(outbox.mine, 'before the page is loaded anew').toEqual([])
    owner.known(await askIdentity(client.rest))
    expect([outbox.entries.length, outbox.mine.length]).toEqual([1, 0])
  })

  it('of another tab that has not heard of the change yet is not sent', async () => {
    const { outbox, owner } = tab()
    owner.known('ann')
    keep('c', 'ann')
    await outbox.adopt('tab')
    localStorage.setItem('steadychat.user', 'bob')
    expect(outbox.mine).toEqual([])
  })

  it('goes with everything else that is deleted, in a tab that still held it too', async () => {
    const { store, outbox, owner } = tab()
    owner.known('ann')
    keep('c', 'ann')
    await outbox.adopt('tab')
    answering({ [FORGET]: [() => new Response(null, { status: 204 })], [ASK]: [user('new')] })
    await forgetIdentity(new Rest())
    owner.heard(null)
    expect(store.getState().entries).toEqual([])
  })
})

describe('a browser that the server has forgotten', () => {
  const forgotten = async (hadChats: boolean) => {
    const { store, owner } = tab()
    answering({ [ASK]: [user('ann'), user('new')] })
    owner.known(await askIdentity(new Rest()))
    if (hadChats) {
      const items = [{ id: 's' } as Session]
      store.setState((s) => ({ sessions: { ...s.sessions, items } }))
    }
    await askIdentity(new Rest())
  }

  it('is told so once', async () => {
    await forgotten(true)
    expect([lostStorage.take(), lostStorage.take()]).toEqual([true, false])
  })

  it('is not troubled where there was nothing to lose', async () => {
    await forgotten(false)
    expect(lostStorage.take()).toBe(false)
  })
})

describe('a link', () => {
  it('has its code behind the root path, where no server sees it', async () => {
    const { owner, client } = tab()
    client.calls.makeLink.mockResolvedValueOnce({ code: 'a+b', expires_at: '2026-01-01T00:05:00Z' })
    const { url } = await owner.makeLink()
    expect(url).toBe('http://here/root/#join=a%2Bb')
  })

  it.each([
    ['the same clock', '00:00', '00:10'],
    ['a slow answer', '00:01', '00:10'],
    ['a clock that is ahead', '03:00', '03:10'],
    ['a clock that is behind', '00:00', '00:10', '05:10'],
  ])('ends by this browser’s clock: %s', async (_, now, ends, told = '00:10') => {
    const { owner, client } = tab()
    vi.useFakeTimers({ now: Date.parse(`2026-01-01T${now}:00Z`) })
    client.calls.makeLink.mockResolvedValueOnce({ code: 'c', expires_at: `2026-01-01T${told}:00Z` })
    const { expiresAt } = await owner.makeLink()
    expect(new Date(expiresAt).toISOString()).toBe(`2026-01-01T${ends}:00.000Z`)
    vi.useRealTimers()
  })

  it('that is refused changes nothing and says why', async () => {
    const { owner, loading } = tab()
    localStorage.setItem('steadychat.user', 'ann')
    answering({ [CLAIM]: [refusal(404, 'not_found')] })
    await expect(owner.join('used')).rejects.toThrow('No.')
    expect(localStorage.getItem('steadychat.user')).toBe('ann')
    expect(loading.fresh).not.toHaveBeenCalled()
  })

  it('that is taken makes the browser its maker’s', async () => {
    const { loading, owner } = tab()
    const calls = answering({ [CLAIM]: [user('ann')] })
    await owner.join('code')
    expect([calls, localStorage.getItem('steadychat.user')]).toEqual([[CLAIM], 'ann'])
    expect(loading.fresh).toHaveBeenCalledTimes(1)
  })
})

describe('deleting everything', () => {
  const fill = () => {
    for (const key of ['user', 'draft.new', 'draft.s', 'outbox.c', 'past', 'theme']) {
      localStorage.setItem(`steadychat.${key}`, 'x')
    }
    localStorage.setItem('another.page', 'x')
  }

  it('empties the browser, but for its look, and makes it somebody new', async () => {
    fill()
    const calls = answering({
      [FORGET]: [() => new Response(null, { status: 204 })],
      [ASK]: [user('new')],
    })
    const { owner, loading } = tab()
    await owner.forget()
    expect(calls).toEqual([FORGET, ASK])
    expect({ ...localStorage }).toEqual({
      'steadychat.theme': 'x',
      'another.page': 'x',
      'steadychat.user': 'new',
    })
    expect(loading.fresh).toHaveBeenCalledTimes(1)
  })

  it('takes along what another tab wrote down meanwhile, but nothing of whoever is here by now', () => {
    fill()
    localStorage.setItem('steadychat.user', 'new')
    keep('c', 'ann')
    keep('d', 'new')
    clearWords()
    const left = Object.keys({ ...localStorage }).filter((key) => /draft|outbox/.test(key))
    expect(left).toEqual(['steadychat.outbox.d'])
  })

  it('that fails deletes nothing here either', async () => {
    fill()
    const before = { ...localStorage }
    answering({ [FORGET]: [refusal(503, 'storage_unavailable')] })
    const { owner, loading } = tab()
    await expect(owner.forget()).rejects.toThrow('No.')
    expect({ ...localStorage }).toEqual(before)
    expect(loading.fresh).not.toHaveBeenCalled()
  })

  it('of somebody whom the server does not know empties the browser all the same', async () => {
    fill()
    answering({ [FORGET]: [refusal(401, 'unauthorized')] })
    const { owner, loading } = tab()
    await owner.forget()
    expect(localStorage.getItem('steadychat.draft.s')).toBeNull()
    expect(loading.fresh, 'the next page asks who it is').toHaveBeenCalledTimes(1)
  })
})
