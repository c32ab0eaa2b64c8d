import { createStore } from 'zustand/vanilla'
import type { Endpoints } from '../api/endpoints'
import { Refusal } from '../api/problems'
import type { Hit } from '../protocol/frames'

const PAUSE_MS = 150

export interface SearchState {
  readonly words: string
  /** What the hits are of: while new words are searched for, the earlier hits stay. */
  readonly asked: string
  /** Those of one chat stand together; the chat with the best comes first. */
  readonly hits: readonly Hit[]
  /** The hit that Enter opens. */
  readonly active: number
  readonly status: 'idle' | 'searching' | 'found' | 'failed'
  readonly failure: { readonly message: string; readonly again: boolean } | null
  /** Names of chats that the sidebar does not list. */
  readonly titles: Readonly<Record<string, string>>
}

const BLANK = {
  ...{ words: '', asked: '', hits: [], active: 0 },
  ...{ status: 'idle', failure: null, titles: {} },
} as const satisfies SearchState

interface Surroundings {
  readonly calls: () => Pick<Endpoints, 'search' | 'session'>
  readonly listed: (sessionId: string) => boolean
  /** A chat that is being deleted is not found any more. */
  readonly hidden: (sessionId: string) => boolean
}

/** Searching one's chats while one types: one request at a time, and only the latest words count. */
export class Search {
  readonly store = createStore<SearchState>()(() => BLANK)
  private timer: ReturnType<typeof setTimeout> | undefined
  private running: AbortController | null = null

  constructor(private readonly around: Surroundings) {}

  type(words: string): void {
    this.halt()
    if (words.trim() === '') return this.store.setState({ ...BLANK, words })
    this.store.setState({ words, status: 'searching', failure: null })
    this.timer = setTimeout(() => void this.ask(words.trim()), PAUSE_MS)
  }

  /** The same words once more, at once. */
  again(): void {
    this.halt()
    this.store.setState({ status: 'searching', failure: null })
    void this.ask(this.store.getState().words.trim())
  }

  clear(): void {
    this.halt()
    this.store.setState(BLANK)
  }

  /** To another hit; from the last one on to the first. */
  move(step: 1 | -1): void {
    const { hits, active } = this.store.getState()
    if (hits.length > 0) this.point((active + step + hits.length) % hits.length)
  }

  point(active: number): void {
    this.store.setState({ active })
  }

  private halt(): void {
    clearTimeout(this.timer)
    this.running?.abort()
    this.running = null
  }

  private async ask(words: string): Promise<void> {
    const abort = new AbortController()
    this.running = abort
    try {
      const answer = await this.around.calls().search(words, abort.signal)
      if (this.running !== abort) return
      const hits = byChat(answer.hits.filter((hit) => !this.around.hidden(hit.session_id)))
      this.store.setState({ asked: words, hits, active: 0, status: 'found' })
      await this.name(hits)
    } catch (error) {
      if (this.running !== abort) return
      const again = !(error instanceof Refusal) || error.body.retryable
      const failure = { message: (error as Error).message, again }
      this.store.setState({ ...{ hits: [], active: 0 }, status: 'failed', failure })
    }
  }

  private async name(hits: readonly Hit[]): Promise<void> {
    const { titles } = this.store.getState()
    const chats = new Set(hits.map((hit) => hit.session_id))
    const unknown = [...chats].filter((id) => !(id in titles) && !this.around.listed(id))
    const read = unknown.map(async (id) => {
      const session = await this.around
        .calls()
        .session(id)
        .catch(() => null)
      if (session) this.store.setState((s) => ({ titles: { ...s.titles, [id]: session.title } }))
    })
    await Promise.all(read)
  }
}

function byChat(hits: readonly Hit[]): Hit[] {
  const chats = [...new Set(hits.map((hit) => hit.session_id))]
  return chats.flatMap((id) => hits.filter((hit) => hit.session_id === id))
}
