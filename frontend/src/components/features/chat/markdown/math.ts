/** The longest formula that is looked for: an opening sign without an end must not cost a walk through a long text. */
const REACH = 4_000

/** What is left as it is: code, HTML, addresses, and signs that were escaped. */
const LITERAL = /<[a-z/!?][^>\n]{0,999}>|https?:\/\/[^\s)]+|\]\([^)\n]{0,999}\)|\\[^([]/giy
const FENCE_LINE = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})/
/** What may stand before a formula on a line of its own: the signs of lists and quotes. */
const CONTAINER = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*[ \t>]*$/
const BLANK_LINE = /\n[ \t>]*\n/
const OPENING = /^(?:\$\$(?!\$)|\\[([])/
/** Keeps the signs of two formulas from running together. */
const APART = '\u200b'
const PUNCTUATION = /[!-/:-@[-`{-~]/g

/** Where signs that would close something are not: nowhere before this place. */
type Lacking = Map<string, number>

interface Formula {
  readonly end: number
  readonly tex: string
  readonly display: boolean
}

/**
 * Gives every formula of a block the one form that Markdown's reader is told of: two dollar signs around one that
 * stands in a line, three around one that stands by itself. `$$…$$`, `\(…\)`, `\[…\]` are formulas, and `$…$` by
 * Pandoc's rule: no space inside the signs, no digit after them, so that sums of money stay text. Other dollar signs
 * become plain signs. While a block grows, a formula that is still open keeps its source's very signs.
 */
export function delimitMath(block: string, growing = false): string {
  if (!/[$\\]/.test(block) || /^(?: {4}|\t| {0,3}<[a-z/!?])/i.test(block)) return block
  const lacking: Lacking = new Map()
  const parts: string[] = []
  let at = 0
  const put = (part: string, end: number) => {
    parts.push(part)
    at = end
  }
  const keep = (end: number) => put(block.slice(at, end), end)
  while (at < block.length) {
    if (at === 0 || block[at - 1] === '\n') {
      const end = fenceEnd(block, at)
      if (end > at) {
        keep(end)
        continue
      }
    }
    const sign = block[at]
    if (sign === '`') keep(codeEnd(block, at, lacking))
    else if (sign === '$' || sign === '\\') {
      const formula = formulaAt(block, at, lacking)
      if (formula) {
        put((parts.at(-1)?.endsWith('$') ? APART : '') + delimited(formula), formula.end)
      } else if (growing && block[at - 1] !== '$' && OPENING.test(block.slice(at, at + 3))) {
        put(block.slice(at).replace(PUNCTUATION, '\\$&'), block.length)
      } else if (sign === '$' && (parts.at(-1)?.endsWith('$') || block[at + 1] === '$')) {
        put('\\$', at + 1)
      } else keep(literalEnd(block, at) || at + 1)
    } else keep(literalEnd(block, at) || plainEnd(block, at))
  }
  return parts.join('')
}

/** The source of a formula on lines of its own at the beginning of `text`, with the end of its last line. */
export function displayMath(text: string): string | null {
  const at = openingAt(text)
  const formula = at < 0 ? null : formulaAt(text, at)
  if (!formula) return null
  const rest = /[ \t]*(?:\n|$)/y
  rest.lastIndex = formula.end
  return rest.exec(text) ? text.slice(0, rest.lastIndex || formula.end) : null
}

/** A growing text that is nothing but the beginning of such a formula. */
export function openMath(text: string): string | null {
  const at = openingAt(text)
  if (at < 0 || text.length > REACH || formulaAt(text, at) || BLANK_LINE.test(text)) return null
  return text
}

function openingAt(text: string): number {
  const indent = /^ {0,3}/.exec(text)?.[0].length ?? 0
  return /^(?:\$\$(?!\$)|\\\[)/.test(text.slice(indent, indent + 3)) ? indent : -1
}

function delimited({ tex, display }: Formula): string {
  const signs = display ? '$$$' : '$$'
  return `${signs} ${oneLine(tex)} ${signs}`
}

function formulaAt(text: string, at: number, lacking: Lacking = new Map()): Formula | null {
  const reach = text.slice(at, at + REACH)
  if (reach.startsWith('\\(')) return enclosed(reach, at, '\\)', lacking)
  if (reach.startsWith('\\[')) {
    const found = enclosed(reach, at, '\\]', lacking)
    return found && text[found.end] !== '(' ? found : null
  }
  if (text[at - 1] === '$') return null
  if (!reach.startsWith('$$')) return pandoc(reach, at)
  const found = reach[2] === '$' ? null : enclosed(reach, at, '$$', lacking)
  if (!found || text[found.end] === '$' || found.tex.includes('`')) return null
  return { ...found, display: standsAlone(text, at, found.end) }
}

function enclosed(reach: string, at: number, close: string, lacking: Lacking): Formula | null {
  let end = reach.indexOf(close, Math.max(2, (lacking.get(close) ?? 0) - at))
  while (end > 0 && isEscaped(reach, end)) end = reach.indexOf(close, end + 1)
  if (end < 0) {
    lacking.set(close, at + reach.length - 1)
    return null
  }
  const tex = reach.slice(2, end)
  if (tex.trim() === '' || BLANK_LINE.test(tex)) return null
  return { end: at + end + 2, tex, display: close === '\\]' }
}

function pandoc(reach: string, at: number): Formula | null {
  if (!/^\$[^\s$]/.test(reach)) return null
  for (let end = reach.indexOf('$', 2); end > 0; end = reach.indexOf('$', end + 1)) {
    if (isEscaped(reach, end)) continue
    const tex = reach.slice(1, end)
    // A sign within code ends nothing.
    if (/\s$|`/.test(tex) || BLANK_LINE.test(tex) || /[\d$]/.test(reach[end + 1] ?? '')) return null
    return { end: at + end + 1, tex, display: false }
  }
  return null
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0
  while (text[at - 1 - slashes] === '\\') slashes += 1
  return slashes % 2 === 1
}

function standsAlone(text: string, start: number, end: number): boolean {
  const near = text.slice(Math.max(0, start - 80), start)
  const before = near.slice(near.lastIndexOf('\n') + 1)
  return CONTAINER.test(before) && /^[ \t]*(?:\n|$)/.test(text.slice(end, end + 80))
}

/** A new line within a formula is a space, but in a list or a quote it would bring that one's signs with it. */
function oneLine(tex: string): string {
  return tex
    .replace(/(^|[^\\])%.*$/gm, '$1')
    .replace(/\s*\n[ \t>]*/g, ' ')
    .trim()
}

function fenceEnd(text: string, at: number): number {
  const next = text.indexOf('\n', at)
  const opening = FENCE_LINE.exec(text.slice(at, next < 0 ? text.length : next))?.[1]
  if (!opening) return at
  const closing = new RegExp(`\\n[ \\t>]*${opening[0]}{${opening.length},}[ \\t]*(?=\\n|$)`, 'g')
  closing.lastIndex = at
  return closing.exec(text) ? closing.lastIndex : text.length
}

/** Behind a span of code; behind its first signs if nothing closes it. */
function codeEnd(text: string, at: number, lacking: Lacking): number {
  let after = at
  while (text[after] === '`') after += 1
  const signs = text.slice(at, after)
  if (lacking.has(signs)) return after
  const closing = new RegExp(`(?<!\`)${signs}(?!\`)`, 'g')
  closing.lastIndex = after
  if (closing.exec(text)) return closing.lastIndex
  lacking.set(signs, text.length)
  return after
}

function literalEnd(text: string, at: number): number {
  LITERAL.lastIndex = at
  return LITERAL.exec(text) ? LITERAL.lastIndex : 0
}

/** The next sign after `at` that may mean something. */
function plainEnd(text: string, at: number): number {
  const next = /[`$\\<\]\n]|https?:/g
  next.lastIndex = at + 1
  const found = next.exec(text)
  if (!found) return text.length
  return found[0] === '\n' ? found.index + 1 : found.index
}
