import { describe, expect, it } from 'vitest'
import { isMac, matches, type Press, signs, spoken } from './keys'

const press = (key: string, part: Partial<Press> = {}): Press => ({
  ...{ key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false },
  ...part,
})

describe('a key', () => {
  it('with Mod is ⌘ on a Mac and Ctrl elsewhere, and never the other one', () => {
    const ctrl = press('k', { ctrlKey: true })
    const meta = press('k', { metaKey: true })
    expect([matches('Mod+K', ctrl, false), matches('Mod+K', meta, false)]).toEqual([true, false])
    expect([matches('Mod+K', ctrl, true), matches('Mod+K', meta, true)]).toEqual([false, true])
  })

  it('is another one with more or fewer keys held down', () => {
    const held = { ctrlKey: true, shiftKey: true }
    expect(matches('Mod+Shift+O', press('O', held), false)).toBe(true)
    expect(matches('Mod+Shift+O', press('o', { ctrlKey: true }), false)).toBe(false)
    expect(matches('Mod+K', press('K', held), false)).toBe(false)
    expect(matches('Mod+K', press('k', { ctrlKey: true, altKey: true }), false)).toBe(false)
    expect(matches('Escape', press('Escape', { shiftKey: true }), false)).toBe(false)
    expect(matches('Alt+ArrowUp', press('ArrowUp'), false)).toBe(false)
  })

  it('that is a sign counts however the keyboard writes it, but not as a command', () => {
    expect(matches('?', press('?', { shiftKey: true }), false)).toBe(true)
    expect(matches('/', press('/', { shiftKey: true }), false)).toBe(true)
    expect(matches('/', press('/'), false)).toBe(true)
    expect(matches('/', press('/', { ctrlKey: true }), false)).toBe(false)
  })

  it('on a keyboard of other letters is where the Latin one is', () => {
    const held = { ctrlKey: true }
    expect(matches('Mod+K', press('л', { ...held, code: 'KeyK' }), false)).toBe(true)
    // Dvorak has its K elsewhere.
    expect(matches('Mod+K', press('t', { ...held, code: 'KeyK' }), false)).toBe(false)
    expect(matches('Mod+K', press('k', { ...held, code: 'KeyV' }), false)).toBe(true)
  })
})

it('keys are shown and spoken as the platform has them', () => {
  expect(['MacIntel', 'iPad', 'Win32', 'Linux x86_64'].map(isMac)).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(signs('Mod+Shift+O', true)).toEqual(['⌘', '⇧', 'O'])
  expect(signs('Mod+Shift+O', false)).toEqual(['Ctrl', 'Shift', 'O'])
  expect(signs('Alt+ArrowUp', false)).toEqual(['Alt', '↑'])
  expect([spoken('Mod+K', true), spoken('Mod+K', false)]).toEqual(['Meta+K', 'Control+K'])
})
