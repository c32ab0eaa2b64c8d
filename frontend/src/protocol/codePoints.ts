/** Lengths and offsets on the wire count Unicode code points; JavaScript counts UTF-16 units. */
export function countCodePoints(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i += 1) {
    // The second half of a pair is the one unit that begins no code point.
    const unit = text.charCodeAt(i)
    if (unit < 0xdc00 || unit > 0xdfff) count += 1
  }
  return count
}

/** `text` without its first `count` code points. */
export function dropCodePoints(text: string, count: number): string {
  let left = count
  let at = 0
  while (left > 0 && at < text.length) {
    const unit = text.charCodeAt(at)
    at += unit >= 0xd800 && unit <= 0xdbff ? 2 : 1
    left -= 1
  }
  return text.slice(at)
}
