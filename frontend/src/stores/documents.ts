import type { ChatClient } from '../api/client'
import { isGone, Refusal } from '../api/problems'
import type { Document } from '../protocol/frames'
import type { DocumentList, Store } from './state'

const LOOK_AGAIN_MS = 1_500

/** The documents that answers rest on. Progress comes as hints; where none come the list is read again. */
export class Documents {
  private timer: ReturnType<typeof setTimeout> | undefined
  private watching: AbortController | null = null
  /** What was heard of while the list was being read: newer than what the list says. */
  private readonly heard = new Map<string, Document | null>()

  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
  ) {}

  /** Reads the list, again and again while anything in it moves, until the function returned is called. */
  watch(): () => void {
    const watching = new AbortController()
    this.watching?.abort()
    this.watching = watching
    void this.load(watching)
    return () => {
      watching.abort()
      if (this.watching === watching) this.watching = null
    }
  }

  /** A hint of the server, or its answer to an upload. */
  merge(document: Document): void {
    this.heard.set(document.id, document)
    if (!this.state.loaded) return
    this.patch({ items: newestFirst([document, ...this.without(document.id)]) })
    this.lookAgain()
  }

  /** An upload was taken in. Hints may have said more of it since. */
  taken(document: Document): void {
    if (!this.state.items.some(({ id }) => id === document.id)) this.merge(document)
  }

  /** Whether it is gone. */
  async remove(id: string): Promise<boolean> {
    this.patch({ error: null })
    try {
      await this.client().calls.removeDocument(id)
    } catch (error) {
      if (!isGone(error)) {
        this.refused(error)
        return false
      }
    }
    this.heard.set(id, null)
    this.patch({ items: this.without(id) })
    return true
  }

  refused(error: unknown): void {
    const forbidden = error instanceof Refusal && error.body.code === 'forbidden'
    this.patch({ error: (error as Error).message, ...(forbidden ? { writable: false } : {}) })
  }

  private async load(watching: AbortController): Promise<void> {
    this.heard.clear()
    try {
      const { documents, writable } = await this.client().calls.documents(watching.signal)
      if (watching.signal.aborted) return
      const known = documents.filter(({ id }) => !this.heard.has(id))
      const heard = [...this.heard.values()].filter((document) => document !== null)
      this.patch({ items: newestFirst([...known, ...heard]), loaded: true, error: null, writable })
    } catch (error) {
      if (!watching.signal.aborted) this.patch({ loaded: true, error: (error as Error).message })
    }
    this.lookAgain()
  }

  /** Not while hints come: each puts it off. */
  private lookAgain(): void {
    clearTimeout(this.timer)
    const watching = this.watching
    if (!watching || !this.state.items.some(isBusy)) return
    this.timer = setTimeout(() => {
      if (!watching.signal.aborted) void this.load(watching)
    }, LOOK_AGAIN_MS)
  }

  private get state(): DocumentList {
    return this.store.getState().documents
  }

  private without(id: string): readonly Document[] {
    return this.state.items.filter((document) => document.id !== id)
  }

  private patch(part: Partial<DocumentList>): void {
    this.store.setState((s) => ({ documents: { ...s.documents, ...part } }))
  }
}

function isBusy(document: Document): boolean {
  return document.status === 'queued' || document.status === 'indexing'
}

function newestFirst(documents: readonly Document[]): readonly Document[] {
  return [...documents].sort(order)
}

function order(a: Document, b: Document): number {
  return Date.parse(b.created_at) - Date.parse(a.created_at) || (a.id < b.id ? 1 : -1)
}
