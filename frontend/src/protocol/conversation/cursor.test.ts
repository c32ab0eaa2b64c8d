import { describe, expect, it } from 'vitest'
import { isCurrentAsk } from '.'
import { ack, came, message, page, question, subscribed, token } from './frames.fixture'
import { following, Talk } from './talk.fixture'

const begun = () =>
  following().frames(came(1, question('u', 1)), came(2, message({ id: 'a', index: 2 })))

describe('rule 5: the cursor', () => {
  it('starts at the position of the newest page', () => {
    const talk = new Talk().take({ type: 'connected' })
    expect(talk.news()).toEqual([{ do: 'load-newest', ticket: 1, delayMs: 0 }])
    talk.take({ type: 'newest-page', page: page([], { seq: 7 }), ticket: 1 })
    expect(talk.news()).toMatchObject([{ do: 'subscribe', position: { epoch: 'e1', after: 7 } }])
  })

  it('a missing event is asked for again from the cursor, a second time without a position', () => {
    const talk = begun().frames(token(4, 0, 'x'))
    expect(talk.news()).toMatchObject([{ do: 'subscribe', id: 's#2', position: { after: 2 } }])
    talk.frames(subscribed(2, { id: 's#2' }), token(4, 0, 'x'))
    expect(talk.news()).toMatchObject([{ do: 'subscribe', id: 's#3', position: null }])
  })

  it('ignores all frames of the session until its own answer comes', () => {
    const talk = begun().frames(token(4, 0, 'x'), token(3, 0, 'y'), subscribed(0), token(1, 0, 'z'))
    expect([talk.text(), talk.state.cursor]).toEqual(['', 2])
    talk.frames(subscribed(2, { id: 's#2' }), token(3, 0, 'y'))
    expect(talk.text()).toBe('y')
  })

  it('has one ask outstanding and asks again when told to wait', () => {
    const talk = begun().frames(token(4, 0, 'x'), token(5, 0, 'x'))
    expect(talk.news()).toHaveLength(1)
    talk.take({ type: 'subscribe-failed', id: 's#2', retryAfterMs: 700, gone: false })
    expect(talk.news()).toMatchObject([{ do: 'subscribe', id: 's#3', delayMs: 700 }])
    expect(isCurrentAsk(talk.state, 's#2')).toBe(false)
    talk.take({ type: 'subscribe-failed', id: 's#3', retryAfterMs: null, gone: true })
    expect(talk.news()).toEqual([{ do: 'gone' }])
  })

  it('does not call a session gone that is refused for another reason', () => {
    const talk = begun().frames(token(4, 0, 'x'))
    talk.news()
    talk.take({ type: 'subscribe-failed', id: 's#2', retryAfterMs: null, gone: false })
    expect([talk.news(), talk.state.following]).toEqual([[], 'no'])
  })

  it('after a lost connection resumes where it was', () => {
    const talk = begun().frames(token(3, 0, 'Hel'))
    talk.take({ type: 'disconnected' }).frames(token(4, 3, 'no'))
    expect(talk.text()).toBe('Hel')
    talk.take({ type: 'connected' })
    expect(talk.news()).toMatchObject([{ do: 'subscribe', position: { epoch: 'e1', after: 3 } }])
    talk.frames(subscribed(3, { id: 's#2' }), token(4, 3, 'lo'))
    expect(talk.text()).toBe('Hello')
  })
})

describe('rule 6: not recovered', () => {
  it('loads the newest page by a request made afterwards and ignores earlier ones', () => {
    const talk = begun().frames(subscribed(9, { recovered: false }))
    expect(talk.state.cursor).toBe(9)
    expect(talk.news()).toEqual([{ do: 'load-newest', ticket: 2, delayMs: 0 }])
    talk.take({ type: 'newest-page', page: page([question('z', 9)]), ticket: 1 })
    expect(talk.state.rows.has('z')).toBe(false)
    expect(talk.state.pageWanted).toBe(true)
  })
})

describe('rule 7: the epoch', () => {
  it('another one drops rows and cursor, loads the page and subscribes from its position', () => {
    const talk = begun().frames(
      token(3, 0, 'lost'),
      subscribed(1, { epoch: 'e2', recovered: false }),
    )
    expect([talk.state.order, talk.state.cursor]).toEqual([[], null])
    expect(talk.state.loaded).toBe(false) // it may look empty, but nobody knows yet
    expect(talk.news()).toMatchObject([{ do: 'load-newest', ticket: 2 }])
    talk.take({
      type: 'newest-page',
      page: page([question('u', 1)], { epoch: 'e2', seq: 1 }),
      ticket: 2,
    })
    expect(talk.news()).toMatchObject([{ do: 'subscribe', position: { epoch: 'e2', after: 1 } }])
  })

  it('is noticed in an ack too, and answers requested before are ignored', () => {
    const talk = begun()
    talk.take({
      type: 'ack',
      ack: ack({ epoch: 'e2' }),
      asked: { content: 'q' },
      followed: true,
      now: '',
    })
    expect(talk.state.order).toEqual([])
    const stale = message({ id: 'a', index: 2, status: 'complete', content: 'old' })
    talk.take({ type: 'message-read', message: stale, era: 0 })
    talk.take({ type: 'older-page', page: page([question('o', 0)]), before: 'u', era: 0 })
    expect(talk.state.rows.size).toBe(0)
  })
})

