import type { ChatClient } from '../api/client'
import { Refusal } from '../api/problems'
import type { Document } from '../protocol/frames'
import { FILES_AT_ONCE, unfit } from '../protocol/uploadable'
import { t } from '../strings'
import type { Documents } from './documents'
import type { Store, Upload } from './state'

/** Files on their way to the server, one after the other. One that is refused holds up none of the others. */
export class Uploads {
  private readonly files = new Map<string, File>()
  private made = 0
  private current: { readonly key: string; readonly leave: AbortController } | null = null

  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
    private readonly documents: Documents,
  ) {}

  add(files: readonly File[]): void {
    const taken = files.slice(0, FILES_AT_ONCE).map((file) => this.begin(file))
    const over = files.length - taken.length
    if (over > 0) taken.push({ ...this.named(t.moreFiles(over)), state: 'unfit', reason: 'many' })
    this.set([...this.uploads, ...taken])
    void this.go()
  }

  again(key: string): void {
    this.patch(key, { state: 'waiting', sent: 0, reason: null })
    void this.go()
  }

  /** Stops it, or takes away the word of its failure. */
  leave(key: string): void {
    this.files.delete(key)
    this.set(this.uploads.filter((upload) => upload.key !== key))
    if (this.current?.key === key) this.current.leave.abort()
  }

  /**
   * A hint may come before the answer to the upload: one row for it is enough. It may also be of another tab's file of
   * the same name: only the answer says, so one that fails after all comes back.
   */
  arrived({ filename, status }: Document): void {
    const own = ({ key, name, sent }: Upload) =>
      key === this.current?.key && name === filename && sent === 1
    if (status === 'queued') this.set(this.uploads.filter((upload) => !own(upload)))
  }

  private begin(file: File): Upload {
    const upload = this.named(file.name)
    const reason = unfit(file)
    if (reason) return { ...upload, state: 'unfit', reason }
    this.files.set(upload.key, file)
    return upload
  }

  private named(name: string): Upload {
    this.made += 1
    return { key: `upload-${this.made}`, name, state: 'waiting', sent: 0, reason: null }
  }

  private async go(): Promise<void> {
    if (this.current) return
    const next = this.uploads.find(({ state }) => state === 'waiting')
    const file = next && this.files.get(next.key)
    if (!next || !file) return
    this.current = { key: next.key, leave: new AbortController() }
    await this.send(next.key, file, this.current.leave.signal)
    this.current = null
    await this.go()
  }

  private async send(key: string, file: File, signal: AbortSignal): Promise<void> {
    this.patch(key, { state: 'sending' })
    try {
      const sent = (share: number) => this.patch(key, { sent: share })
      const { documents } = await this.client().calls.upload(file, sent, signal)
      for (const document of documents) this.documents.taken(document)
      this.leave(key)
    } catch (error) {
      if (signal.aborted) return
      this.fail(key, file.name, (error as Error).message)
      if (error instanceof Refusal && error.body.code === 'forbidden') this.forbidden(error)
    }
  }

  private fail(key: string, name: string, said: string): void {
    const failed: Upload = { key, name, state: 'failed', sent: 0, reason: { said } }
    if (this.uploads.some((each) => each.key === key)) this.patch(key, failed)
    else this.set([failed, ...this.uploads])
  }

  /** None of the others would be taken either. */
  private forbidden(error: Refusal): void {
    this.files.clear()
    this.set([])
    this.documents.refused(error)
  }

  private get uploads(): readonly Upload[] {
    return this.store.getState().documents.uploads
  }

  private patch(key: string, part: Partial<Upload>): void {
    this.set(this.uploads.map((each) => (each.key === key ? { ...each, ...part } : each)))
  }

  private set(uploads: readonly Upload[]): void {
    this.store.setState((s) => ({ documents: { ...s.documents, uploads } }))
  }
}
