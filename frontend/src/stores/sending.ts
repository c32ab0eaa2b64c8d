import type { ChatClient } from '../api/client'
import { locked } from '../api/identity'
import { newId } from '../api/ids'
import { Refusal, waitAsked } from '../api/problems'
import { outboxStorage } from '../api/storage'
import { livingTabs } from '../api/tab'
import { restDelayMs } from '../protocol/backoff'
import type { AckBody } from '../protocol/frames'
import { isTerminal } from '../protocol/message'
import { type Entry, nextToSend, revived, type SendEvent, sendReduce } from '../protocol/outbox'
import type { Conversations } from './conversations'
import type { Store } from './state'

const BUSY_AGAIN_MS = 2_000
const UNKNOWN_TAB_MS = 60_000

/** The outbox at work: kept before it is sent, sent in order, and again until the server's word is known. */
export class Sending {
  private running = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private tab = ''

  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
    private readonly conversations: Conversations,
    private readonly placed: (thread: string, sessionId: string) => void,
  ) {}

  /** Takes up what this tab left behind, and what tabs that are gone did. */
  async begin(tab: string): Promise<void> {
    this.tab = tab
    await locked('steadychat.adopt', async () => {
      const living = await livingTabs()
      for (const entry of outboxStorage.load()) {
        const lone = living ? !living.has(entry.tab) : Date.now() - entry.createdAt > UNKNOWN_TAB_MS
        if (entry.tab === tab || lone) outboxStorage.put({ ...revived(entry), tab })
      }
    })
    this.store.setState((s) => {
      const kept = outboxStorage.load().filter((entry) => entry.tab === tab)
      const fresh = s.entries.filter(
        (e) => !kept.some((k) => k.clientMessageId === e.clientMessageId),
      )
      return { entries: [...kept, ...fresh.map((entry) => ({ ...entry, tab }))] }
    })
    this.pump()
  }

  send(content: string): void {
    const { view, userId } = this.store.getState()
    const entry: Entry = {
      clientMessageId: newId(),
      userId: userId ?? '',
      tab: this.tab,
      thread: view.thread,
      sessionId: view.sessionId,
      content,
      createdAt: Date.now(),
      state: 'queued',
      notBefore: 0,
      tries: 0,
      ack: null,
      error: null,
    }
    outboxStorage.put(entry)
    this.store.setState((s) => ({ entries: [...s.entries, entry] }))
    this.pump()
  }

  /** A refused message once more, as a new one: the server may have bound the old id. */
  again(clientMessageId: string): void {
    this.send(this.discard(clientMessageId))
  }

  /** Takes a message out of the outbox; what it said goes back to whoever asks. */
  discard(clientMessageId: string): string {
    const content = this.entry(clientMessageId)?.content ?? ''
    outboxStorage.remove(clientMessageId)
    this.store.setState((s) => ({
      entries: s.entries.filter((entry) => entry.clientMessageId !== clientMessageId),
    }))
    return content
  }

  /** The server's word, by whichever door it came. */
  accepted(ack: AckBody, followed: boolean): void {
    const entry = this.entry(ack.client_message_id)
    if (!entry || entry.ack) return
    this.step(entry.clientMessageId, { type: 'acked', ack })
    for (const other of this.store.getState().entries) {
      const waits = other.thread === entry.thread && other.sessionId === null
      if (waits) this.replace({ ...other, sessionId: ack.session_id })
    }
    // On screen first: over HTTP only the session on screen is followed.
    this.placed(entry.thread, ack.session_id)
    this.conversations.accepted(ack, entry.content, followed)
  }

  refuse(clientMessageId: string, refusal: Refusal): void {
    this.step(clientMessageId, { type: 'refused', error: refusal.body })
  }

  /** Lets go of messages whose answers have ended, then sends what waited for that. */
  settle(): void {
    for (const { clientMessageId, ack } of this.store.getState().entries) {
      const row = ack && this.conversations.get(ack.session_id)?.rows.get(ack.pending_message_id)
      if (row && isTerminal(row.message)) this.discard(clientMessageId)
    }
    this.pump()
  }

  pump(): void {
    if (this.running || this.tab === '') return
    this.running = true
    void this.flush()
  }

  private async flush(): Promise<void> {
    clearTimeout(this.timer)
    try {
      while (this.client().online) {
        const mine = this.mine()
        const next = nextToSend(mine, (id) => this.conversations.busy(id), Date.now())
        if (!next) return this.sleep(mine)
        await this.deliver(next)
      }
    } finally {
      this.running = false
    }
  }

  /** What this person wrote: an entry kept for somebody else waits until they are back. */
  private mine(): Entry[] {
    const { entries, userId } = this.store.getState()
    return entries.filter((entry) => entry.userId === '' || entry.userId === userId)
  }

  private sleep(entries: readonly Entry[]): void {
    const waits = entries.map((entry) => entry.notBefore - Date.now()).filter((ms) => ms > 0)
    if (waits.length > 0) this.timer = setTimeout(() => this.pump(), Math.min(...waits))
  }

  private async deliver(entry: Entry): Promise<void> {
    const id = entry.clientMessageId
    this.step(id, { type: 'started' })
    try {
      await this.transmit(entry)
    } catch (error) {
      const wait = waitAsked(error) ?? restDelayMs(entry.tries)
      if (!(error instanceof Refusal)) {
        this.step(id, { type: 'unanswered', retryAt: Date.now() + wait })
      } else if (error.body.retryable || error.body.code === 'unauthorized') {
        this.step(id, { type: 'delayed', until: Date.now() + Math.max(wait, BUSY_AGAIN_MS) })
      } else {
        this.step(id, { type: 'refused', error: error.body })
      }
    }
  }

  /** By the socket if it is open; by REST if it is not, or if no word came back. */
  private async transmit(entry: Entry): Promise<void> {
    if (this.client().socketOpen) {
      try {
        return this.accepted(await this.client().sendBySocket(entry), true)
      } catch (error) {
        if (error instanceof Refusal) throw error
      }
    }
    this.accepted(await this.client().calls.send(entry), false)
  }

  private entry(clientMessageId: string): Entry | undefined {
    return this.store.getState().entries.find((e) => e.clientMessageId === clientMessageId)
  }

  private step(clientMessageId: string, event: SendEvent): void {
    const entry = this.entry(clientMessageId)
    if (entry) this.replace(sendReduce(entry, event))
  }

  private replace(next: Entry): void {
    outboxStorage.put(next)
    this.store.setState((s) => ({
      entries: s.entries.map((e) => (e.clientMessageId === next.clientMessageId ? next : e)),
    }))
  }
}
