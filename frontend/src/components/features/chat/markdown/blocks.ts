import { Marked, type Token } from 'marked'
import { displayMath, openMath } from './math'

export const GROUP = 50
const HELD_BACK = 2
/** Quotes and lists in each other, a hundred deep: nobody means it, and drawing it overflows the stack sooner or later. */
const TOO_DEEP = /^(?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t])){100}/m

export interface Blocks {
  /** All blocks in groups by their place; a group that is full and settled is the same array for ever. */
  readonly groups: readonly (readonly string[])[]
  readonly count: number
  /** Link definitions, which a block elsewhere may use. */
  readonly definitions: string
}

/**
 * Splits a growing Markdown text into blocks. Only the tail is lexed: a block is settled once two more have begun
 * after it, since until then what follows may still become part of it. Throws for a text that is nested too deeply.
 */
export class BlockSplitter {
  private text = ''
  /** What is not settled, with plain ends of lines. */
  private rest = ''
  private full: string[][] = []
  private last: string[] = []
  private definitions = ''

  update(text: string, ended: boolean): Blocks {
    // One reading of the whole at the end, so that a streamed answer is drawn exactly like a stored one.
    if (ended || !text.startsWith(this.text)) this.reset()
    const added = text.slice(this.text.length)
    const second = this.text.endsWith('\r') && added.startsWith('\n')
    this.rest += (second ? added.slice(1) : added).replace(/\r\n?/g, '\n')
    this.text = text
    if (TOO_DEEP.test(this.rest)) throw new RangeError('nested too deeply')
    const tokens = (ended ? whole : growing).lexer(this.rest)
    const keep = ended ? 0 : heldBack(tokens)
    for (const token of tokens.slice(0, tokens.length - keep)) this.settle(token)
    const tail = tokens.slice(tokens.length - keep).filter(isBlock)
    const open = [...this.last, ...tail.map((token) => token.raw)]
    const groups = [...this.full]
    for (let at = 0; at < open.length; at += GROUP) groups.push(open.slice(at, at + GROUP))
    return {
      groups,
      count: this.full.length * GROUP + open.length,
      definitions: this.definitions,
    }
  }

  private settle(token: Token): void {
    this.rest = this.rest.slice(token.raw.length)
    if (token.type === 'def') this.definitions += `\n${token.raw}`
    if (!isBlock(token)) return
    this.last.push(token.raw)
    if (this.last.length < GROUP) return
    this.full.push(this.last)
    this.last = []
  }

  private reset(): void {
    this.text = ''
    this.rest = ''
    this.full = []
    this.last = []
    this.definitions = ''
  }
}

/** Where the first formula on lines of its own begins in the paragraph that `rest` continues. */
function mathStart(rest: string): number | undefined {
  const end = rest.indexOf('\n\n')
  const found = /\n {0,3}(?:\$\$(?!\$)|\\\[)/.exec(end < 0 ? rest : rest.slice(0, end))
  return found ? found.index + 1 : undefined
}

/** A formula is one block, although its lines may look like lists or headings. */
function lexer(read: (text: string) => string | null): Marked {
  const tokenizer = (text: string) => {
    const raw = read(text)
    return raw === null ? undefined : { type: 'math', raw }
  }
  return new Marked({
    gfm: true,
    extensions: [{ name: 'math', level: 'block', start: mathStart, tokenizer }],
  })
}

const whole = lexer(displayMath)
const growing = lexer((text) => displayMath(text) ?? openMath(text))

function isBlock(token: Token): boolean {
  return token.type !== 'space' && token.type !== 'def'
}

/** How many tokens at the end hold the last two blocks and the space between them. */
function heldBack(tokens: readonly Token[]): number {
  let blocks = 0
  let count = 0
  for (const token of [...tokens].reverse()) {
    if (blocks === HELD_BACK) break
    count += 1
    if (isBlock(token)) blocks += 1
  }
  return count
}

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*\n?/

export interface OpenCode {
  readonly code: string
  readonly language: string | null
}

/** The code of a fence that has not closed yet: shown as it is, without parsing it in every frame. */
export function openFence(block: string): OpenCode | null {
  const opening = FENCE.exec(block)
  const fence = opening?.[1]
  if (!opening || !fence) return null
  const sign = fence.startsWith('~') ? '~' : '`'
  const closing = new RegExp(`\\n {0,3}${sign}{${fence.length},}[ \\t]*\\n?$`)
  if (closing.test(block)) return null
  return { code: block.slice(opening[0].length), language: opening[2] || null }
}
