import { beforeEach, expect, it, vi } from 'vitest'
import { viewOfLocation } from './navigation'

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
