/** What had the focus is gone: the next Tab would start at the top of the page. */
export function focusIsLost(): boolean {
  const { activeElement } = document
  return activeElement === null || activeElement === document.body
}

/**
 * The ref of an element that may leave the page while it has the focus: the heir gets it. To be made once, outside of
 * components, since React calls a new one anew.
 */
export function bequeath(heir: (element: HTMLElement) => HTMLElement | null | undefined) {
  return (element: HTMLElement | null) => () => {
    if (element && document.activeElement === element) heir(element)?.focus({ preventScroll: true })
  }
}

export function composer(): HTMLElement | null {
  return document.getElementById('composer')
}
