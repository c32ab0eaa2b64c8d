import type { LoggedFrame, SubscribedFrame } from '../frames'
import { type Conversation, type Effect, emptyConversation, type Input, reduce } from '.'
import { page, SESSION } from './frames.fixture'

/** A conversation that remembers what its reducer asked for. */
export class Talk {
  state: Conversation = emptyConversation(SESSION)
  asked: Effect[] = []

  take(input: Input): this {
    const { state, effects } = reduce(this.state, input)
    this.state = state
    this.asked.push(...effects)
    return this
  }

  frames(...frames: (LoggedFrame | SubscribedFrame)[]): this {
    for (const frame of frames) this.take({ type: 'frame', frame })
    return this
  }

  /** What was asked for since the last look. */
  news(): Effect[] {
    return this.asked.splice(0)
  }

  text(id = 'a'): string | undefined {
    return this.state.rows.get(id)?.message.content
  }

  status(id = 'a'): string | undefined {
    return this.state.rows.get(id)?.message.status
  }
}

/** Connected, the newest page read, subscribed from its position. */
export function following(newest = page([])): Talk {
  const talk = new Talk().take({ type: 'connected' })
  talk.take({ type: 'newest-page', page: newest, ticket: 1 })
  const ask = talk.news().find((effect) => effect.do === 'subscribe')
  const seq = newest.seq ?? 0
  talk.take({
    type: 'frame',
    frame: {
      type: 'subscribed',
      session_id: SESSION,
      epoch: newest.epoch,
      seq,
      end: seq,
      recovered: true,
      id: ask?.do === 'subscribe' ? ask.id : '',
    },
  })
  return talk
}
