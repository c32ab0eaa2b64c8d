import { countCodePoints, dropCodePoints } from '../codePoints'
import { crc32 } from '../crc32'
import type {
  DoneFrame,
  LoggedFrame,
  Message,
  MessageFrame,
  TerminalErrorFrame,
  TokenFrame,
} from '../frames'
import { isTerminal } from '../message'
import { gap } from './asking'
import { mergeRows, withRow } from './rows'
import { type Conversation, type Effect, type Step, stay } from './state'

/** Rules 4, 5 and 9 for one event of the log. */
export function applyEvent(state: Conversation, frame: LoggedFrame): Step {
  if (state.following !== 'yes' || state.cursor === null) return stay(state)
  const from = frame.type === 'token' ? frame.from : frame.seq
  if (from > state.cursor + 1) return gap(state)
  switch (frame.type) {
    case 'message':
      return moved(applyMessage(state, frame), frame.seq)
    case 'token':
      return applyToken(state, frame)
    case 'done':
    case 'error':
      return applyEnd(state, frame)
  }
}

function applyMessage(state: Conversation, frame: MessageFrame): Conversation {
  const first = state.order[0]
  const oldest = first === undefined ? undefined : state.rows.get(first)?.message.index
  // A replay may reach back before the run that is shown. What stands there has ended since, or nothing newer could
  // have been accepted, and it comes with its page.
  if (oldest !== undefined && frame.message.index < oldest) return state
  // Nor is an attempt held again that a later one has replaced: nobody would see it or wait for its end.
  if (isReplaced(state, frame.message)) return state
  return mergeRows(state, [frame.message], 'event')
}

function isReplaced(state: Conversation, { index, reply_to: question }: Message): boolean {
  if (question === null) return false
  const later = [...state.rows.values()].map((row) => row.message)
  return later.some((other) => other.reply_to === question && other.index > index)
}

function applyToken(state: Conversation, frame: TokenFrame): Step {
  const row = state.rows.get(frame.message_id)
  if (!row || isTerminal(row.message)) return moved(state, frame.seq)
  if (frame.at > row.have) return gap(state)
  const rest = dropCodePoints(frame.content, row.have - frame.at)
  const message = {
    ...row.message,
    status: 'streaming' as const,
    content: row.message.content + rest,
  }
  const have = row.have + countCodePoints(rest)
  return moved(withRow(state, { ...row, message, have }), frame.seq)
}

function applyEnd(state: Conversation, frame: DoneFrame | TerminalErrorFrame): Step {
  const row = state.rows.get(frame.message_id)
  if (!row || isTerminal(row.message)) return moved(state, frame.seq)
  const next = withRow(state, { ...row, message: ended(row.message, frame) })
  const intact = row.have === frame.length && crc32(row.message.content) === frame.crc32
  const effects: Effect[] = intact
    ? []
    : [{ do: 'load-message', messageId: frame.message_id, mismatch: true }]
  return moved(next, frame.seq, effects)
}

function ended<M extends object>(message: M, frame: DoneFrame | TerminalErrorFrame): M {
  if (frame.type === 'done') {
    const { status, sources, confidence, generation_time_ms } = frame
    return { ...message, status, sources, confidence, generation_time_ms }
  }
  const { status, code, message: text, retryable, generation_time_ms = null } = frame
  return { ...message, status, generation_time_ms, error: { code, message: text, retryable } }
}

function moved(state: Conversation, seq: number, effects: readonly Effect[] = []): Step {
  const cursor = Math.max(state.cursor ?? seq, seq)
  const gapAt = cursor === state.cursor ? state.gapAt : null
  return { state: { ...state, cursor, gapAt }, effects }
}
