import type { ChatClient } from '../api/client'
import { isGone, Refusal } from '../api/problems'
import type { Document } from '../protocol/frames'
import type { DocumentList, Store } from './state'

const LOOK_AGAIN_MS = 1_500

/** The documents that answers rest on. Progress comes as hints; where none come the list is read again. */
export class Documents {
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
  ) {}

  async load(): Promise<void> {
    clearTimeout(this.timer)
    try {
      const { documents } = await this.client().calls.documents()
      this.patch({ items: documents, loaded: true, error: null })
      if (documents.some(isBusy)) this.timer = setTimeout(() => void this.load(), LOOK_AGAIN_MS)
    } catch (error) {
      this.patch({ loaded: true, error: (error as Error).message })
    }
  }

  async upload(files: readonly File[]): Promise<void> {
    if (files.length === 0) return
    this.patch({ uploading: true, error: null })
    try {
      const { documents } = await this.client().calls.upload(files)
      for (const document of documents) this.merge(document)
      this.timer = setTimeout(() => void this.load(), LOOK_AGAIN_MS)
    } catch (error) {
      this.refused(error)
    } finally {
      this.patch({ uploading: false })
    }
  }

  async remove(id: string): Promise<void> {
    try {
      await this.client().calls.removeDocument(id)
    } catch (error) {
      if (!isGone(error)) return this.refused(error)
    }
    this.patch({ items: this.items().filter((document) => document.id !== id) })
  }

  merge(document: Document): void {
    if (!this.store.getState().documents.loaded) return
    const others = this.items().filter(({ id }) => id !== document.id)
    this.patch({ items: [document, ...others] })
  }

  private items(): readonly Document[] {
    return this.store.getState().documents.items
  }

  private refused(error: unknown): void {
    const forbidden = error instanceof Refusal && error.body.code === 'forbidden'
    this.patch({ error: (error as Error).message, ...(forbidden ? { writable: false } : {}) })
  }

  private patch(part: Partial<DocumentList>): void {
    this.store.setState((s) => ({ documents: { ...s.documents, ...part } }))
  }
}

function isBusy(document: Document): boolean {
  return document.status === 'queued' || document.status === 'indexing'
}
