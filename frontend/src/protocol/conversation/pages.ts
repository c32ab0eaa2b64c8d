import type { Page } from '../frames'
import { ask, newEpoch, wantPage } from './asking'
import { mergeRows, withoutRows } from './rows'
import { type Conversation, type Step, stay } from './state'

const AGAIN_MS = 1000

/** Rules 6 and 8 for the newest page. */
export function applyNewest(state: Conversation, page: Page, ticket: number): Step {
  if (ticket !== state.ticket) return stay(state)
  if (state.epoch !== null && page.epoch !== state.epoch) return newEpoch(state, page.epoch)
  if (liesBefore(state, page)) return wantPage(state, AGAIN_MS)
  const merged = mergeRows(withoutReplaced(keepRun(state, page), page), page.messages, 'page')
  const oldest = page.messages[0]?.id
  const next: Conversation = {
    ...merged,
    epoch: page.epoch,
    cursor: state.cursor ?? page.seq ?? null,
    pageWanted: false,
    loaded: true,
    lostAt: null,
    startId: page.next_cursor === null ? (oldest ?? null) : merged.startId,
  }
  const waits = next.following === 'no' || next.following === 'page'
  if (waits && next.connected) return ask(next)
  return stay(waits ? { ...next, following: 'no' } : next)
}

/** A page that lies wholly before the run was read before the run's messages existed. */
function liesBefore(state: Conversation, page: Page): boolean {
  const first = state.order[0]
  const oldest = first === undefined ? undefined : state.rows.get(first)?.message.index
  if (oldest === undefined) return false
  const newest = page.messages.at(-1)?.index ?? 0
  return newest < oldest
}

/** Rule 8: a page that touches none of the rows held before leaves a hole, so the older rows go. */
function keepRun(state: Conversation, page: Page): Conversation {
  const limit = state.lostAt ?? state.arrivals
  const touches = page.messages.some((m) => (state.rows.get(m.id)?.arrival ?? Infinity) <= limit)
  const start = page.messages[0]?.index
  if (touches || start === undefined) return state
  return withoutRows(state, (row) => row.message.index < start)
}

/**
 * A page leaves out replaced attempts. What is held in its range and not on it is one of these, and may have been
 * replaced unseen, before its end was heard.
 */
export function withoutReplaced(state: Conversation, page: Page): Conversation {
  const listed = new Set(page.messages.map((message) => message.id))
  const first = page.messages[0]?.index ?? Number.POSITIVE_INFINITY
  const last = page.messages.at(-1)?.index ?? Number.NEGATIVE_INFINITY
  return withoutRows(
    state,
    ({ message: { id, index } }) => index >= first && index <= last && !listed.has(id),
  )
}

/** An older page counts only while the row it was asked before is the oldest shown. */
export function applyOlder(state: Conversation, page: Page, before: string, era: number): Step {
  if (era !== state.era) return stay(state)
  if (page.epoch !== state.epoch) return newEpoch(state, page.epoch)
  if (state.order[0] !== before) return stay(state)
  const merged = mergeRows(state, page.messages, 'page')
  const startId = page.next_cursor === null ? (page.messages[0]?.id ?? before) : merged.startId
  return stay({ ...merged, startId })
}
