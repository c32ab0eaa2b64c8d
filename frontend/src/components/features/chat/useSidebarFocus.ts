import { type RefObject, useEffect, useRef } from 'react'
import { usePage } from '../../../stores/pageState'

/** On a narrow screen the chats lie over the page: the focus goes to them, and back to what opened them. */
export function useSidebarFocus(): RefObject<HTMLDivElement | null> {
  const sidebar = useRef<HTMLDivElement>(null)
  const opener = useRef<Element | null>(null)
  const open = usePage((s) => s.sidebarOpen)
  useEffect(() => {
    if (open) {
      opener.current = document.activeElement
      sidebar.current?.querySelector('button')?.focus()
      return
    }
    // Unless it has already gone to what was chosen there.
    const inside = sidebar.current?.contains(document.activeElement)
    if (inside && opener.current instanceof HTMLElement) opener.current.focus()
    opener.current = null
  }, [open])
  return sidebar
}
