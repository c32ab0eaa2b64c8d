import { type RefObject, useEffect, useRef } from 'react'

/**
 * The keys of rows that stay although they leave the view: the one that has the focus, and those where a selection
 * begins and ends. Without them the focus would fall to the page, and the selection would collapse.
 */
export function useKeptRows(
  scroller: RefObject<HTMLDivElement | null>,
  keys: readonly string[],
): RefObject<ReadonlySet<string>> {
  const kept = useRef<ReadonlySet<string>>(new Set())
  const all = useRef(keys)
  all.current = keys
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const look = () => {
      const selection = document.getSelection()
      const ends = selection?.isCollapsed ? [] : [selection?.anchorNode, selection?.focusNode]
      const rows = [document.activeElement, ...ends].map((node) => rowAround(node, element))
      const found = rows.map((row) => all.current[Number(row?.dataset['index'])])
      kept.current = new Set(found.filter((key) => key !== undefined))
    }
    element.addEventListener('focusin', look)
    element.addEventListener('focusout', look)
    document.addEventListener('selectionchange', look)
    return () => {
      element.removeEventListener('focusin', look)
      element.removeEventListener('focusout', look)
      document.removeEventListener('selectionchange', look)
    }
  }, [scroller])
  return kept
}

function rowAround(node: Node | null | undefined, inside: HTMLElement): HTMLElement | null {
  if (!node || !inside.contains(node)) return null
  const element = node instanceof Element ? node : node.parentElement
  return element?.closest<HTMLElement>('[data-index]') ?? null
}
