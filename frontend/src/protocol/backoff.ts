const STEPS_S = [1, 2, 4, 8, 16, 30] as const
const SMALLEST_FACTOR = 0.8

/**
 * Milliseconds to wait before try number `attempt` (from 0): 1, 2, 4, 8, 16, 30, 30 … s,
 * each times a factor from 0.8 to 1 so that clients do not come back in step.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const step = STEPS_S[Math.min(Math.max(attempt, 0), STEPS_S.length - 1)] ?? 30
  return step * 1000 * (SMALLEST_FACTOR + (1 - SMALLEST_FACTOR) * random())
}

const ASK_AGAIN_MS = [2_000, 5_000, 10_000] as const

/** Milliseconds before a message is asked about again: 2, 5, 10, 30, 30 … s. */
export function askAgainMs(attempt: number): number {
  return ASK_AGAIN_MS[attempt] ?? 30_000
}

/** Milliseconds before REST try number `attempt` (from 0): 1, 2, 4, 8 … s, at most 30. */
export function restDelayMs(attempt: number): number {
  return Math.min(1000 * 2 ** attempt, 30_000)
}
