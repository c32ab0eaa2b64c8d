import type { ChatClient } from '../api/client'
import { isTerminal } from '../protocol/message'
import { type Store, without } from './state'

/** Answers that were asked to stop and have not ended: each is asked once. */
export class Stopping {
  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
  ) {}

  ask(sessionId: string, messageId: string): void {
    if (this.store.getState().stopping[messageId]) return
    this.store.setState((s) => ({ stopping: { ...s.stopping, [messageId]: true } }))
    // The text stands still until its end is heard, or until it is known that it goes on.
    this.client()
      .stop(sessionId, messageId)
      .catch(({ message: notice }: Error) => {
        this.store.setState((s) => ({ notice, stopping: without(s.stopping, messageId) }))
      })
  }

  /** Lets go of those that have ended, or that are not followed any more. */
  settle(): void {
    for (const messageId of Object.keys(this.store.getState().stopping)) {
      if (this.runs(messageId)) continue
      this.store.setState((s) => ({ stopping: without(s.stopping, messageId) }))
    }
  }

  private runs(messageId: string): boolean {
    return Object.values(this.store.getState().conversations).some(({ rows }) => {
      const row = rows.get(messageId)
      return row !== undefined && !isTerminal(row.message)
    })
  }
}
