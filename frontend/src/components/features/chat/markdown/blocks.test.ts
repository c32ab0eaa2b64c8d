import { describe, expect, it } from 'vitest'
import { BlockSplitter, openFence } from './blocks'

const TEXT = `Intro with [1].

# Title

1. one
2. two

| a | b |
|---|---|
| 1 | 2 |

\`\`\`js
const x = 1

const y = 2
\`\`\`

> quote

[link][ref] and the end

[ref]: https://example.org`

const flat = (text: string, ended: boolean, splitter = new BlockSplitter()) =>
  splitter.update(text, ended).groups.flat()

describe('splitting a growing text', () => {
  it('ends with the very blocks of one reading', () => {
    const splitter = new BlockSplitter()
    for (let at = 1; at < TEXT.length; at += 3) splitter.update(TEXT.slice(0, at), false)
    expect(splitter.update(TEXT, true)).toEqual(new BlockSplitter().update(TEXT, true))
  })

  it('loses nothing on the way', () => {
    const splitter = new BlockSplitter()
    for (let at = 1; at <= TEXT.length; at += 1) {
      const shown = flat(TEXT.slice(0, at), false, splitter).join('').replace(/\s/g, '')
      const text = TEXT.slice(0, at).replace(/\s/g, '')
      expect(text.startsWith(shown) || shown === text.replace(/\[ref\]:.*/, '')).toBe(true)
    }
  })

  it('keeps full groups as the same arrays', () => {
    const splitter = new BlockSplitter()
    const many = Array.from({ length: 70 }, (_, i) => `Paragraph ${i}.`).join('\n\n')
    const first = splitter.update(many, false)
    const next = splitter.update(`${many}\n\nmore`, false)
    expect(next.groups[0]).toBe(first.groups[0])
    expect(next.count).toBe(71)
  })

  it('takes the ends of lines of every system', () => {
    const text = TEXT.replaceAll('\n', '\r\n')
    const splitter = new BlockSplitter()
    for (let at = 1; at < text.length; at += 1) splitter.update(text.slice(0, at), false)
    const shown = flat(text, false, splitter)
    expect(shown.join('')).toBe(flat(TEXT, false).join(''))
    expect(splitter.update(text, true)).toEqual(new BlockSplitter().update(TEXT, true))
  })

  it('starts over when the text was replaced', () => {
    const splitter = new BlockSplitter()
    splitter.update('one\n\ntwo\n\nthree\n\nfour', false)
    expect(flat('other', false, splitter)).toEqual(['other'])
  })
})

it('what is nested too deeply is refused, and not left to the size of the stack', () => {
  for (const sign of ['>', '> ', '- ', '1. ', '> * ']) {
    expect(() => flat(`text\n\n${sign.repeat(200)}deep`, true), sign).toThrow('nested too deeply')
  }
  const rule = '- '.repeat(40)
  expect(flat(`${'-'.repeat(500)}\n\n${rule}\n\n${'* '.repeat(20)}x`, true)).toHaveLength(3)
})

it('a formula is one block, whatever its lines look like', () => {
  const math = '$$\na\n- b\n= c\n# d\n$$\n'
  expect(flat(`text\n${math}more`, true)).toEqual(['text\n', math, 'more'])
  expect(flat('\\[\na\n+ b\n\\]', true)).toEqual(['\\[\na\n+ b\n\\]'])
  expect(flat('$$\na\n- b', false)).toEqual(['$$\na\n- b'])
  expect(flat('$$\na\n- b', true)).toHaveLength(2)
})

describe('a fence that has not closed', () => {
  it('is code with its language', () => {
    expect(openFence('```js\nlet a')).toEqual({ code: 'let a', language: 'js' })
    expect(openFence('```\n')).toEqual({ code: '', language: null })
  })

  it('is none once it has closed', () => {
    expect(openFence('```js\nlet a\n```')).toBeNull()
    expect(openFence('text')).toBeNull()
  })
})
