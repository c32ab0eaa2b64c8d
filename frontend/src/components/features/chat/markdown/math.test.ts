import { describe, expect, it } from 'vitest'
import { delimitMath, displayMath, openMath } from './math'

describe('formulas in a line', () => {
  it.each([
    ['$x$', '$$ x $$'],
    ['so $a_1 + b_2$, and', 'so $$ a_1 + b_2 $$, and'],
    ['\\(a\\)', '$$ a $$'],
    ['a $$x$$ b', 'a $$ x $$ b'],
    ['$x$\n$y$', '$$ x $$\n$$ y $$'],
    ['\\(a\\)\\(b\\)', '$$ a $$\u200b$$ b $$'],
    ['\\(\\$5\\)', '$$ \\$5 $$'],
    ['$a\nb$', '$$ a b $$'],
    ['**$x$**', '**$$ x $$**'],
    ['| $x$ | \\(y\\) |', '| $$ x $$ | $$ y $$ |'],
  ])('%j', (text, expected) => expect(delimitMath(text)).toBe(expected))
})

describe('formulas that stand by themselves', () => {
  it.each([
    ['$$x = 1$$', '$$$ x = 1 $$$'],
    ['$$\nx\n+ y\n$$', '$$$ x + y $$$'],
    ['see \\[x\\] there', 'see $$$ x $$$ there'],
    ['1. so\n   \\[\n   a\n   - b\n   \\]', '1. so\n   $$$ a - b $$$'],
    ['> $$\n> a\n> $$', '> $$$ a $$$'],
    ['- $$a$$', '- $$$ a $$$'],
    ['$$\na % why\nb\n$$', '$$$ a b $$$'],
    ['\\[a \\\\[4pt] b\\]', '$$$ a \\\\[4pt] b $$$'],
  ])('%j', (text, expected) => expect(delimitMath(text)).toBe(expected))
})

describe('what is no formula stays as it is', () => {
  it.each([
    'costs $5 and $10',
    'between $5-$10',
    '$ 5 or 6$',
    'from $5 and 6 $ on',
    'a \\$x\\$ b',
    'in `$x$` and ``\\(a\\) ` ``',
    '```\n$x$\n\\(a\\)\n```',
    '- ~~~\n  $x$\n  ~~~',
    '```tex\n$$\nx',
    '    indented $x$',
    '<b>$x$</b>',
    'text <a href="$x$"> more',
    '[link](https://example.org/$a$)',
    'https://example.org/?a=$b$&c',
    '\\\\(a\\\\)',
    '\\[label\\](https://example.org)',
    'open \\(a',
    'open \\[a\n\nb\\]',
    '\\(\\)',
    '$a\n\nb$',
    'lone ` and $5',
    'costs $10, `$x$`',
  ])('%j', (text) => expect(delimitMath(text)).toBe(text))

  it('nor is what two signs of dollars do not enclose', () => {
    expect(delimitMath('from $$ to $$$')).toBe('from \\$\\$ to \\$\\$\\$')
    expect(delimitMath('$$\n\nx')).toBe('\\$\\$\n\nx')
  })

  it('code and formulas side by side are told apart', () => {
    expect(delimitMath('`$a$` $b$ `$c$`')).toBe('`$a$` $$ b $$ `$c$`')
    expect(delimitMath('```\n$a$\n```\n$b$')).toBe('```\n$a$\n```\n$$ b $$')
  })
})

describe('a formula that has not ended', () => {
  it('shows its very signs while it grows', () => {
    expect(delimitMath('so \\(a_1 * b', true)).toBe('so \\\\\\(a\\_1 \\* b')
    expect(delimitMath('so $$a', true)).toBe('so \\$\\$a')
    expect(delimitMath('so $5', true)).toBe('so $5')
  })

  it('is one block until an empty line comes', () => {
    expect(openMath('$$\na\n- b')).toBe('$$\na\n- b')
    expect(openMath('\\[ a')).toBe('\\[ a')
    expect(openMath('$$\na\n\nb')).toBeNull()
    expect(openMath('$$a$$ is')).toBeNull()
    expect(openMath('text')).toBeNull()
  })
})

it('a block is a formula if nothing else stands on its lines', () => {
  expect(displayMath('$$\na\n$$\nrest')).toBe('$$\na\n$$\n')
  expect(displayMath('\\[a\\]')).toBe('\\[a\\]')
  expect(displayMath('$$a$$ is')).toBeNull()
  expect(displayMath('$$a')).toBeNull()
})

it('a long text with many signs is read in no time', () => {
  const started = performance.now()
  for (const text of ['$a ', '\\(', '$$', '`', '``` ', '<a', '](', '$a$ ']) {
    delimitMath(text.repeat(50_000))
  }
  expect(performance.now() - started).toBeLessThan(3_000)
})
