import { expect, it } from 'vitest'
import { markedParts } from './markedParts'

const EXCERPT = 'First come other words. Answers keep running when a connection is lost! The end.'

it('marks the sentences that the answer took from the passage, and loses no letter', () => {
  const parts = markedParts(
    EXCERPT,
    'Well: **Answers keep running** when a\nconnection is lost [1].',
  )
  const marked = parts.filter((part) => part.marked).map((part) => part.text.trim())
  expect(marked).toEqual(['Answers keep running when a connection is lost!'])
  expect(parts.map((part) => part.text).join('')).toBe(EXCERPT)
})

it('marks nothing that only looks alike', () => {
  expect(markedParts(EXCERPT, 'The end. Something else.').some((part) => part.marked)).toBe(false)
})
