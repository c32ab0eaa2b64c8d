import { expect, it, vi } from 'vitest'
import { draftStorage } from './storage'

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
