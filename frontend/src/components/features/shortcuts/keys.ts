import { t } from '../../../strings'

/** A key with what is held down with it, as `Mod+Shift+O`; `Mod` is ⌘ on a Mac and Ctrl elsewhere. */
export type Keys = string

export type Press = Pick<
  KeyboardEvent,
  'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'
>

const SIGNS: Readonly<Record<string, readonly [mac: string, elsewhere: string]>> = {
  Mod: ['⌘', t.keys.control],
  Shift: ['⇧', t.keys.shift],
  Alt: ['⌥', t.keys.alt],
  ArrowUp: ['↑', '↑'],
  ArrowDown: ['↓', '↓'],
  Escape: [t.keys.escape, t.keys.escape],
  Enter: ['↩', t.keys.enter],
}

export function isMac(platform: string): boolean {
  return /^(Mac|iP)/.test(platform)
}

/** What stands on the keys, one text each. */
export function signs(keys: Keys, mac: boolean): string[] {
  return keys.split('+').map((key) => SIGNS[key]?.[mac ? 0 : 1] ?? key)
}

/** As `aria-keyshortcuts` wants it. */
export function spoken(keys: Keys, mac: boolean): string {
  return keys.replace('Mod', mac ? 'Meta' : 'Control')
}

export function matches(keys: Keys, press: Press, mac: boolean): boolean {
  const parts = keys.split('+')
  const key = parts.at(-1) ?? ''
  const held = (name: string) => parts.includes(name)
  const mod = mac ? press.metaKey : press.ctrlKey
  const other = mac ? press.ctrlKey : press.metaKey
  if (other || mod !== held('Mod') || press.altKey !== held('Alt')) return false
  // A sign such as ? or / is written with Shift on one keyboard and without it on another.
  if (!isSign(key) && press.shiftKey !== held('Shift')) return false
  return press.key.toLowerCase() === key.toLowerCase() || isLetterKey(key, press)
}

function isSign(key: string): boolean {
  return key.length === 1 && !/[A-Z]/.test(key)
}

/** On a keyboard that writes no Latin letters the key counts that has the letter elsewhere. */
function isLetterKey(key: string, press: Press): boolean {
  return press.code === `Key${key}` && !/^[a-z]$/i.test(press.key)
}
