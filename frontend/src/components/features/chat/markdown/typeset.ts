import katex, { type KatexOptions } from 'katex'
import { createElement, type ReactNode } from 'react'
import css from './Formula.module.css'

/** MathML only; nothing that could fetch, link, run or grow without bounds. */
const OPTIONS: KatexOptions = {
  output: 'mathml',
  throwOnError: true,
  // What is refused would be drawn in red and without its contents; its source says more.
  trust: () => {
    throw new Error('refused')
  },
  strict: 'ignore',
  maxExpand: 300,
  maxSize: 30,
}

const ELEMENTS = new Set(
  `math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts
   mprescripts none mtable mtr mtd mlabeledtr mpadded mphantom mstyle menclose`.split(/\s+/),
)
const ATTRIBUTES = new Set(
  `display mathvariant mathsize mathcolor mathbackground stretchy symmetric fence separator form largeop movablelimits
   accent accentunder lspace rspace minsize maxsize linethickness width height depth voffset scriptlevel displaystyle
   columnalign rowspacing columnspacing columnlines rowlines notation`.split(/\s+/),
)

/** The formula as elements of the page; null if it is not one. */
export function typeset(tex: string, display: boolean): ReactNode {
  try {
    const html = katex.renderToString(tex, { ...OPTIONS, displayMode: display })
    const math = new DOMParser().parseFromString(html, 'text/html').querySelector('math')
    return math && draw(math, 0, { alttext: tex })
  } catch {
    return null
  }
}

function draw(node: Element, key: number, more: Record<string, unknown> = {}): ReactNode {
  // Beside what is drawn stands its source, which nobody needs twice.
  if (node.localName === 'semantics')
    return node.firstElementChild && draw(node.firstElementChild, key)
  if (!ELEMENTS.has(node.localName)) return node.textContent
  const kept = [...node.attributes].filter(({ name }) => ATTRIBUTES.has(name))
  const props = {
    ...Object.fromEntries(kept.map(({ name, value }) => [name, value])),
    ...more,
    key,
  }
  const children = [...node.childNodes].map((child, index) =>
    child instanceof Element ? draw(child, index, aligned(child, index)) : child.textContent,
  )
  return createElement(node.localName, props, ...children)
}

/** Browsers follow style sheets where MathML's `columnalign` says how the columns of a table stand. */
function aligned(cell: Element, column: number): Record<string, unknown> {
  const sides = cell.localName === 'mtd' && cell.closest('mtable')?.getAttribute('columnalign')
  if (!sides) return {}
  const side = sides.split(/\s+/)[column]
  return side === 'left' || side === 'right' ? { className: css[side] } : {}
}
