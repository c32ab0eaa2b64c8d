import type { SavedFile } from './rest'

/** Hands a file to the browser, which saves it as it saves any download. */
export function save({ name, blob }: SavedFile): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The download has begun by then; Safari reads the address a little later.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
