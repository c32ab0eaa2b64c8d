import { describe, expect, it, vi } from 'vitest'
import { page, usePage } from '../../../stores/pageState'
import { SHORTCUTS, type Where, WRITING } from './table'

const stopRunning = vi.hoisted(() => vi.fn())
const closePassages = vi.hoisted(() => vi.fn())
vi.mock('../../../stores/chatStore', () => ({ chat: { stopRunning } }))
vi.mock('../chat/passages', () => ({ closePassages }))

const reading: Where = {
  ...{ writing: false, written: false, inChat: true, covered: false, passages: false, mac: false },
}
const writing: Where = { ...reading, writing: true, written: true }

const possible = (where: Where) =>
  SHORTCUTS.filter((shortcut) => shortcut.when(where)).map((shortcut) => shortcut.keys)

describe('of the keys of the page', () => {
  it('no two are the same, and none is one that browsers keep for themselves', () => {
    const keys = [...SHORTCUTS, ...WRITING].map((shortcut) => shortcut.keys)
    expect(new Set(keys).size).toBe(keys.length)
    for (const taken of ['Mod+N', 'Mod+T', 'Mod+W', 'Mod+Shift+N', 'Mod+Shift+C']) {
      expect(keys).not.toContain(taken)
    }
  })

  it('all work for somebody who reads', () => {
    expect(possible(reading).length).toBe(SHORTCUTS.length)
  })

  it('none that writes a character or moves in a text works while one writes', () => {
    const kept = ['Mod+K', 'Mod+Shift+O', 'Alt+ArrowUp', 'Alt+ArrowDown', 'Escape', 'Mod+Shift+L']
    expect(possible(writing)).toEqual(kept)
    const onMac = possible({ ...writing, mac: true })
    expect(onMac).toEqual(kept.filter((keys) => !keys.startsWith('Alt')))
    expect(possible({ ...writing, mac: true, written: false })).toEqual(kept)
  })

  it('only the search works over what is open, and Escape stops nothing from elsewhere', () => {
    expect(possible({ ...reading, covered: true })).toEqual(['Mod+K'])
    expect(possible({ ...reading, inChat: false })).not.toContain('Escape')
  })

  it('the search takes the place of any dialog but the question whose chats to show', () => {
    const search = SHORTCUTS.find(({ keys }) => keys === 'Mod+K')
    page.askToJoin('code')
    search?.run(reading)
    expect(usePage.getState().dialog?.name).toBe('join')
    page.openDialog('settings')
    search?.run(reading)
    expect(usePage.getState().dialog?.name).toBe('search')
  })

  it('Escape does one thing: it closes the passages, and stops the answer only where there are none', () => {
    const leave = vi.spyOn(page, 'leaveSource').mockReturnValue()
    const shortcut = SHORTCUTS.find(({ keys }) => keys === 'Escape')
    const open = { passages: true }
    shortcut?.run({ ...reading, ...open })
    shortcut?.run({ ...writing, ...open }) // the focus stays with the text
    expect([closePassages, leave, stopRunning].map((each) => each.mock.calls.length)).toEqual([
      1, 1, 0,
    ])
    shortcut?.run(reading)
    expect([closePassages, leave, stopRunning].map((each) => each.mock.calls.length)).toEqual([
      1, 1, 1,
    ])
    expect(possible({ ...reading, ...open, inChat: false })).toContain('Escape')
    expect(possible({ ...writing, ...open, inChat: false })).not.toContain('Escape')
  })
})
