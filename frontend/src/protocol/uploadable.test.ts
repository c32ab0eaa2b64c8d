import { expect, it } from 'vitest'
import { LARGEST_BYTES, unfit } from './uploadable'

const file = (name: string, size = 1, type = '') => ({ name, size, type })

it.each([
  ['a Markdown file', file('notes.md'), null],
  ['an ending in capitals', file('Report.PDF'), null],
  ['a declared type without an ending', file('README', 1, 'text/plain'), null],
  ['the largest that is taken', file('book.txt', LARGEST_BYTES), null],
  ['one byte more', file('book.txt', LARGEST_BYTES + 1), 'large'],
  ['nothing', file('empty.md', 0), 'empty'],
  ['a program', file('setup.exe', 1, 'application/x-msdownload'), 'type'],
  ['a folder', file('notes', 4096), 'type'],
])('%s', (_what, given, verdict) => {
  expect(unfit(given)).toBe(verdict)
})
