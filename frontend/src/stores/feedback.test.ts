import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { ChatClient } from '../api/client'
import { Feedback, useVerdicts } from './feedback'
import { type ChatState, initialState } from './state'

const ANSWER = { id: 'a', session_id: 's' }

let calls: { value: unknown; comment: unknown; end: (error?: Error) => void }[]
let feedback: Feedback
const store = createStore<ChatState>()(() =>
  initialState({ thread: 't', sessionId: 's' }, 'system'),
)

beforeEach(() => {
  calls = []
  const judge = (_s: string, _id: string, value: unknown, comment: unknown = null) =>
    new Promise<void>((resolve, reject) => {
      calls.push({ value, comment, end: (error) => (error ? reject(error) : resolve()) })
    })
  feedback = new Feedback(store, () => ({ calls: { judge } }) as unknown as ChatClient)
  useVerdicts.setState({}, true)
  store.setState({ notice: null })
})

afterEach(() => {
  vi.unstubAllGlobals()
})

const verdict = () => useVerdicts.getState()['a'] ?? null

it('a verdict is shown at once', async () => {
  const judged = feedback.judge(ANSWER, 'up')
  expect(verdict()).toBe('up')
  calls[0]?.end()
  await judged
  expect(verdict()).toBe('up')
  expect(calls.map(({ value }) => value)).toEqual(['up'])
})

it('a verdict that was not kept is taken back, with a word why', async () => {
  const judged = feedback.judge(ANSWER, 'down')
  calls[0]?.end(new Error('no'))
  await judged
  expect(verdict()).toBeNull()
  expect(store.getState().notice).toBe('no')
})

it('of several in a hurry the last one is what the server hears last', async () => {
  const judged = feedback.judge(ANSWER, 'up')
  void feedback.judge(ANSWER, 'down')
  void feedback.judge(ANSWER, null)
  void feedback.judge(ANSWER, 'down')
  calls[0]?.end()
  await vi.waitFor(() => expect(calls.length).toBe(2))
  calls[1]?.end()
  await judged
  expect(calls.map(({ value }) => value)).toEqual(['up', 'down'])
  expect(verdict()).toBe('down')
})

it('what fails later falls back to what was kept', async () => {
  const judged = feedback.judge(ANSWER, 'up')
  void feedback.judge(ANSWER, 'down')
  calls[0]?.end()
  await vi.waitFor(() => expect(calls.length).toBe(2))
  calls[1]?.end(new Error('no'))
  await judged
  expect(verdict()).toBe('up')
})

it('a comment says whether it was kept', async () => {
  const kept = feedback.comment(ANSWER, 'why')
  expect(calls[0]).toMatchObject({ value: 'down', comment: 'why' })
  calls[0]?.end()
  await expect(kept).resolves.toBe(true)
  const lost = feedback.comment(ANSWER, 'why')
  calls[1]?.end(new Error('no'))
  await expect(lost).resolves.toBe(false)
})
