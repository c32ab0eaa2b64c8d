import { expect, it, vi } from 'vitest'
import { entry } from '../protocol/outbox.fixture'
import { draftStorage, outboxStorage } from './storage'

it('what an earlier version of the page kept knows no retries and no chain', () => {
  const { retryOf: _, chain: __, ...earlier } = entry()
  const kept = JSON.stringify(earlier)
  vi.stubGlobal('localStorage', { 'steadychat.outbox.c1': kept, getItem: () => kept })
  expect(outboxStorage.load()).toEqual([entry()])
  vi.unstubAllGlobals()
})

it('what is written in a new chat goes with it to its session', () => {
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => kept.set(key, text),
    removeItem: (key: string) => kept.delete(key),
  })
  draftStorage.set('new', 'and what about')
  draftStorage.move('new', 's')
  expect([draftStorage.get('new'), draftStorage.get('s')]).toEqual(['', 'and what about'])
  vi.unstubAllGlobals()
})
