import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const SRC = import.meta.dirname
const BROWSER = join(SRC, '../../tests/browser')

const read = (folder: string, ending: RegExp) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => ending.test(path))
    .map((path) => readFileSync(join(folder, path), 'utf8'))
    .join('\n')

const tests = read(SRC, /\.test\.ts$/) + read(BROWSER, /^test_.*\.py$/)
const rows = readFileSync(join(SRC, '../PROTOCOL.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| rule'))
  .map((line) => line.split(' | '))
const named = rows.flatMap(([rule, , held = '']) =>
  [...held.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({ rule, name })),
)

it('every rule of the protocol names a test', () => {
  expect(rows.length).toBeGreaterThan(40)
  expect(new Set(named.map(({ rule }) => rule)).size).toBe(rows.length)
})

it.each(named)('$name', ({ name }) => {
  expect(tests.includes(`'${name}'`) || tests.includes(`def ${name}(`)).toBe(true)
})
