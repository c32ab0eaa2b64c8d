import { describe, expect, it } from 'vitest'
import { pageWanted, type Sight, surplus } from '.'
import { message, page, question } from './frames.fixture'
import { following, type Talk } from './talk.fixture'

const TEXT = 'a whole answer'
const at = (first: string, last: string, ...kept: string[]): Sight => ({
  first,
  last,
  kept: new Set(kept),
})

function ended(index: number, part: object = {}) {
  const text = { status: 'complete' as const, content: TEXT }
  return index % 2
    ? question(`m${index}`, index)
    : message({ id: `m${index}`, index, ...text, ...part })
}

/** A session of so many messages, all of them read. */
function session(count: number, part: (index: number) => object = () => ({})): Talk {
  const all = Array.from({ length: count }, (_, i) => ended(i + 1, part(i + 1)))
  return following(page(all, { seq: 9 }))
}

describe('what is let go of', () => {
  it('is nothing while all of it is little', () => {
    expect(surplus(session(400).state, at('m399', 'm400'))).toEqual([])
  })

  it('is what is farthest from the view, and some room more', () => {
    const gone = surplus(session(500).state, at('m490', 'm500'))
    expect(gone).toHaveLength(140)
    expect([gone[0], gone.at(-1)]).toEqual(['m1', 'm140'])
  })

  it('is what is newer for a reader far up, except the newest rows', () => {
    const gone = surplus(session(500).state, at('m1', 'm10'))
    expect(gone[0]).toBe('m490')
    expect(gone).not.toContain('m495')
  })

  it('is also much text in few messages', () => {
    const big = session(30, (index) => (index % 2 ? {} : { content: 'x'.repeat(1_000_000) }))
    const gone = surplus(big.state, at('m29', 'm30'))
    expect(gone.filter((id) => Number(id.slice(1)) % 2 === 0)).toHaveLength(10)
  })

  it('is never an answer that runs or failed, nor a row that has the focus or a selection', () => {
    const error = { code: 'chain_failed' as const, message: 'No.', retryable: true }
    const talk = session(500, (index) =>
      index === 2 ? { status: 'failed', error } : index === 4 ? { status: 'streaming' } : {},
    )
    const gone = surplus(talk.state, at('m490', 'm500', 'm6'))
    expect(gone).toContain('m8')
    for (const id of ['m2', 'm4', 'm6']) expect(gone).not.toContain(id)
  })

  it('keeps its place and loses its text', () => {
    const talk = session(6).take({ type: 'shelve', ids: ['m2'] })
    expect(talk.state.order).toEqual(['m1', 'm2', 'm3', 'm4', 'm5', 'm6'])
    expect(talk.text('m2')).toBe('')
    expect(talk.status('m2')).toBe('complete')
  })
})

describe('what was let go of', () => {
  it('is wanted again when the view comes near, by the page before the row after it', () => {
    const talk = session(300).take({ type: 'shelve', ids: ['m100', 'm101', 'm102'] })
    expect(pageWanted(talk.state, at('m290', 'm300'))).toBe(null)
    expect(pageWanted(talk.state, at('m110', 'm120'))).toBe('m103')
    expect(pageWanted(talk.state, at('m70', 'm80'))).toBe('m103')
  })

  it('comes back whole, and nothing else changes', () => {
    const talk = session(6).take({ type: 'shelve', ids: ['m2', 'm4'] })
    const back = page([ended(1), ended(2), ended(3)], { seq: null })
    talk.take({ type: 'shelved-page', page: back, era: talk.state.era })
    expect([talk.text('m2'), talk.text('m4')]).toEqual([TEXT, ''])
    expect(pageWanted(talk.state, at('m1', 'm6'))).toBe('m5')
    expect(talk.state.order).toHaveLength(6)
  })

  it('is forgotten if its page leaves it out: it was replaced by another attempt', () => {
    const talk = session(6).take({ type: 'shelve', ids: ['m2'] })
    const back = page([ended(1), ended(3)], { seq: null })
    talk.take({ type: 'shelved-page', page: back, era: talk.state.era })
    expect(talk.state.order).not.toContain('m2')
    expect(pageWanted(talk.state, at('m1', 'm6'))).toBe(null)
  })

  it('does not come back from a page that was asked for before the log went back', () => {
    const talk = session(6).take({ type: 'shelve', ids: ['m2'] })
    const back = page([ended(1), ended(2)], { seq: null })
    talk.take({ type: 'shelved-page', page: back, era: talk.state.era - 1 })
    expect(talk.text('m2')).toBe('')
  })

  it('comes back with the newest page too', () => {
    const talk = session(4).take({ type: 'shelve', ids: ['m2'] })
    talk.take({ type: 'disconnected' }).take({ type: 'connected' })
    talk.take({ type: 'newest-page', page: page([1, 2, 3, 4].map((n) => ended(n))), ticket: 1 })
    expect(talk.text('m2')).toBe(TEXT)
  })
})
