/** Pixels and characters as on a wide screen: a guess for rows that were never drawn, so that few move when they are. */
const LINE = 26
const LINE_CHARS = 84
const AROUND = { user: 48, assistant: 108 } as const

export function expectedHeight(role: keyof typeof AROUND, length: number): number {
  return AROUND[role] + Math.max(1, Math.ceil(length / LINE_CHARS)) * LINE
}
