import { expect, it } from 'vitest'
import type { Session } from '../../../protocol/frames'
import { firstOfDays } from './days'

const used = (id: string, at: Date) => ({ id, updated_at: at.toISOString() }) as Session

it('chats are parted by the person’s days, each named once', () => {
  const now = new Date(2026, 2, 10, 9)
  const listed = [
    used('a', new Date(2026, 2, 10, 8)),
    used('b', new Date(2026, 2, 10, 0)),
    used('c', new Date(2026, 2, 9, 23, 59)),
    used('d', new Date(2026, 2, 8, 23)),
    used('e', new Date(2025, 5, 1)),
  ]
  expect([...firstOfDays(listed, now)]).toEqual([
    ['a', 'today'],
    ['c', 'yesterday'],
    ['d', 'earlier'],
  ])
  expect([...firstOfDays([], now)]).toEqual([])
})
