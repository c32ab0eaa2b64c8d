import { create } from 'zustand'
import { Recoveries } from '../protocol/recoveries'
import { without } from './state'

const SHOWN_MS = 6_000

/** How many tokens of an answer were just caught up, by message. */
export const useRecovered = create<Readonly<Record<string, number>>>()(() => ({}))

export const recoveries = new Recoveries((messageId, count) => {
  useRecovered.setState({ [messageId]: count })
  setTimeout(() => useRecovered.setState((s) => without(s, messageId), true), SHOWN_MS)
})
