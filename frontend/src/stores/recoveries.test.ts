import { expect, it, vi } from 'vitest'
import type { ServerFrame } from '../protocol/frames'
import { recoveries, useRecovered } from './recoveries'

const frames = (seq: number, end: number): ServerFrame[] => {
  const session = { session_id: 's', epoch: 'e' }
  return [
    { type: 'subscribed', ...session, seq, end, recovered: true },
    { type: 'token', ...session, message_id: 'a', content: 'x', at: 0, from: seq + 1, seq: end },
  ]
}

it('what was recovered is shown for six seconds, counted from the last recovery', () => {
  vi.useFakeTimers()
  const recover = (seq: number, end: number) => {
    recoveries.lost()
    for (const frame of frames(seq, end)) recoveries.hear(frame)
  }
  recoveries.hear({ ...frames(1, 1)[0] } as ServerFrame)
  recover(1, 4)
  expect(useRecovered.getState()).toEqual({ a: 3 })
  vi.advanceTimersByTime(4_000)
  recover(4, 6)
  vi.advanceTimersByTime(5_999)
  expect(useRecovered.getState()).toEqual({ a: 2 })
  vi.advanceTimersByTime(1)
  expect(useRecovered.getState()).toEqual({})
  vi.useRealTimers()
})
