import { describe, expect, it } from 'vitest'
import { broke, came, done, message, page, question, token } from './frames.fixture'
import { following } from './talk.fixture'

const begun = () =>
  following().frames(came(1, question('u', 1)), came(2, message({ id: 'a', index: 2 })))

describe('rule 4: the text of an answer', () => {
  it('grows piece by piece in one row', () => {
    const talk = begun().frames(token(3, 0, 'Hel'), token(4, 3, 'lo'))
    expect(talk.text()).toBe('Hello')
    expect(talk.status()).toBe('streaming')
    expect(talk.state.order).toEqual(['u', 'a'])
  })

  it('is exact when pieces come twice, overlap, or come joined', () => {
    const talk = begun().frames(
      token(3, 0, 'Hel'),
      token(3, 0, 'Hel'),
      token(4, 1, 'ello', { from: 3 }),
      token(6, 5, ' you', { from: 5 }),
      done(7, 'Hello you'),
    )
    expect(talk.text()).toBe('Hello you')
    expect(talk.status()).toBe('complete')
    expect(talk.news()).toEqual([])
  })

  it('counts code points, not UTF-16 units', () => {
    const talk = begun().frames(token(3, 0, 'a😀b'), token(4, 2, 'b😀c'), done(5, 'a😀b😀c'))
    expect(talk.text()).toBe('a😀b😀c')
    expect(talk.news()).toEqual([])
  })

  it('is frozen at its end: late pieces and a second end change nothing', () => {
    const talk = begun().frames(
      token(3, 0, 'Hel'),
      done(4, 'Hel', { status: 'cancelled' }),
      token(5, 3, 'lo'),
      done(6, 'Hello'),
    )
    expect([talk.text(), talk.status()]).toEqual(['Hel', 'cancelled'])
    expect(talk.state.cursor).toBe(6)
  })

  it('is kept when the answer breaks, with the reason', () => {
    const talk = begun().frames(token(3, 0, 'part'), broke(4, 'part'))
    expect(talk.state.rows.get('a')?.message).toMatchObject({
      content: 'part',
      status: 'failed',
      generation_time_ms: 12,
      error: { message: 'It broke.' },
    })
  })

  it('of a message that is not held only moves the cursor', () => {
    const talk = begun().frames(token(3, 0, 'x', { message_id: 'other' }))
    expect(talk.state.cursor).toBe(3)
    expect(talk.state.rows.has('other')).toBe(false)
  })

  it('a place beyond the text is a gap and leaves the cursor where it was', () => {
    const talk = begun().frames(token(3, 4, 'late'))
    expect(talk.text()).toBe('')
    expect(talk.state.cursor).toBe(2)
    expect(talk.news()).toMatchObject([{ do: 'subscribe', position: { epoch: 'e1', after: 2 } }])
  })

  it('continues a text that was read by REST', () => {
    const read = page(
      [question('u', 1), message({ id: 'a', index: 2, status: 'streaming', content: 'Hel' })],
      { seq: 3 },
    )
    expect(
      following(read)
        .frames(token(4, 3, 'lo'))
        .text(),
    ).toBe('Hello')
  })
})

describe('rule 9: the checksum', () => {
  it('asks REST for a text that does not match, and takes its word even if it is shorter', () => {
    const talk = begun().frames(token(3, 0, 'Hello'), done(4, 'Help!'))
    expect(talk.news()).toEqual([{ do: 'load-message', messageId: 'a', mismatch: true }])
    const read = message({ id: 'a', index: 2, status: 'complete', content: 'Hey' })
    talk.take({ type: 'message-read', message: read, era: 0 })
    expect(talk.text()).toBe('Hey')
  })

  it('notices a piece that is missing at the end', () => {
    const talk = begun().frames(token(3, 0, 'Hel'), done(4, 'Hello'))
    expect(talk.news()).toMatchObject([{ do: 'load-message', mismatch: true }])
  })
})

describe('merging two representations', () => {
  const older = page([message({ id: 'a', index: 2, status: 'streaming', content: 'He' })], {
    seq: 3,
  })
  const ended = page([message({ id: 'a', index: 2, status: 'complete', content: 'Hello' })], {
    seq: 5,
  })

  it('a page never shortens a text', () => {
    const talk = begun().frames(token(3, 0, 'Hello'))
    talk.take({ type: 'newest-page', page: older, ticket: 1 })
    expect(talk.text()).toBe('Hello')
  })

  it('terminal beats what is not, and later pieces are ignored', () => {
    const talk = begun().frames(token(3, 0, 'He'))
    talk.take({ type: 'newest-page', page: ended, ticket: 1 }).frames(token(4, 2, 'llo'))
    expect([talk.text(), talk.status()]).toEqual(['Hello', 'complete'])
  })

  it('what is not terminal never undoes an end', () => {
    const talk = begun().frames(token(3, 0, 'Hello'), done(4, 'Hello'))
    talk.take({ type: 'newest-page', page: older, ticket: 1 })
    expect([talk.text(), talk.status()]).toEqual(['Hello', 'complete'])
  })
})
