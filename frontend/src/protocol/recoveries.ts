import { isLogged, type LoggedFrame, type ServerFrame, type SubscribedFrame } from './frames'

interface CatchUp {
  /** Counted up to here. */
  at: number
  readonly end: number
  readonly counts: Map<string, number>
}

/**
 * Counts the tokens that were said while the connection was away and that came after it: the log's token events up to
 * where the log stood when the session was followed again.
 */
export class Recoveries {
  private readonly followed = new Set<string>()
  private readonly away = new Set<string>()
  private readonly underWay = new Map<string, CatchUp>()

  /** `recovered` hears how many tokens of which answer were caught up. */
  constructor(private readonly recovered: (messageId: string, count: number) => void) {}

  /** The connection went, for one session or for all: what is followed after this is a resumption. */
  lost(sessionId?: string): void {
    for (const id of sessionId === undefined ? [...this.followed] : [sessionId]) {
      if (this.followed.delete(id)) this.away.add(id)
      this.underWay.delete(id)
    }
  }

  /** The page let go of the session: what it hears of it later is read, not caught up. */
  forget(sessionId: string): void {
    for (const known of [this.followed, this.away, this.underWay]) known.delete(sessionId)
  }

  hear(frame: ServerFrame): void {
    if (frame.type === 'subscribed') this.resumed(frame)
    else if (isLogged(frame)) this.caughtUp(frame)
  }

  private resumed({ session_id: id, recovered, seq, end }: SubscribedFrame): void {
    this.followed.add(id)
    const back = this.away.delete(id)
    if (back && recovered && end > seq) this.underWay.set(id, { at: seq, end, counts: new Map() })
  }

  private caughtUp(frame: LoggedFrame): void {
    const { session_id: session, seq } = frame
    const found = this.underWay.get(session)
    if (!found) return
    if (frame.type === 'token') {
      const { message_id: message } = frame
      // One frame stands for all events from `from` to `seq`.
      const count = Math.min(seq, found.end) - Math.max(frame.from - 1, found.at)
      if (count > 0) found.counts.set(message, (found.counts.get(message) ?? 0) + count)
    }
    found.at = Math.max(found.at, seq)
    if (found.at < found.end) return
    this.underWay.delete(session)
    for (const [id, count] of found.counts) this.recovered(id, count)
  }
}
