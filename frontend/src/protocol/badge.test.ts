import { expect, it } from 'vitest'
import { badgeOf } from './badge'
import { type Connection, initialConnection } from './connection'

const idle = { streaming: false, restFails: false }
const line = (part: Partial<Connection>): Connection => ({ ...initialConnection(true), ...part })

it('says Connected only when the connection is open', () => {
  expect(badgeOf(line({ phase: 'open' }), idle)).toMatchObject({ state: 'open', word: 'connected' })
  expect(badgeOf(line({}), idle)).toMatchObject({ state: 'connecting', word: 'connecting' })
})

it('says Reconnecting with the time of the next try', () => {
  const lost = line({ phase: 'closed', attempt: 1, retryAt: 42, everOpen: true })
  expect(badgeOf(lost, idle)).toMatchObject({ state: 'closed', word: 'reconnecting', retryAt: 42 })
})

it('says Offline at once without a network, after four tries where REST fails too, and for an error', () => {
  expect(badgeOf(line({ phase: 'open', online: false }), idle).word).toBe('offline')
  const lost = line({ phase: 'closed', attempt: 4, everOpen: true })
  expect(badgeOf(lost, { streaming: false, restFails: true })).toMatchObject({ state: 'offline' })
  expect(badgeOf(lost, idle).word).toBe('reconnecting')
  const fault = { code: 4501, reason: 'who?' }
  expect(badgeOf(line({ phase: 'error', fault }), idle)).toMatchObject({ state: 'error', fault })
})

it('says Connected over HTTP, and that it is', () => {
  const none = line({ phase: 'closed', attempt: 3 })
  expect(badgeOf(none, { streaming: true, restFails: false })).toMatchObject({
    state: 'open',
    word: 'connected',
    overHttp: true,
  })
})
