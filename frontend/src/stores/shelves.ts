import type { ChatClient } from '../api/client'
import { pageWanted, type Sight, surplus } from '../protocol/conversation'
import type { Conversations } from './conversations'

const AGAIN_MS = 10_000
const TAIL: Sight = { first: '', last: '', kept: new Set() }

/** Lets go of texts that are far from the view, and brings back those that come near it again. */
export class Shelves {
  private view: { readonly sessionId: string; readonly sight: Sight } | null = null
  private readonly tidied = new Map<string, readonly string[]>()
  private fetching: AbortController | null = null
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly client: () => ChatClient,
    private readonly conversations: Conversations,
  ) {}

  /** What is on the screen now. */
  viewed(sessionId: string, sight: Sight): void {
    if (this.view?.sessionId !== sessionId) this.leave()
    this.view = { sessionId, sight }
    void this.fetch()
  }

  /** After every change of what is held: only new rows can make it too much. */
  tidy(sessionIds: readonly string[]): void {
    for (const id of this.tidied.keys()) if (!sessionIds.includes(id)) this.tidied.delete(id)
    for (const id of sessionIds) {
      const order = this.conversations.get(id)?.order
      if (order === undefined || this.tidied.get(id) === order) continue
      this.tidied.set(id, order)
      this.shelve(id)
    }
  }

  /** What was asked for another session is of no use any more, and must not hold up this one's. */
  private leave(): void {
    this.fetching?.abort()
    this.fetching = null
    clearTimeout(this.timer)
  }

  private shelve(sessionId: string): void {
    const conversation = this.conversations.get(sessionId)
    if (!conversation) return
    const sight = this.view?.sessionId === sessionId ? this.view.sight : TAIL
    const ids = surplus(conversation, sight)
    if (ids.length > 0) this.conversations.dispatch(sessionId, { type: 'shelve', ids })
  }

  /** One page at a time, until all that lies around the view is whole. */
  private async fetch(): Promise<void> {
    if (this.fetching || !this.view) return
    const { sessionId, sight } = this.view
    const conversation = this.conversations.get(sessionId)
    const before = conversation ? pageWanted(conversation, sight) : null
    if (!conversation || before === null) return
    const abort = new AbortController()
    this.fetching = abort
    clearTimeout(this.timer)
    const page = await this.client()
      .calls.messages(sessionId, before, abort.signal)
      .catch(() => null)
    if (abort.signal.aborted) return
    this.fetching = null
    if (page === null) {
      this.timer = setTimeout(() => void this.fetch(), AGAIN_MS)
      return
    }
    this.conversations.dispatch(sessionId, { type: 'shelved-page', page, era: conversation.era })
    this.shelve(sessionId)
    void this.fetch()
  }
}
