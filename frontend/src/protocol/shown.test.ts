import { expect, it } from 'vitest'
import { ack, came, message, question } from './conversation/frames.fixture'
import { following } from './conversation/talk.fixture'
import type { Entry } from './outbox'
import { attempt, entry } from './outbox.fixture'
import { shownRows, underWay } from './shown'

const mine = (clientMessageId: string, state: Entry['state']) =>
  entry({ clientMessageId, state, thread: 's', sessionId: 's' })
const keys = (...args: Parameters<typeof shownRows>) => shownRows(...args).map((row) => row.key)
/** A question and its answer, which failed. */
const failed = () =>
  following().frames(
    came(1, question('u', 1)),
    came(2, message({ id: 'a', index: 2, reply_to: 'u', status: 'failed' })),
  )

it('a message keeps its key from the first moment on, and is one row', () => {
  const before = shownRows(null, [mine('c', 'sending')])
  const talk = following()
  talk.take({ type: 'ack', ack: ack(), asked: { content: 'ok' }, followed: true, now: '' })
  const after = shownRows(talk.state, [mine('c', 'sent')])
  expect(before.map((row) => row.key)).toEqual(['sent:c'])
  expect(after.map((row) => row.key)).toEqual(['sent:c', 'a'])
})

it('the same words twice are two messages', () => {
  const rows = shownRows(null, [mine('c1', 'queued'), mine('c2', 'queued')])
  expect(rows).toHaveLength(2)
})

it('an event that comes before the ack leaves one row', () => {
  const talk = following().frames(came(1, { ...question('u', 1), client_message_id: 'c' }))
  expect(shownRows(talk.state, [mine('c', 'sending')])).toHaveLength(1)
})

it('shows of several attempts at one question only the newest', () => {
  const talk = failed().frames(
    came(3, message({ id: 'b', index: 3, reply_to: 'u', retry_of: 'a' })),
  )
  expect(keys(talk.state, [])).toEqual(['u', 'b'])
})

it('shows a new attempt in place of the old one from the press of the button on', () => {
  const talk = failed()
  for (const state of ['queued', 'sending', 'unconfirmed', 'sent'] as const) {
    expect(keys(talk.state, [attempt({ state })])).toEqual(['u', 'sent:r'])
  }
})

it('a new attempt keeps its key when its ack comes, and when its event comes', () => {
  const ours = ack({ client_message_id: 'r', pending_message_id: 'b' })
  const event = came(3, {
    ...message({ id: 'b', index: 3, reply_to: 'u', retry_of: 'a' }),
    client_message_id: 'r',
  })
  const acked = failed()
  acked.take({ type: 'ack', ack: ours, asked: { retryOf: 'a' }, followed: true, now: '' })
  expect(keys(acked.state, [attempt({ state: 'sent', ack: ours })])).toEqual(['u', 'sent:r'])
  expect(keys(failed().frames(event).state, [attempt({ state: 'sending' })])).toEqual([
    'u',
    'sent:r',
  ])
})

it('shows the old answer again when the new attempt is refused', () => {
  expect(keys(failed().state, [attempt({ state: 'refused' })])).toEqual(['u', 'a'])
})

it('the attempt of another tab stands for both when both tried the same answer again', () => {
  const talk = failed().frames(
    came(3, message({ id: 'b', index: 3, reply_to: 'u', retry_of: 'a' })),
  )
  expect(keys(talk.state, [attempt({ state: 'unconfirmed' })])).toEqual(['u', 'b'])
})

it('what the log already shows is no longer under way, although its ack is still out', () => {
  const talk = failed()
  const [message1, retry] = [mine('c', 'unconfirmed'), attempt({ state: 'sending' })]
  expect(underWay(talk.state, [message1, retry])).toEqual([message1, retry])
  expect(underWay(talk.state, [attempt({ state: 'refused' })])).toEqual([])
  talk.frames(
    came(3, message({ id: 'b', index: 3, reply_to: 'u', retry_of: 'a', status: 'failed' })),
    came(4, { ...question('v', 4), client_message_id: 'c' }),
  )
  expect(underWay(talk.state, [message1, retry])).toEqual([])
})

it('shows nothing of a new attempt at an answer that is not on the screen', () => {
  expect(keys(following().state, [attempt()])).toEqual([])
})
