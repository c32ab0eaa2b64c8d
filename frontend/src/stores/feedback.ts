import { create } from 'zustand'
import type { ChatClient } from '../api/client'
import { feedbackStorage, type Verdict } from '../api/storage'
import type { Message } from '../protocol/frames'
import { type Store, without } from './state'

type Answer = Pick<Message, 'id' | 'session_id'>

/** What the person says of an answer: always the whole of it, since the server keeps only the last. */
interface Word {
  readonly verdict: Verdict | null
  readonly comment: string | null
}

/** Why an answer is no good. `closed`: the person did not want to say. */
export interface Comment {
  readonly step: 'open' | 'sending' | 'sent' | 'closed'
  readonly text: string
}

/** What the person thinks of answers, by message; shown at once and taken back if the server does not keep it. */
export const useVerdicts = create<Readonly<Record<string, Verdict>>>()(() =>
  Object.fromEntries(feedbackStorage.load()),
)

/** What was asked for after a thumb went down here, and what the person has written so far, by message. */
export const useComments = create<Readonly<Record<string, Comment>>>()(() => ({}))

export class Feedback {
  /** The last word on each answer of which something is on its way. */
  private readonly last = new Map<string, Word>()

  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
  ) {}

  async judge(answer: Answer, verdict: Verdict | null): Promise<void> {
    const held = verdictOn(answer.id)
    show(answer.id, verdict)
    askWhy(answer.id, verdict)
    await this.keep(answer, { verdict, comment: null }, held)
  }

  /** Says why an answer is no good. */
  async comment(answer: Answer): Promise<void> {
    const { id } = answer
    const comment = useComments.getState()[id]?.text.trim() ?? ''
    if (comment === '') return
    step(id, 'sending')
    await this.keep(answer, { verdict: 'down', comment }, verdictOn(id))
  }

  /** One request at a time for each answer: however fast somebody is, the last word is what is kept. */
  private async keep(answer: Answer, word: Word, before: Verdict | null): Promise<void> {
    const { id, session_id: sessionId } = answer
    const busy = this.last.has(id)
    this.last.set(id, word)
    if (busy) return
    let held: Word = { verdict: before, comment: null }
    try {
      for (let next = this.last.get(id); next && next !== held; next = this.last.get(id)) {
        await this.client().calls.judge(sessionId, id, next.verdict, next.comment)
        held = next
        feedbackStorage.set(id, held.verdict)
      }
      settle(id, held.comment === null ? 'open' : 'sent')
    } catch (error) {
      show(id, held.verdict)
      settle(id, 'open')
      this.store.setState({ notice: (error as Error).message })
    } finally {
      this.last.delete(id)
    }
  }
}

/** It is kept here and not in the row, which goes when it is scrolled out of sight. */
export function writeComment(id: string, text: string): void {
  put(id, { step: 'open', text })
}

export function closeComment(id: string): void {
  step(id, 'closed')
}

/** With a new verdict the server forgets the comment, so it can be sent anew. It is not asked for twice. */
function askWhy(id: string, verdict: Verdict | null): void {
  const asked = useComments.getState()[id]
  if (!asked && verdict === 'down') put(id, { step: 'open', text: '' })
  else if (asked && asked.step !== 'closed') step(id, 'open')
}

/** What became of a comment on its way, unless it was put away meanwhile. */
function settle(id: string, to: Comment['step']): void {
  if (useComments.getState()[id]?.step === 'sending') step(id, to)
}

function step(id: string, to: Comment['step']): void {
  put(id, { text: useComments.getState()[id]?.text ?? '', step: to })
}

function put(id: string, comment: Comment): void {
  useComments.setState({ [id]: comment })
}

function verdictOn(id: string): Verdict | null {
  return useVerdicts.getState()[id] ?? null
}

function show(id: string, verdict: Verdict | null): void {
  useVerdicts.setState((s) => (verdict === null ? without(s, id) : { ...s, [id]: verdict }), true)
}
