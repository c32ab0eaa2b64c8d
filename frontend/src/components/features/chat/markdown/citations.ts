import type { Element, ElementContent, Root, Text } from 'hast'

const CITATION = /\[(\d{1,2})\]/g
const LITERAL = new Set(['code', 'pre', 'a'])

/** The word before a citation, if it is short enough to go to the next line with it. */
const LAST_WORD = /(?<!\S)\S{1,20} ?$/

/** The element that keeps a word and its citation on one line. */
export const CITED_TAG = 'cited-word'

/** The element that a citation `[n]` in running text becomes; the page draws it as a button. */
export const CITATION_TAG = 'citation-mark'

/** A rehype step, after sanitising: no answer can bring such an element itself. */
export function rehypeCitations() {
  return (root: Root): void => visit(root)
}

function visit(parent: Root | Element): void {
  const children: (ElementContent | Root['children'][number])[] = []
  for (const child of parent.children) {
    if (child.type === 'text') children.push(...split(child))
    else {
      if (child.type === 'element' && !LITERAL.has(child.tagName)) visit(child)
      children.push(child)
    }
  }
  parent.children = children as typeof parent.children
}

function split(text: Text): ElementContent[] {
  const parts: ElementContent[] = []
  let at = 0
  for (const match of text.value.matchAll(CITATION)) {
    const before = text.value.slice(at, match.index)
    const word = LAST_WORD.exec(before)?.[0] ?? ''
    const rest = before.slice(0, before.length - word.length)
    if (rest !== '') parts.push({ type: 'text', value: rest })
    parts.push(...together(word, mark(Number(match[1]))))
    at = match.index + match[0].length
  }
  if (at < text.value.length) parts.push({ type: 'text', value: text.value.slice(at) })
  return parts
}

function mark(number: number): Element {
  return { type: 'element', tagName: CITATION_TAG, properties: { number }, children: [] }
}

/** A number does not stand alone at the beginning of a line. */
function together(word: string, number: Element): ElementContent[] {
  if (word === '') return [number]
  const children: ElementContent[] = [{ type: 'text', value: word }, number]
  return [{ type: 'element', tagName: CITED_TAG, properties: {}, children }]
}
