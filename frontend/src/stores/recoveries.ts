import { create } from 'zustand'
import { Recoveries } from '../protocol/recoveries'
import { without } from './state'

const SHOWN_MS = 6_000

/** How many tokens of an answer were just caught up, by message. */
export const useRecovered = create<Readonly<Record<string, number>>>()(() => ({}))

const timers = new Map<string, ReturnType<typeof setTimeout>>()

export const recoveries = new Recoveries((messageId, count) => {
  useRecovered.setState({ [messageId]: count })
  clearTimeout(timers.get(messageId))
  const hide = () => {
    timers.delete(messageId)
    useRecovered.setState((s) => without(s, messageId), true)
  }
  timers.set(messageId, setTimeout(hide, SHOWN_MS))
})
