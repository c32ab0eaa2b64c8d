import { create } from 'zustand'
import { FirstWords } from '../protocol/firstWords'

/** How many milliseconds an answer's first words took, by message: as far as this page saw it or read its record. */
export const useFirstWords = create<Readonly<Record<string, number>>>()(() => ({}))

/** What the page saw itself stays: it counts from the press of the button. */
export function learnFirstWords(messageId: string, ms: number): void {
  useFirstWords.setState((s) => (messageId in s ? s : { [messageId]: ms }))
}

export const firstWords = new FirstWords(learnFirstWords)
