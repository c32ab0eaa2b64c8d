import { useEffect } from 'react'
import { usePage } from '../../../stores/pageState'
import { matches } from './keys'
import { onMac } from './platform'
import { SHORTCUTS, type Where } from './table'

const FIELDS = 'input, textarea, select, [contenteditable]'
const CHAT = '[role="log"], #composer'

/** The keys of the whole page. Whoever handles a key nearer to where it is pressed has it. */
export function useShortcuts(): void {
  useEffect(() => {
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [])
}

function onKeyDown(event: KeyboardEvent): void {
  // An input method's keys are its own. Safari ends composing before it sends the key: 229.
  if (event.defaultPrevented || event.repeat || event.isComposing || event.keyCode === 229) return
  const where = whereIs(event.target)
  const found = SHORTCUTS.find(({ keys, when }) => matches(keys, event, onMac) && when(where))
  if (!found) return
  event.preventDefault()
  found.run(where)
}

function whereIs(target: EventTarget | null): Where {
  const element = target instanceof Element ? target : document.body
  const field = element.closest<HTMLInputElement>(FIELDS)
  return {
    writing: field !== null,
    written: field !== null && field.value !== '',
    inChat: element === document.body || element.closest(CHAT) !== null,
    // A tip is a popover too, a manual one, and in nobody's way.
    covered: document.querySelector('dialog[open], [popover=auto]:popover-open') !== null,
    passages: usePage.getState().source !== null,
    mac: onMac,
  }
}
