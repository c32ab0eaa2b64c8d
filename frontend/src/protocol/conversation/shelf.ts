import type { Page } from '../frames'
import { isTerminal } from '../message'
import { newEpoch } from './asking'
import { withoutReplaced } from './pages'
import { RowMap } from './rowMap'
import { mergeRows } from './rows'
import { type Conversation, type Row, type Step, stay } from './state'

/**
 * The most that is held of one session. A longer one keeps every row's place and lets go of the texts that are
 * farthest from the view, so that nothing on the screen moves when they go or come.
 */
const MOST_MESSAGES = 400
const MOST_UNITS = 4 * 1024 * 1024
/** Room is made for some more at once, so that not every new message costs a round of its own. */
const ROOM = 0.9
/** What the log may speak of next stays. */
const NEWEST_KEPT = 10
/** So many rows before and after the view are wanted in full. */
const MARGIN = 40

/** The rows on the screen, by their ids. */
export interface Sight {
  readonly first: string
  readonly last: string
  /** Rows that stay whatever their distance: where the focus or a selection is. */
  readonly kept: ReadonlySet<string>
}

/** The ids whose texts are to go, or none while all of them fit. Farthest from the view first. */
export function surplus(state: Conversation, sight: Sight): string[] {
  let [messages, units] = heldIn(state)
  if (messages <= MOST_MESSAGES && units <= MOST_UNITS) return []
  const gone: string[] = []
  for (const row of farthestFirst(state, sight)) {
    if (messages <= MOST_MESSAGES * ROOM && units <= MOST_UNITS * ROOM) break
    if (!maySleep(row) || sight.kept.has(row.message.id)) continue
    gone.push(row.message.id)
    messages -= 1
    units -= unitsOf(row)
  }
  return gone
}

function heldIn(state: Conversation): [messages: number, units: number] {
  let messages = 0
  let units = 0
  for (const row of state.rows.values()) {
    if (row.shelved) continue
    messages += 1
    units += unitsOf(row)
  }
  return [messages, units]
}

function unitsOf({ message: { content, sources } }: Row): number {
  return sources.reduce((sum, source) => sum + source.excerpt.length, content.length)
}

/** What failed is looked for again, what runs is still written: both stay. */
function maySleep({ message, shelved }: Row): boolean {
  return !shelved && isTerminal(message) && message.error === null
}

function* farthestFirst(state: Conversation, sight: Sight): Iterable<Row> {
  const [from, to] = placeOf(state, sight)
  let low = 0
  let high = state.order.length - 1 - NEWEST_KEPT
  while (low <= high && (low < from || high > to)) {
    const at = from - low >= high - to ? low++ : high--
    const row = state.rows.get(state.order[at] ?? '')
    if (row) yield row
  }
}

/** Between which rows the view lies. A row that is not known any more stands for the end. */
function placeOf({ order }: Conversation, { first, last }: Sight): [from: number, to: number] {
  const to = order.lastIndexOf(last)
  const end = to < 0 ? order.length - 1 : to
  const from = order.lastIndexOf(first, end)
  return [from < 0 ? end : from, end]
}

/** The row before which a page is to be read, so that what lies around the view is whole; null if it is. */
export function pageWanted(state: Conversation, sight: Sight): string | null {
  const [from, to] = placeOf(state, sight)
  const nearest = Math.min(to + MARGIN, state.order.length - 2)
  for (let at = nearest; at >= Math.max(0, from - MARGIN); at -= 1) {
    if (state.rows.get(state.order[at] ?? '')?.shelved) return state.order[at + 1] ?? null
  }
  return null
}

export function shelve(state: Conversation, ids: readonly string[]): Conversation {
  const gone = new Set(ids)
  const put = (row: Row): Row =>
    gone.has(row.message.id)
      ? { ...row, shelved: true, message: { ...row.message, content: '', sources: [] } }
      : row
  return { ...state, rows: RowMap.of(Array.from(state.rows.values(), put)) }
}

/** A page read for its texts alone. What it leaves out of its range was replaced, and would be asked for in vain. */
export function putBack(state: Conversation, page: Page, era: number): Step {
  if (era !== state.era) return stay(state)
  if (page.epoch !== state.epoch) return newEpoch(state, page.epoch)
  const held = page.messages.filter((message) => state.rows.get(message.id)?.shelved)
  return stay(mergeRows(withoutReplaced(state, page), held, 'read'))
}
