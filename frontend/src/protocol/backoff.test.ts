import { expect, it } from 'vitest'
import { askAgainMs, backoffMs, restDelayMs } from './backoff'

it('waits 1, 2, 4, 8, 16, 30, 30 s and never more', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) => backoffMs(attempt, () => 1))
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
})

it('comes at most 20 % earlier', () => {
  expect([0, 4, 9].map((attempt) => backoffMs(attempt, () => 0))).toEqual([800, 12_800, 24_000])
})

it('repeats REST calls after 1, 2, 4, 8 s, at most 30', () => {
  expect([0, 1, 2, 3, 4, 5, 9].map(restDelayMs)).toEqual([
    1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
  ])
})

it('asks about a message again after 2, 5, 10, 30, 30 s', () => {
  expect([0, 1, 2, 3, 9].map(askAgainMs)).toEqual([2000, 5000, 10_000, 30_000, 30_000])
})
