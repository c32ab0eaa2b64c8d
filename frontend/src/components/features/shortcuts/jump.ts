/** To the end of the conversation: by its button where there is one, since the list alone knows how far its end is. */
export function jumpToLatest(): void {
  const button = document.querySelector<HTMLElement>('[data-testid="jump-to-latest"]')
  if (button) return button.click()
  const list = document.querySelector('[role="log"]')
  list?.scrollTo({ top: list.scrollHeight, behavior: 'instant' })
}
