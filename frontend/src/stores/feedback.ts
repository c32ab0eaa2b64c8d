import { create } from 'zustand'
import type { ChatClient } from '../api/client'
import { feedbackStorage, type Verdict } from '../api/storage'
import type { Message } from '../protocol/frames'
import { type Store, without } from './state'

type Answer = Pick<Message, 'id' | 'session_id'>

/** What the person thinks of answers, by message; shown at once and taken back if the server does not keep it. */
export const useVerdicts = create<Readonly<Record<string, Verdict>>>()(() =>
  Object.fromEntries(feedbackStorage.load()),
)

export class Feedback {
  private readonly busy = new Set<string>()

  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
  ) {}

  /** One request at a time for each answer: however fast somebody presses, the last word is what is kept. */
  async judge(answer: Answer, verdict: Verdict | null): Promise<void> {
    const { id } = answer
    let held = verdictOn(id)
    show(id, verdict)
    if (this.busy.has(id)) return
    this.busy.add(id)
    try {
      while (held !== verdictOn(id)) {
        const wanted = verdictOn(id)
        await this.put(answer, wanted)
        held = wanted
        feedbackStorage.set(id, held)
      }
    } catch (error) {
      show(id, held)
      this.store.setState({ notice: (error as Error).message })
    } finally {
      this.busy.delete(id)
    }
  }

  /** Says why an answer is no good; false if that could not be kept. */
  async comment(answer: Answer, comment: string): Promise<boolean> {
    try {
      await this.client().calls.judge(answer.session_id, answer.id, 'down', comment)
      return true
    } catch (error) {
      this.store.setState({ notice: (error as Error).message })
      return false
    }
  }

  private put({ id, session_id: sessionId }: Answer, verdict: Verdict | null): Promise<void> {
    return this.client().calls.judge(sessionId, id, verdict)
  }
}

function verdictOn(id: string): Verdict | null {
  return useVerdicts.getState()[id] ?? null
}

function show(id: string, verdict: Verdict | null): void {
  useVerdicts.setState((s) => (verdict === null ? without(s, id) : { ...s, [id]: verdict }), true)
}
