import { beforeEach, expect, it, vi } from 'vitest'
import { joinLink, takeJoinCode, viewOfLocation } from './navigation'

beforeEach(() => {
  vi.stubGlobal('document', { querySelector: () => ({ getAttribute: () => '/root/' }) })
  return () => vi.unstubAllGlobals()
})

it.each([
  ['/root/', null],
  ['/root/chat/0192', '0192'],
  ['/root/chat/a%20b/', 'a b'],
  ['/root/chat/%zz', '%zz'],
])('%s shows %s', (pathname, sessionId) => {
  vi.stubGlobal('location', { pathname, origin: 'http://here' })
  expect(viewOfLocation().sessionId).toBe(sessionId)
})

it.each([
  ['', null],
  ['#join=', null],
  ['#jo', null],
  ['#join=a%2Bb', 'a+b'],
  ['#join=%zz', '%zz'],
])('of the address %s the code %s is taken, and taken out', (hash, code) => {
  const replaceState = vi.fn()
  vi.stubGlobal('history', { replaceState })
  vi.stubGlobal('location', { pathname: '/root/', hash })
  expect(takeJoinCode()).toBe(code)
  const begins = hash.startsWith('#join=')
  expect(replaceState.mock.calls).toEqual(begins ? [[null, '', '/root/']] : [])
})

it('a link is understood where it is followed', () => {
  vi.stubGlobal('location', { origin: 'http://here' })
  const { hash, pathname, href } = new URL(joinLink('a b/+?#é'))
  expect(href).toMatch(/^http:\/\/here\/root\/#join=/)
  vi.stubGlobal('history', { replaceState: vi.fn() })
  vi.stubGlobal('location', { pathname, hash })
  expect(takeJoinCode()).toBe('a b/+?#é')
})
