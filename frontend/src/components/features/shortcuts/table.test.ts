import { describe, expect, it, vi } from 'vitest'
import { page, usePage } from '../../../stores/pageState'
import { SHORTCUTS, type Where, WRITING } from './table'

vi.mock('../../../stores/chatStore', () => ({ chat: {} }))

const reading: Where = {
  ...{ writing: false, written: false, inChat: true, covered: false, mac: false },
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
    search?.run()
    expect(usePage.getState().dialog?.name).toBe('join')
    page.openDialog('settings')
    search?.run()
    expect(usePage.getState().dialog?.name).toBe('search')
  })
})
