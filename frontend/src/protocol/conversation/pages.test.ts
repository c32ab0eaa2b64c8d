import { describe, expect, it } from 'vitest'
import { olderThan, runningAnswer } from '.'
import { came, message, page, question, subscribed } from './frames.fixture'
import { following } from './talk.fixture'

const run = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => question(`m${from + i}`, from + i))
const newest = (from: number, to: number) =>
  page(run(from, to), { seq: to, next_cursor: from > 1 ? `m${from}` : null })

describe('rule 8: an unbroken run of messages', () => {
  it('pages in older messages before the oldest shown, until the start', () => {
    const talk = following(newest(5, 6))
    expect(olderThan(talk.state)).toBe('m5')
    talk.take({
      type: 'older-page',
      page: page(run(3, 4), { next_cursor: 'm3', seq: null }),
      before: 'm5',
      era: 0,
    })
    talk.take({ type: 'older-page', page: page(run(1, 2), { seq: null }), before: 'm3', era: 0 })
    expect(talk.state.order).toEqual(['m1', 'm2', 'm3', 'm4', 'm5', 'm6'])
    expect(olderThan(talk.state)).toBeNull()
  })

  it('ignores an older page when another row has become the oldest', () => {
    const talk = following(newest(5, 6))
    talk.take({ type: 'older-page', page: page(run(3, 4), { seq: null }), before: 'm9', era: 0 })
    expect(talk.state.order).toEqual(['m5', 'm6'])
  })

  it('drops older rows when a newest page touches none of them', () => {
    const talk = following(newest(1, 2)).frames(subscribed(40, { recovered: false }))
    talk.take({ type: 'newest-page', page: newest(30, 40), ticket: 2 })
    expect(talk.state.order[0]).toBe('m30')
    expect(olderThan(talk.state)).toBe('m30')
  })

  it('keeps them when it does, and does not call the page’s start the session’s', () => {
    const talk = following(newest(1, 31)).frames(subscribed(40, { recovered: false }))
    talk.take({ type: 'newest-page', page: newest(30, 40), ticket: 2 })
    expect(talk.state.order).toHaveLength(40)
    expect(olderThan(talk.state)).toBeNull()
  })

  it('counts only rows that were here before the loss', () => {
    const talk = following(newest(1, 2)).frames(subscribed(39, { recovered: false }))
    talk.frames(came(40, question('m40', 40)))
    talk.take({ type: 'newest-page', page: newest(30, 40), ticket: 2 })
    expect(talk.state.order[0]).toBe('m30')
  })

  it('ignores a newest page that lies wholly before the run and asks again', () => {
    const talk = following(newest(5, 6)).frames(subscribed(6, { recovered: false }))
    talk.news()
    talk.take({ type: 'newest-page', page: newest(1, 2), ticket: 2 })
    expect(talk.state.order).toEqual(['m5', 'm6'])
    expect(talk.news()).toMatchObject([{ do: 'load-newest', ticket: 3 }])
  })

  it('needs no second page to go on after a page that came while the connection was away', () => {
    const talk = following(newest(1, 2)).take({ type: 'disconnected' })
    talk.take({ type: 'connected' })
    expect(talk.news()).toMatchObject([{ do: 'subscribe', position: { after: 2 } }])
  })
})

describe('pages and replaced attempts', () => {
  const first = message({ id: 'a', index: 2, reply_to: 'u' })
  const second = message({ id: 'b', index: 3, reply_to: 'u', retry_of: 'a', status: 'complete' })
  const begun = () => following().frames(came(1, question('u', 1)), came(2, first))

  it('an attempt that a page leaves out was replaced, although its end was never heard', () => {
    const talk = begun().frames(subscribed(9, { recovered: false }))
    talk.take({ type: 'newest-page', page: page([question('u', 1), second]), ticket: 2 })
    expect(talk.state.order).toEqual(['u', 'b'])
    expect(runningAnswer(talk.state)).toBeNull()
  })

  it('what is newer than the page is not taken for replaced', () => {
    const talk = begun().frames(subscribed(2, { recovered: false }))
    talk.frames(came(3, question('v', 3)), came(4, message({ id: 'c', index: 4, reply_to: 'v' })))
    talk.take({ type: 'newest-page', page: page([question('u', 1), first]), ticket: 2 })
    expect(talk.state.order).toEqual(['u', 'a', 'v', 'c'])
  })

  it('a replay does not bring a replaced attempt back', () => {
    const talk = following(page([question('u', 1), second], { seq: 1 })).frames(came(2, first))
    expect([talk.state.order, talk.state.cursor]).toEqual([['u', 'b'], 2])
  })
})

describe('rule 7: an epoch met in an older page', () => {
  it('drops what is shown, as any other meeting does', () => {
    const talk = following(newest(5, 6))
    const other = page(run(3, 4), { epoch: 'e2', seq: null })
    talk.take({ type: 'older-page', page: other, before: 'm5', era: 0 })
    expect(talk.state.order).toEqual([])
    expect(talk.news()).toMatchObject([{ do: 'load-newest' }])
  })
})
