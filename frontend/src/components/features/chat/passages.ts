import { page } from '../../../stores/pageState'

let openedBy: HTMLElement | null = null

/** `opener`: what was pressed. It gets the focus back, also where a press gives it none. */
export function openPassage(messageId: string, number: number, opener: HTMLElement): void {
  openedBy = opener
  page.openSource(messageId, number)
}

/** Closes the passages and gives the focus back to what opened them, or to the chat if that has gone. */
export function closePassages(): void {
  page.leaveSource()
  const heir = openedBy?.isConnected
    ? openedBy
    : document.querySelector<HTMLElement>('[role="log"]')
  heir?.focus({ preventScroll: true })
  openedBy = null
}
