import { describe, expect, it } from 'vitest'
import { markWords } from './markWords'

const marked = (excerpt: string, words: string) => {
  const parts = markWords(excerpt, words)
  expect(parts.map((part) => part.text).join('')).toBe(excerpt)
  return parts.filter((part) => part.marked).map((part) => part.text)
}

describe('what was searched for is marked', () => {
  it.each([
    ['Where do otters sleep?', 'otter', ['otter']],
    ['Where do otters sleep?', 'OTTERS sle', ['otters', 'sle']],
    ['An otter, another otter.', 'otter', ['otter', 'otter']],
    ['Café crème, CAFÉ', 'cafe', ['Café', 'CAFÉ']],
    ['Ein großer Fluß 😀 und Flüsse', 'flusse', ['Flüsse']],
    ['東京都に住む', '京都', ['京都']],
  ])('%s · %s', (excerpt, words, expected) => {
    expect(marked(excerpt, words)).toEqual(expected)
  })

  it('only the last word as a beginning, and none in the middle of another', () => {
    expect(marked('riverside river arrives', 'river side')).toEqual(['river'])
    expect(marked('drives', 'river')).toEqual([])
  })

  it('signs mean nothing but themselves', () => {
    expect(marked('a.b (c) $', '.* ( $')).toEqual([])
    expect(marked('a', '')).toEqual([])
  })
})
