import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { ChatClient } from '../api/client'
import { closeComment, Feedback, useComments, useVerdicts, writeComment } from './feedback'
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
  useComments.setState({}, true)
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

describe('a comment', () => {
  const comment = () => useComments.getState()['a']
  const made = (count: number) => vi.waitFor(() => expect(calls.length).toBe(count))

  it('is asked for after a thumb went down here, and says whether it was kept', async () => {
    useVerdicts.setState({ a: 'down' }, true) // an earlier visit
    expect(comment()).toBeUndefined()
    void feedback.judge(ANSWER, 'down')
    calls[0]?.end()
    await vi.waitFor(() => expect(comment()).toEqual({ step: 'open', text: '' }))
    writeComment('a', ' why ')
    void feedback.comment(ANSWER)
    expect(comment()?.step).toBe('sending')
    await made(2)
    expect(calls[1]).toMatchObject({ value: 'down', comment: 'why' })
    calls[1]?.end(new Error('no'))
    await vi.waitFor(() => expect(comment()).toEqual({ step: 'open', text: ' why ' }))
    expect(verdict()).toBe('down')
    void feedback.comment(ANSWER)
    calls[2]?.end()
    await vi.waitFor(() => expect(comment()?.step).toBe('sent'))
  })

  it('goes after the verdict that is still on its way, so that none arrives later without it', async () => {
    void feedback.judge(ANSWER, 'down')
    writeComment('a', 'why')
    void feedback.comment(ANSWER)
    expect(calls.length).toBe(1)
    calls[0]?.end()
    await made(2)
    expect(calls[1]).toMatchObject({ value: 'down', comment: 'why' })
    calls[1]?.end()
    await vi.waitFor(() => expect(comment()?.step).toBe('sent'))
    expect(calls.length).toBe(2)
  })

  it('can be sent again if its verdict was taken back, or not kept', async () => {
    void feedback.judge(ANSWER, 'down')
    writeComment('a', 'why')
    void feedback.comment(ANSWER)
    calls[0]?.end(new Error('no'))
    await vi.waitFor(() => expect(verdict()).toBeNull())
    expect(comment()).toEqual({ step: 'open', text: 'why' })
    void feedback.judge(ANSWER, 'down')
    void feedback.comment(ANSWER)
    calls[1]?.end()
    await made(3)
    void feedback.judge(ANSWER, null)
    calls[2]?.end()
    await made(4)
    calls[3]?.end()
    expect(comment()).toEqual({ step: 'open', text: 'why' })
  })

  it('is not asked for again after somebody did not want to say', async () => {
    void feedback.judge(ANSWER, 'down')
    closeComment('a')
    void feedback.judge(ANSWER, null)
    void feedback.judge(ANSWER, 'down')
    expect(comment()?.step).toBe('closed')
  })
})
