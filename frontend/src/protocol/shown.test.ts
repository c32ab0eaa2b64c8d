import { expect, it } from 'vitest'
import { ack, came, message, question } from './conversation/frames.fixture'
import { following } from './conversation/talk.fixture'
import type { Entry } from './outbox'
import { shownRows } from './shown'

const entry = (clientMessageId: string, state: Entry['state']): Entry => ({
  clientMessageId,
  userId: 'u',
  tab: 't',
  thread: 's',
  sessionId: 's',
  content: 'ok',
  createdAt: 1,
  state,
  notBefore: 0,
  tries: 0,
  ack: null,
  error: null,
})

it('a message keeps its key from the first moment on, and is one row', () => {
  const before = shownRows(null, [entry('c', 'sending')])
  const talk = following()
  talk.take({ type: 'ack', ack: ack(), content: 'ok', followed: true, now: '' })
  const after = shownRows(talk.state, [entry('c', 'sent')])
  expect(before.map((row) => row.key)).toEqual(['sent:c'])
  expect(after.map((row) => row.key)).toEqual(['sent:c', 'a'])
})

it('the same words twice are two messages', () => {
  const rows = shownRows(null, [entry('c1', 'queued'), entry('c2', 'queued')])
  expect(rows).toHaveLength(2)
})

it('an event that comes before the ack leaves one row', () => {
  const talk = following().frames(came(1, { ...question('u', 1), client_message_id: 'c' }))
  expect(shownRows(talk.state, [entry('c', 'sending')])).toHaveLength(1)
})

it('shows of several attempts at one question only the newest', () => {
  const talk = following().frames(
    came(1, question('u', 1)),
    came(2, message({ id: 'a', index: 2, reply_to: 'u', status: 'failed' })),
    came(3, message({ id: 'b', index: 3, reply_to: 'u', retry_of: 'a' })),
  )
  expect(shownRows(talk.state, []).map((row) => row.key)).toEqual(['u', 'b'])
})