describe('rules 1 and 2: the ack', () => {
  it('makes the rows by the server’s ids, pending until an event speaks of them', () => {
    const talk = new Talk()
    talk.take({ type: 'ack', ack: ack(), asked: { content: 'why?' }, followed: true, now: '' })
    talk.frames(
      subscribed(1, { recovered: false }),
      came(2, message({ id: 'a', index: 2 })),
      token(3, 0, 'So'),
    )
    expect(talk.state.order).toEqual(['u', 'a'])
    expect([talk.text('u'), talk.text()]).toEqual(['why?', 'So'])
    expect(talk.news()).toMatchObject([{ do: 'load-newest' }])
  })

  it('with a terminal status asks REST at once, and the status alone ends nothing', () => {
    const talk = new Talk()
    const late = ack({ status: 'complete', duplicate: true })
    talk.take({ type: 'ack', ack: late, asked: { content: 'why?' }, followed: true, now: '' })
    expect(talk.status()).toBe('pending')
    expect(talk.news()).toEqual([{ do: 'load-message', messageId: 'a', mismatch: false }])
  })

  it('may come after the events of its own messages', () => {
    const talk = begun().frames(token(3, 0, 'So'))
    talk.take({ type: 'ack', ack: ack(), asked: { content: 'why?' }, followed: true, now: '' })
    expect([talk.text(), talk.state.order]).toEqual(['So', ['u', 'a']])
  })

  it('by REST in a new session leads to the page and from there to the log', () => {
    const talk = new Talk().take({ type: 'connected' })
    talk.news()
    const fresh = new Talk()
    fresh.state = { ...fresh.state, connected: true }
    fresh.take({ type: 'ack', ack: ack(), asked: { content: 'why?' }, followed: false, now: '' })
    expect(fresh.news()).toMatchObject([{ do: 'load-newest', ticket: 1 }])
    fresh.take({ type: 'newest-page', page: page([question('u', 1)], { seq: 2 }), ticket: 1 })
    expect(fresh.news()).toMatchObject([{ do: 'subscribe', position: { after: 2 } }])
  })
})

describe('the ack of a retry', () => {
  const again = ack({ client_message_id: 'r', user_message_id: 'u', pending_message_id: 'b' })
  const retried = (talk: Talk) =>
    talk.take({ type: 'ack', ack: again, asked: { retryOf: 'a' }, followed: true, now: '' })
  const attempt = message({ id: 'b', index: 3, reply_to: 'u', retry_of: 'a' })

  it('makes one row, next after the answer that it replaces, and leaves the question alone', () => {
    const talk = begun()
    const asked = talk.state.rows.get('u')
    retried(talk)
    expect(talk.state.order).toEqual(['u', 'a', 'b'])
    expect(talk.state.rows.get('u')).toBe(asked)
    expect(talk.state.rows.get('b')?.message).toMatchObject({
      index: 3,
      reply_to: 'u',
      retry_of: 'a',
      client_message_id: 'r',
      status: 'pending',
    })
  })

  it('is one row with the event of the new attempt, in either order', () => {
    const before = retried(begun()).frames(came(3, attempt), token(4, 0, 'So', { message_id: 'b' }))
    const after = retried(begun().frames(came(3, attempt), token(4, 0, 'So', { message_id: 'b' })))
    for (const talk of [before, after]) {
      expect([talk.state.order, talk.text('b')]).toEqual([['u', 'a', 'b'], 'So'])
    }
  })

  it('makes no row where the old answer is not held: it comes with its page or its events', () => {
    const talk = retried(following(page([question('x', 9)], { seq: 2 })))
    expect(talk.state.order).toEqual(['x'])
  })
})

describe('one read of one message', () => {
  it('tells nothing of its neighbours: a page that touches it alone leaves no hole', () => {
    const talk = begun().frames(token(3, 0, 'x'))
    const sent = ack({ index: 9, user_message_id: 'q', pending_message_id: 'z' })
    talk.take({ type: 'ack', ack: sent, asked: { content: 'q' }, followed: true, now: '' })
    const ended = message({ id: 'z', index: 10, status: 'complete', content: 'Z' })
    talk.take({ type: 'message-read', message: ended, era: 0 })
    talk.frames(subscribed(40, { recovered: false }))
    const newest = page([question('q', 9), ended], { seq: 40, next_cursor: 'q' })
    talk.take({ type: 'newest-page', page: newest, ticket: 2 })
    expect(talk.state.order).toEqual(['q', 'z'])
  })
})
