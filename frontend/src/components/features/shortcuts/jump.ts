/** To the end of the conversation, as the person's own scrolling: the list then follows what comes. */
export function jumpToLatest(): void {
  const list = document.querySelector<HTMLElement>('[role="log"]')
  list?.focus({ preventScroll: true })
  list?.scrollTo({ top: list.scrollHeight, behavior: 'instant' })
}
