import type { ChatClient } from '../api/client'
import { isGone } from '../api/problems'
import type { Session } from '../protocol/frames'
import { t } from '../strings'
import type { SessionList, Store } from './state'

const UNDO_MS = 6_000

/** The sidebar's list: paged by cursor, merged by id, the higher revision wins. */
export class Sessions {
  private undoTimer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
    private readonly gone: (sessionId: string) => void,
  ) {}

  /** The first page, or the next one. One request at a time. */
  async more(): Promise<void> {
    const { sessions } = this.store.getState()
    if (sessions.loading || (sessions.loaded && !sessions.hasMore)) return
    this.patch({ loading: true, failed: false })
    try {
      const signal = new AbortController().signal
      const page = await this.client().calls.sessions(sessions.nextCursor, signal)
      this.merge(page.sessions)
      this.patch({ nextCursor: page.next_cursor, hasMore: page.has_more, loaded: true })
    } catch {
      this.patch({ failed: true })
    } finally {
      this.patch({ loading: false })
    }
  }

  /** Nobody keeps hints for those who are away: after a lost connection the newest page tells what they missed. */
  async catchUp(): Promise<void> {
    const { loaded, items: held } = this.store.getState().sessions
    if (!loaded) return
    const page = await this.client()
      .calls.sessions(null, new AbortController().signal)
      .catch(() => null)
    if (!page) return
    const there = new Set(page.sessions.map((session) => session.id))
    const oldest = page.has_more ? (page.sessions.at(-1)?.updated_at ?? '') : ''
    for (const { id, updated_at } of held) if (updated_at > oldest && !there.has(id)) this.drop(id)
    this.merge(page.sessions)
  }

  merge(news: readonly Session[]): void {
    const { items } = this.store.getState().sessions
    const byId = new Map(items.map((session) => [session.id, session]))
    for (const session of news) {
      const held = byId.get(session.id)
      if (!held || session.revision > held.revision) byId.set(session.id, session)
    }
    const sorted = [...byId.values()].sort((a, b) => b.updated_at.localeCompare(a.updated_at))
    this.patch({ items: sorted })
  }

  /** Reads one session that no hint came for. */
  async refresh(sessionId: string): Promise<void> {
    await this.client()
      .calls.session(sessionId)
      .then((session) => this.merge([session]))
      .catch(() => {})
  }

  /** The chat on screen may be older than all that is listed: its name is read all the same. */
  async know(sessionId: string): Promise<void> {
    const { loaded, items } = this.store.getState().sessions
    if (loaded && !items.some(({ id }) => id === sessionId)) await this.refresh(sessionId)
  }

  /** The chat listed before (-1) or after (1) another; at either end, and beside none, there may be nothing. */
  beside(sessionId: string | null, step: 1 | -1): string | null {
    const { sessions, deleting } = this.store.getState()
    const ids = sessions.items.map(({ id }) => id).filter((id) => id !== deleting?.sessionId)
    const at = sessionId === null ? -1 : ids.indexOf(sessionId)
    return ids[at + step] ?? null
  }

  /** The session is no more, and with it all that belongs to it. */
  drop(sessionId: string): void {
    const { items } = this.store.getState().sessions
    this.patch({ items: items.filter((session) => session.id !== sessionId) })
    this.gone(sessionId)
  }

  /** Shown at once, and asked for until the server can be reached. */
  async rename(sessionId: string, title: string): Promise<void> {
    this.retitle(sessionId, title)
    try {
      this.merge([await this.client().calls.rename(sessionId, title)])
    } catch (error) {
      this.store.setState({ notice: t.renameFailed(title, (error as Error).message) })
      const kept = await this.client()
        .calls.session(sessionId)
        .catch(() => null)
      if (kept) this.retitle(sessionId, kept.title)
    }
  }

  /** Hidden at once, deleted when the time to undo has passed. */
  remove(session: Session): void {
    this.commit()
    const { id, title } = session
    const open = this.store.getState().view.sessionId === id
    this.store.setState({ deleting: { sessionId: id, title, open } })
    this.undoTimer = setTimeout(() => this.commit(), UNDO_MS)
  }

  undo(): void {
    clearTimeout(this.undoTimer)
    this.store.setState({ deleting: null })
  }

  /** Ends the time to undo; also when the tab is closed before it has passed. */
  commit(): void {
    clearTimeout(this.undoTimer)
    const { deleting } = this.store.getState()
    if (!deleting) return
    this.store.setState({ deleting: null })
    this.drop(deleting.sessionId)
    this.client()
      .calls.remove(deleting.sessionId)
      .catch((error: Error) => {
        // A deletion that went out twice finds nothing the second time.
        if (isGone(error)) return
        this.store.setState({ notice: error.message })
        void this.refresh(deleting.sessionId)
      })
  }

  private retitle(sessionId: string, title: string): void {
    const { items } = this.store.getState().sessions
    const named = (session: Session) => (session.id === sessionId ? { ...session, title } : session)
    this.patch({ items: items.map(named) })
  }

  private patch(part: Partial<SessionList>): void {
    this.store.setState((s) => ({ sessions: { ...s.sessions, ...part } }))
  }
}
