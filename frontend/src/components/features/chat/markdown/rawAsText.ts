import type { Element, Root } from 'hast'

/** HTML in an answer is shown as the text that it is: never run, and not lost either. */
export function rehypeRawAsText() {
  return (root: Root): void => visit(root)
}

function visit(parent: Root | Element): void {
  parent.children = parent.children.map((child) => {
    if ((child.type as string) === 'raw' && 'value' in child) {
      return { type: 'text' as const, value: child.value }
    }
    if (child.type === 'element') visit(child)
    return child
  }) as typeof parent.children
}
