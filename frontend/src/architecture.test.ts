import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const SRC = join(import.meta.dirname)
/** Who may import whom: only what stands further down. */
const ROOMS = ['main', 'views', 'components', 'stores', 'api', 'protocol']

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !/\.(test|fixture)\.ts$/.test(path))
  .map((path) => ({ path, imports: importsOf(path) }))

function importsOf(path: string): string[] {
  const code = readFileSync(join(SRC, path), 'utf8')
  return [...code.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '')
}

function roomOf(path: string): string {
  return path.split('/')[0]?.replace(/\.tsx?$/, '') ?? ''
}

describe('imports run one way', () => {
  it.each(files)('$path', ({ path, imports }) => {
    for (const name of imports.filter((found) => found.startsWith('.'))) {
      const target = roomOf(relative(SRC, normalize(join(SRC, dirname(path), name))))
      if (target === 'strings' || target === 'styles') continue
      const [from, to] = [ROOMS.indexOf(roomOf(path)), ROOMS.indexOf(target)]
      expect(to, `${path} imports ${name}`).toBeGreaterThanOrEqual(Math.max(from, 0))
    }
  })
})

it('the protocol needs nothing but itself', () => {
  for (const { path, imports } of files.filter(({ path }) => roomOf(path) === 'protocol')) {
    expect(
      imports.filter((name) => !/^\.\.?\//.test(name) || name.endsWith('/strings')),
      path,
    ).toEqual([])
    expect(readFileSync(join(SRC, path), 'utf8'), path).not.toMatch(
      /\b(window|document|localStorage|navigator|fetch|WebSocket|Date\.now|setTimeout)\b[.(]/,
    )
  }
})

it('the stores and the transports know nothing of React’s components', () => {
  const below = files.filter(({ path }) => ['api', 'protocol'].includes(roomOf(path)))
  for (const { path, imports } of below) {
    expect(
      imports.filter((name) => /^(react|zustand)/.test(name)),
      path,
    ).toEqual([])
  }
})

it('the stores find nothing in the document and move no focus', () => {
  for (const { path } of files.filter(({ path }) => roomOf(path) === 'stores')) {
    expect(readFileSync(join(SRC, path), 'utf8'), path).not.toMatch(
      /\bdocument\.(querySelector|getElement|activeElement)|\.focus\(/,
    )
  }
})

it('no sentence for people stands outside of the one place for texts', () => {
  for (const { path } of files.filter(({ path }) => path !== 'strings.ts')) {
    expect(readFileSync(join(SRC, path), 'utf8'), path).not.toMatch(
      /(?<!new Error\(|console\.warn\()(['"`])[A-Z][^'"`\n]* [^'"`\n]*[.?!]\1/,
    )
  }
})
