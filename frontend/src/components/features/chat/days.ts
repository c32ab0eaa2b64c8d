import type { Session } from '../../../protocol/frames'

export type Day = 'today' | 'yesterday' | 'earlier'

/** On which day a chat was last used, as the person's clock counts days. */
function dayOf(session: Session, now: Date): Day {
  const midnight = (back: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - back).getTime()
  const used = Date.parse(session.updated_at)
  if (used >= midnight(0)) return 'today'
  return used >= midnight(1) ? 'yesterday' : 'earlier'
}

/** The chat with which each day begins, of chats that are listed by time. */
export function firstOfDays(sessions: readonly Session[], now: Date): ReadonlyMap<string, Day> {
  const days = sessions.map((session) => dayOf(session, now))
  const first = sessions.map(({ id }, index) => [id, days[index], days[index - 1]] as const)
  return new Map(first.flatMap(([id, day, before]) => (day && day !== before ? [[id, day]] : [])))
}
