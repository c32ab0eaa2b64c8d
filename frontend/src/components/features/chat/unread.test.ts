import { describe, expect, it } from 'vitest'
import { type Look, nothingUnread, rowsAfter, unreadAfter } from './unread'

const here = (...keys: string[]): Look => ({ keys, away: false, sentAt: 1 })
const away = (...keys: string[]): Look => ({ keys, away: true, sentAt: 1 })

/** After these looks, one after the other: the rows that are marked as new, and those not seen yet. */
function told(first: Look, ...looks: Look[]) {
  const end = looks.reduce(unreadAfter, nothingUnread(first))
  const keys = looks.at(-1)?.keys ?? first.keys
  return { marked: rowsAfter(end.mark, keys) ?? [], unseen: rowsAfter(end.seen, keys) ?? [] }
}

describe('what was not seen', () => {
  it('is what comes at the end while the person is away', () => {
    const both = ['b', 'c']
    expect(told(here('a'), away('a'), away('a', 'b'), away('a', 'b', 'c'))).toEqual({
      marked: both,
      unseen: both,
    })
  })

  it('is nothing while they look', () => {
    expect(told(here('a'), here('a', 'b'))).toEqual({ marked: [], unseen: [] })
  })

  it('is seen when they come back, and stays marked', () => {
    expect(told(away('a'), away('a', 'b'), here('a', 'b'), here('a', 'b', 'c'))).toEqual({
      marked: ['b', 'c'],
      unseen: [],
    })
  })

  it('is counted anew when they leave again', () => {
    const looks = [away('a', 'b'), here('a', 'b'), away('a', 'b'), away('a', 'b', 'c')]
    expect(told(away('a'), ...looks)).toEqual({ marked: ['b', 'c'], unseen: ['c'] })
  })

  it('is read by whoever says something', () => {
    const spoke = { ...here('a', 'b', 'mine'), sentAt: 2 }
    expect(told(away('a'), away('a', 'b'), spoke)).toEqual({ marked: [], unseen: [] })
  })

  it('is no older message that is paged in', () => {
    expect(told(away('c'), away('a', 'b', 'c'))).toEqual({ marked: [], unseen: [] })
  })

  it('begins anew where the row that was seen last is gone', () => {
    expect(told(away('a'), away('b', 'c'))).toEqual({ marked: [], unseen: [] })
  })

  it('is nothing in a chat that only now loads', () => {
    expect(told(away(), away('a', 'b'))).toEqual({ marked: [], unseen: [] })
  })
})
