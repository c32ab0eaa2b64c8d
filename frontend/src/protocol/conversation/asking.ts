import { RowMap } from './rowMap'
import { askId, type Conversation, type Step } from './state'

/** Subscribes from the cursor, or without a position. One ask is outstanding at a time. */
export function ask(state: Conversation, withPosition = true, delayMs = 0): Step {
  const asks = state.asks + 1
  const { epoch, cursor } = state
  const position =
    withPosition && epoch !== null && cursor !== null ? { epoch, after: cursor } : null
  return {
    state: { ...state, asks, following: 'asked' },
    effects: [{ do: 'subscribe', id: askId(state.sessionId, asks), position, delayMs }],
  }
}

/** Wants the newest page by a request made from now on; earlier ones no longer count. */
export function wantPage(state: Conversation, delayMs = 0): Step {
  const ticket = state.ticket + 1
  return {
    state: { ...state, ticket, pageWanted: true },
    effects: [{ do: 'load-newest', ticket, delayMs }],
  }
}

/** Rule 5: again from the cursor; at a second gap in the same place without a position. */
export function gap(state: Conversation): Step {
  const again = state.gapAt === state.cursor
  return ask({ ...state, gapAt: state.cursor }, !again)
}

/** Rule 7: the log may have gone back. Rows and cursor go; page, then subscribe from its position. */
export function newEpoch(state: Conversation, epoch: string): Step {
  return wantPage({
    ...state,
    epoch,
    cursor: null,
    gapAt: null,
    era: state.era + 1,
    following: 'page',
    loaded: false,
    lostAt: null,
    startId: null,
    order: [],
    rows: RowMap.empty,
  })
}
