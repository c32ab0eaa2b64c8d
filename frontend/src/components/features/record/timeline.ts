import type { RecordEvent } from '../../../protocol/frames'
import { t as strings } from '../../../strings'

const t = strings.record

export interface Moment {
  readonly key: string
  /** Since the answer was accepted, e.g. `+0.42 s`. */
  readonly at: string
  readonly what: RecordEvent['what']
  readonly text: string
  readonly detail: string
}

/** What happened to an answer, in words, each with its time since the answer was accepted. */
export function timeline(events: readonly RecordEvent[], messageId: string): Moment[] {
  const start = acceptedAt(events, messageId)
  const readers = numbered(events)
  return events.map((event, index) => ({
    key: `${index} ${event.what}`,
    at: start === null ? '' : since(Date.parse(event.at) - start),
    what: event.what,
    text: textOf(event, readers.get(event.connection ?? '') ?? 0),
    detail: detailOf(event),
  }))
}

/** How long the first words took, in milliseconds; null if none came or nobody noted it. */
export function firstWordsMs(events: readonly RecordEvent[], messageId: string): number | null {
  const start = acceptedAt(events, messageId)
  const first = events.find((e) => e.what === 'first_piece' && e.message_id === messageId)
  return start === null || !first ? null : Math.max(0, Date.parse(first.at) - start)
}

export function since(ms: number): string {
  const sign = ms < 0 ? '−' : '+'
  const seconds = Math.abs(ms) / 1000
  if (seconds < 60) return sign + t.sinceSeconds(seconds.toFixed(seconds < 10 ? 2 : 1))
  const whole = Math.round(seconds)
  return sign + t.sinceMinutes(Math.floor(whole / 60), String(whole % 60).padStart(2, '0'))
}

function acceptedAt(events: readonly RecordEvent[], messageId: string): number | null {
  const accepted = events.filter(({ what }) => what === 'accepted')
  const own = accepted.find((event) => event.message_id === messageId) ?? accepted[0]
  return own ? Date.parse(own.at) : null
}

/** Connections have long names; here they are told apart by the order in which they came. */
function numbered(events: readonly RecordEvent[]): Map<string, number> {
  const names = new Set(events.flatMap(({ connection }) => connection ?? []))
  return new Map([...names].map((name, index) => [name, index + 1]))
}

function textOf(event: RecordEvent, reader: number): string {
  switch (event.what) {
    case 'accepted':
      return event.retry_of ? t.acceptedAgain : t.accepted
    case 'started':
      return event.chain ? t.startedBy(event.chain) : t.started
    case 'first_piece':
      return t.firstPiece
    case 'stop_asked':
      return t.stopAsked
    case 'server_left':
      return t.serverLeft
    case 'abandoned':
      return t.abandoned
    case 'ended':
      return t.ended[event.status as keyof typeof t.ended] ?? t.endedOtherwise
    case 'retried':
      return t.retried
    case 'follower_came':
      return t.came(reader)
    case 'follower_resumed':
      return event.recovered === false ? t.cameBackLate(reader) : t.cameBack(reader)
    case 'follower_left':
      return t.left(reader)
    default:
      return event.what
  }
}

function detailOf(event: RecordEvent): string {
  const { position, end, door, code, error_id: errorId, generation_time_ms: ms } = event
  const missed = end != null && position ? end - position.seq : 0
  return [
    door ? t.doors[door] : null,
    position ? t.position(position.seq) : null,
    event.what !== 'follower_left' && missed > 0 ? t.missed(missed) : null,
    ms == null ? null : t.took(ms),
    code ?? null,
    errorId ? t.errorId(errorId) : null,
  ]
    .filter((part) => part !== null)
    .join(' · ')
}
