import { locked } from '../api/identity'
import { newId } from '../api/ids'
import { outboxStorage, userStorage } from '../api/storage'
import { livingTabs } from '../api/tab'
import { type Entry, isUnderWay, revived, type SendEvent, sendReduce } from '../protocol/outbox'
import type { Store } from './state'

const UNKNOWN_TAB_MS = 60_000

/** What this tab has to send, kept in the browser before anything else is done with it. */
export class Outbox {
  private tab = ''

  constructor(private readonly store: Store) {}

  /** False until this tab knows its own name, and with it what it left behind. */
  get ready(): boolean {
    return this.tab !== ''
  }

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
    return this.entries.filter((entry) => entry.userId === '' || entry.userId === userId)
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

  /** Takes up what tabs left behind that are gone by now. Where that cannot be known, only a new tab may. */
  async adoptLost(): Promise<void> {
    if (!this.ready) return
    await locked('steadychat.adopt', async () => {
      const living = await livingTabs()
      const isLost = ({ tab }: Entry) => tab !== '' && tab !== this.tab && !living?.has(tab)
      const lost = living ? outboxStorage.load().filter(isLost) : []
      const found = lost.map((entry) => ({ ...revived(entry), tab: this.tab }))
      for (const entry of found) outboxStorage.put(entry)
      if (found.length > 0) this.set([...this.entries, ...found])
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
    for (const entry of this.entries) {
      if (gone(entry)) outboxStorage.remove(entry.clientMessageId)
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
    this.store.setState({ entries })
  }
}
