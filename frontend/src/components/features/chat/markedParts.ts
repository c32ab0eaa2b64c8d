export interface Part {
  readonly text: string
  readonly marked: boolean
  readonly at: number
}

const SHORTEST = 24

/** A passage cut so that the sentences which the answer took from it can be marked. */
export function markedParts(excerpt: string, answer: string): Part[] {
  const said = plain(answer)
  const parts: Part[] = []
  for (const match of excerpt.matchAll(/\s+|[^\s.!?][^.!?\n]*[.!?]*|[.!?]+/g)) {
    const text = match[0]
    const words = plain(text)
    const marked = words.length >= SHORTEST && said.includes(words)
    const last = parts.at(-1)
    if (last && last.marked === marked)
      parts[parts.length - 1] = { ...last, text: last.text + text }
    else parts.push({ text, marked, at: match.index })
  }
  return parts
}

/** Words alone: without Markdown's signs, citations and spacing, which differ between passage and answer. */
function plain(text: string): string {
  return text
    .replace(/\[\d{1,2}\]/g, '')
    .replace(/[*_`#>|[\]()]/g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[.!?]+$/, '')
}
