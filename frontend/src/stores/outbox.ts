import { locked } from '../api/identity'
import { newId } from '../api/ids'
import { outboxStorage, userStorage } from '../api/storage'
import { livingTabs } from '../api/tab'
import {
  type Entry,
  entriesOf,
  isUnderWay,
  isUnsent,
  revived,
  type SendEvent,
  sendReduce,
} from '../protocol/outbox'
import type { Store } from './state'

const UNKNOWN_TAB_MS = 60_000
/** So long a tab lets another go first: that one may be frozen by its browser. */
const YIELD_LIMIT_MS = 5_000

/** What of it is shown, also before the server has said who this is. */
export function ownEntries(entries: readonly Entry[], userId: string | null): readonly Entry[] {
  return entriesOf(entries, userId ?? userStorage.get())
}

/** What this tab has to send, kept in the browser before anything else is done with it. */
export class Outbox {
  private tab = ''
  /** Tabs that were not there when it was last looked. */
  private missed: ReadonlySet<string> = new Set()
  private readonly yieldingSince = new Map<string, number>()

  constructor(private readonly store: Store) {}

  get entries(): readonly Entry[] {
    return this.store.getState().entries
  }

  /**
   * What this person asked for: an entry kept for somebody else waits until they are back. Nothing goes once another
   * tab has made this browser somebody else's.
   */
  get mine(): readonly Entry[] {
    const { userId } = this.store.getState()
    const now = userStorage.get()
    if (now !== null && userId !== null && now !== userId) return []
    return entriesOf(this.entries, userId)
  }

  get(clientMessageId: string): Entry | undefined {
    return this.entries.find((entry) => entry.clientMessageId === clientMessageId)
  }

  /** Takes up what this tab left behind, and what tabs that are gone did. */
  async adopt(tab: string): Promise<void> {
    this.tab = tab
    await locked('steadychat.adopt', async () => {
      const living = await livingTabs()
      for (const entry of outboxStorage.load()) {
        const lone = living ? !living.has(entry.tab) : Date.now() - entry.createdAt > UNKNOWN_TAB_MS
        if (entry.tab === tab || lone) outboxStorage.put({ ...revived(entry), tab })
      }
    })
    const kept = outboxStorage.load().filter((entry) => entry.tab === tab)
    const known = new Set(kept.map((entry) => entry.clientMessageId))
    const fresh = this.entries.filter((entry) => !known.has(entry.clientMessageId))
    this.set([...kept, ...fresh.map((entry) => ({ ...entry, tab }))])
  }

  /**
   * Takes up what tabs left behind that are gone by now, if any. Where that cannot be known, only a new tab may.
   * `patient`: only if they were gone the last time too; a tab that is loaded anew is away for a moment.
   */
  async adoptLost(patient = false): Promise<boolean> {
    if (this.tab === '' || outboxStorage.load().every(({ tab }) => tab === this.tab)) return false
    return locked('steadychat.adopt', async () => {
      const living = await livingTabs()
      const isLost = ({ tab }: Entry) => tab !== '' && tab !== this.tab && !living?.has(tab)
      const lone = living ? outboxStorage.load().filter(isLost) : []
      const lost = lone.filter(({ tab }) => !patient || this.missed.has(tab))
      this.missed = new Set(lone.map(({ tab }) => tab))
      const found = lost.map((entry) => ({ ...revived(entry), tab: this.tab }))
      for (const entry of found) outboxStorage.put(entry)
      if (found.length > 0) this.set([...this.entries, ...found])
      return found.length > 0
    })
  }

  /** The browser became somebody else's: what was taken out of its storage is gone, what was kept may have a new owner. */
  reread(): void {
    const kept = new Map(outboxStorage.load().map((entry) => [entry.clientMessageId, entry]))
    this.set(
      this.entries.flatMap((entry) => {
        const found = kept.get(entry.clientMessageId)
        return found ? [{ ...entry, userId: found.userId }] : []
      }),
    )
  }

  /** Whether another tab wrote something for the same chat earlier and has not sent it: it goes first. */
  yields(entry: Entry, now: number): boolean {
    const id = entry.clientMessageId
    const earlier = outboxStorage
      .load()
      .some(
        (other) =>
          other.tab !== this.tab &&
          other.sessionId === entry.sessionId &&
          other.sessionId !== null &&
          other.userId === entry.userId &&
          other.createdAt < entry.createdAt &&
          (isUnsent(other) || other.state === 'sending'),
      )
    const since = this.yieldingSince.get(id) ?? now
    if (!earlier || now - since > YIELD_LIMIT_MS) this.yieldingSince.delete(id)
    else this.yieldingSince.set(id, since)
    return this.yieldingSince.has(id)
  }

  /** A new entry for the chat on screen. */
  add(asked: Pick<Entry, 'content' | 'retryOf'>): void {
    const { view, userId, chain } = this.store.getState()
    const entry: Entry = {
      ...asked,
      clientMessageId: newId(),
      userId: userId ?? '',
      tab: this.tab,
      thread: view.thread,
      sessionId: view.sessionId,
      chain: view.sessionId === null && chain && !chain.default ? chain.name : null,
      createdAt: Date.now(),
      state: 'queued',
      notBefore: 0,
      tries: 0,
      ack: null,
      error: null,
    }
    outboxStorage.put(entry)
    this.set([...this.entries, entry])
  }

  step(clientMessageId: string, event: SendEvent): void {
    const entry = this.get(clientMessageId)
    const next = entry && sendReduce(entry, event)
    if (next && next !== entry) this.replace(next)
  }

  /** A chat without a session was given one: what waits in it goes there. */
  place(thread: string, sessionId: string): void {
    for (const entry of this.entries) {
      if (entry.thread === thread && entry.sessionId === null) this.replace({ ...entry, sessionId })
    }
  }

  drop(gone: (entry: Entry) => boolean): void {
    for (const entry of this.entries.filter(gone)) {
      outboxStorage.remove(entry.clientMessageId)
      this.yieldingSince.delete(entry.clientMessageId)
    }
    this.set(this.entries.filter((entry) => !gone(entry)))
  }

  private replace(next: Entry): void {
    // A refused retry holds no words that could be lost: the answer that it was for still stands.
    if (next.retryOf !== null && !isUnderWay(next)) outboxStorage.remove(next.clientMessageId)
    else outboxStorage.put(next)
    this.set(this.entries.map((e) => (e.clientMessageId === next.clientMessageId ? next : e)))
  }

  private set(entries: readonly Entry[]): void {
    this.store.setState({ entries: [...entries].sort((a, b) => a.createdAt - b.createdAt) })
  }
}
