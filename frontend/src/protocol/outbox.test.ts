import { describe, expect, it } from 'vitest'
import { ack } from './conversation/frames.fixture'
import {
  aheadOf,
  destination,
  idStillGood,
  nextToSend,
  revived,
  sendable,
  sendReduce,
  unplaced,
} from './outbox'
import { attempt, entry } from './outbox.fixture'

const free = () => false
const error = { code: 'invalid', message: 'No.', retryable: false } as const

describe('one message on its way', () => {
  it('goes from queued over sending to sent, and learns its session', () => {
    const sent = [{ type: 'started' } as const, { type: 'acked', ack: ack() } as const].reduce(
      sendReduce,
      entry(),
    )
    expect(sent).toMatchObject({ state: 'sent', sessionId: 's', tries: 1 })
  })

  it('without an answer is unconfirmed and goes again under the same id', () => {
    const sending = sendReduce(entry(), { type: 'started' })
    const lost = sendReduce(sending, { type: 'unanswered', retryAt: 50 })
    expect(lost).toMatchObject({ state: 'unconfirmed', clientMessageId: 'c1' })
    expect(nextToSend([lost], free, 49)).toBeNull()
    expect(nextToSend([lost], free, 50)).toBe(lost)
  })

  it('refused keeps its text and waits for the person; a late ack still counts', () => {
    const refused = sendReduce(sendReduce(entry(), { type: 'started' }), { type: 'refused', error })
    expect(refused).toMatchObject({ state: 'refused', content: 'ok', error })
    expect(nextToSend([refused], free, 1)).toBeNull()
    expect(sendReduce(refused, { type: 'acked', ack: ack() }).state).toBe('sent')
  })

  it('late news of a sent message changes nothing', () => {
    const sent = sendReduce(entry({ state: 'sending' }), { type: 'acked', ack: ack() })
    expect(sendReduce(sent, { type: 'unanswered', retryAt: 1 })).toBe(sent)
    expect(sendReduce(sent, { type: 'delayed', until: 1, error })).toBe(sent)
  })

  it('waits for the last thing before it in the same chat that is not over', () => {
    const at = (createdAt: number, part = {}) =>
      entry({ createdAt, clientMessageId: `c${createdAt}`, ...part })
    const all = [at(1), at(2), at(3, { state: 'refused', error }), at(4, { thread: 'else' }), at(5)]
    expect(aheadOf(at(5), all)?.clientMessageId).toBe('c2')
    expect(aheadOf(at(1), all)).toBeUndefined()
    expect(
      aheadOf(at(9, { thread: 'x', sessionId: 's' }), [at(8, { sessionId: 's' })]),
    ).toBeDefined()
  })

  it('refused may be asked for again under its id, unless the id itself is used up', () => {
    const refused = sendReduce(sendReduce(entry(), { type: 'started' }), { type: 'refused', error })
    expect(idStillGood(refused)).toBe(true)
    expect(sendReduce(refused, { type: 'asked-again' })).toMatchObject({
      state: 'queued',
      clientMessageId: 'c1',
      error: null,
    })
    for (const code of ['not_found', 'idempotency_conflict'] as const) {
      expect(idStillGood({ ...refused, error: { ...error, code } })).toBe(false)
    }
  })

  it('goes at once when the server is there again, but not before the time that the server named', () => {
    const lost = entry({ state: 'unconfirmed', notBefore: 99 })
    expect(sendReduce(lost, { type: 'hurried' }).notBefore).toBe(0)
    const told = entry({ state: 'queued', notBefore: 99 })
    expect(sendReduce(told, { type: 'hurried' }).notBefore).toBe(99)
  })

  it('that was on the wire when the page went may have arrived', () => {
    expect(revived(entry({ state: 'sending' })).state).toBe('unconfirmed')
    expect(revived(entry()).state).toBe('queued')
    expect(revived(entry({ state: 'unconfirmed', notBefore: 99 })).notBefore).toBe(0)
  })
})

it('names a chain for a chat that has no session yet, and only there', () => {
  expect(destination(entry())).toEqual({})
  expect(destination(entry({ chain: 'slow' }))).toEqual({ chain: 'slow' })
  expect(destination(entry({ chain: 'slow', sessionId: 's' }))).toEqual({ session_id: 's' })
})

it('sends no half characters and no NUL, and leaves everything else as it is', () => {
  expect(sendable('a\ud83db\0c 😀 é\n')).toBe('a\ufffdbc 😀 é\n')
})

describe('the order of sending', () => {
  const first = entry({ clientMessageId: 'c1', createdAt: 1, sessionId: 's' })
  const second = entry({ clientMessageId: 'c2', createdAt: 2, sessionId: 's' })
  const elsewhere = entry({ clientMessageId: 'c3', createdAt: 3, sessionId: 'x', thread: 'x' })

  it('is the order of writing, whatever order they are kept in', () => {
    expect(nextToSend([second, first], free, 9)).toBe(first)
  })

  it('lets nothing overtake an unfinished message of the same chat', () => {
    const sent = { ...first, state: 'sent' as const }
    expect(nextToSend([sent, second], free, 9)).toBeNull()
    expect(nextToSend([{ ...first, notBefore: 99 }, second, elsewhere], free, 9)).toBe(elsewhere)
  })

  it('lets what was refused stand aside', () => {
    expect(nextToSend([{ ...first, state: 'refused' }, second], free, 9)).toBe(second)
  })

  it('waits while an answer of the session runs', () => {
    expect(nextToSend([first, elsewhere], (id) => id === 's', 9)).toBe(elsewhere)
  })

  it('does not let a retry wait for an answer that can only make it late', () => {
    expect(nextToSend([attempt()], (id) => id === 's', 9)).toMatchObject({ retryOf: 'a' })
  })

  it('lets a message wait for the end of a new attempt before it', () => {
    const waiting = attempt({ state: 'sent' })
    expect(nextToSend([waiting, { ...second, createdAt: 2 }], free, 9)).toBeNull()
  })

  it('sends the second message of a chat without a session only after the first', () => {
    const new1 = entry({ clientMessageId: 'n1', createdAt: 1, state: 'sending' })
    const new2 = entry({ clientMessageId: 'n2', createdAt: 2 })
    expect(nextToSend([new1, new2], free, 9)).toBeNull()
  })
})

it('of each chat without a session the first message leads to it, the newest chat first', () => {
  const said = (content: string, thread: string, sessionId: string | null = null) =>
    entry({ content, thread, sessionId })
  const entries = [said('one', 'a'), said('two', 'b'), said('more', 'a'), said('there', 'c', 's')]
  expect(unplaced(entries).map(({ content }) => content)).toEqual(['two', 'one'])
})
