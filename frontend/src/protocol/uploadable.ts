/** Which files the server takes in. The page says so beforehand and sends nothing else. */
export const ENDINGS = [
  '.md',
  '.markdown',
  '.txt',
  '.text',
  '.rst',
  '.html',
  '.htm',
  '.xhtml',
  '.pdf',
] as const
const TYPES = new Set(['text/markdown', 'text/plain', 'text/html', 'application/pdf'])
export const LARGEST_BYTES = 20 * 1024 * 1024
export const FILES_AT_ONCE = 100

export type Unfit = 'type' | 'empty' | 'large'

/** Why a file would be refused, or null. As on the server, the ending of its name comes before its declared type. */
export function unfit(file: { name: string; type: string; size: number }): Unfit | null {
  const name = file.name.toLowerCase()
  if (!ENDINGS.some((ending) => name.endsWith(ending)) && !TYPES.has(file.type)) return 'type'
  if (file.size === 0) return 'empty'
  return file.size > LARGEST_BYTES ? 'large' : null
}
