/** As much of Markdown's tree as is looked at here. */
interface Node {
  readonly type: string
  readonly value?: string
  readonly children?: readonly Node[]
  readonly position?: { readonly start: { readonly offset?: number } }
  data?: object
}

interface Reader {
  data(): object
}

const INLINE = 'language-math'
const DISPLAY = 'language-math-display'

/** Which kind of formula a `code` element is, by its class; null for code. */
export function kindOfFormula(className: string | undefined): 'inline' | 'display' | null {
  if (className === DISPLAY) return 'display'
  return className === INLINE ? 'inline' : null
}

/**
 * A remark step after remark-math: marks the formulas that stand by themselves, which `delimitMath` put between three
 * dollar signs. Blocks of `$$` are not looked for: `delimitMath` leaves none.
 */
export function remarkFormulas(this: Reader) {
  const data = this.data() as { micromarkExtensions?: object[] }
  data.micromarkExtensions ??= []
  data.micromarkExtensions.push({ disable: { null: ['mathFlow'] } })
  return (root: Node, file: object): void => visit(root, String(file))
}

function visit(node: Node, source: string): void {
  if (node.type === 'inlineMath') {
    const display = source.startsWith('$$$', node.position?.start.offset)
    node.data = {
      hName: 'code',
      hProperties: { className: [display ? DISPLAY : INLINE] },
      hChildren: [{ type: 'text', value: node.value }],
    }
  }
  for (const child of node.children ?? []) visit(child, source)
}
