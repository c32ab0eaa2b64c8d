interface Part {
  readonly text: string
  readonly marked: boolean
  readonly at: number
}

const LETTER = '[\\p{L}\\p{N}]'
const WORDS = /[\p{L}\p{N}]+/gu
/** Scripts that put no spaces between words: what is looked for may stand anywhere. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u

/**
 * An excerpt cut so that the words that were searched for can be marked, as the server finds them: without case and
 * accents, the last one as a beginning.
 */
export function markWords(excerpt: string, words: string): Part[] {
  const { folded, origin } = fold(excerpt)
  const wanted = pattern(fold(words).folded)
  const parts: Part[] = []
  const add = (from: number, to: number, marked: boolean) => {
    if (to > from) parts.push({ text: excerpt.slice(from, to), marked, at: from })
  }
  let end = 0
  for (const match of wanted ? folded.matchAll(wanted) : []) {
    const from = origin[match.index] ?? excerpt.length
    const to = origin[match.index + match[0].length] ?? excerpt.length
    add(end, from, false)
    add(Math.max(end, from), to, true)
    end = to
  }
  add(end, excerpt.length, false)
  return parts
}

function pattern(folded: string): RegExp | null {
  const words = folded.match(WORDS) ?? []
  const wanted = words.map((word, index) => {
    if (UNSPACED.test(word)) return word
    const begun = index === words.length - 1
    return `(?<!${LETTER})${word}${begun ? '' : `(?!${LETTER})`}`
  })
  return wanted.length > 0 ? new RegExp(wanted.join('|'), 'gu') : null
}

/** The text without case and accents, and where each of its characters stood. */
function fold(text: string): { folded: string; origin: number[] } {
  let folded = ''
  const origin: number[] = []
  let at = 0
  for (const character of text) {
    const bare = character.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
    for (let i = 0; i < bare.length; i += 1) origin.push(at)
    folded += bare
    at += character.length
  }
  return { folded, origin }
}
