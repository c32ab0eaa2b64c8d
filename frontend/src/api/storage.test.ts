import { expect, it, vi } from 'vitest'
import { entry } from '../protocol/outbox.fixture'
import { draftStorage, feedbackStorage, NEW_CHAT, outboxStorage } from './storage'

it('what an earlier version of the page kept knows no retries and no chain', () => {
  const { retryOf: _, chain: __, ...earlier } = entry()
  const kept = JSON.stringify(earlier)
  vi.stubGlobal('localStorage', { 'steadychat.outbox.c1': kept, getItem: () => kept })
  expect(outboxStorage.load()).toEqual([entry()])
  vi.unstubAllGlobals()
})

function kept() {
  const held = new Map<string, string>()
  return {
    getItem: (key: string) => held.get(key) ?? null,
    setItem: (key: string, text: string) => held.set(key, text),
    removeItem: (key: string) => held.delete(key),
  }
}

it('what is written in a new chat goes with it to its session', () => {
  vi.stubGlobal('localStorage', kept())
  vi.stubGlobal('sessionStorage', kept())
  draftStorage.set(NEW_CHAT, 'and what about')
  draftStorage.place('s')
  expect([draftStorage.get(NEW_CHAT), draftStorage.get('s')]).toEqual(['', 'and what about'])
  vi.unstubAllGlobals()
})

it('of new chats each tab has a draft of its own, and of a session all have the same', () => {
  const [one, two] = [kept(), kept()]
  vi.stubGlobal('localStorage', kept())
  vi.stubGlobal('sessionStorage', one)
  draftStorage.set(NEW_CHAT, 'of the first tab')
  draftStorage.set('s', 'of the session')
  vi.stubGlobal('sessionStorage', two)
  expect([draftStorage.get(NEW_CHAT), draftStorage.get('s')]).toEqual(['', 'of the session'])
  draftStorage.set(NEW_CHAT, '')
  vi.stubGlobal('sessionStorage', one)
  expect(draftStorage.get(NEW_CHAT)).toBe('of the first tab')
  vi.unstubAllGlobals()
})

it('verdicts are kept for the newest 500 answers, and foreign words are not taken for some', () => {
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => kept.set(key, text),
  })
  for (let n = 0; n < 502; n += 1) feedbackStorage.set(`m${n}`, n % 2 ? 'up' : 'down')
  feedbackStorage.set('m2', 'up')
  feedbackStorage.set('m3', null)
  const loaded = feedbackStorage.load()
  expect([...loaded.keys()].slice(0, 2)).toEqual(['m4', 'm5'])
  expect([...loaded].at(-1)).toEqual(['m2', 'up'])
  expect(loaded.size).toBe(499)
  for (const foreign of ['{"a":1}', '[["m","sideways"],[1,"up"],7]', 'no json']) {
    kept.set('steadychat.feedback', foreign)
    expect(feedbackStorage.load().size).toBe(0)
  }
  vi.unstubAllGlobals()
})
