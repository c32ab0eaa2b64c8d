import { expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { ChatClient } from '../api/client'
import { message } from '../protocol/conversation/frames.fixture'
import type { Message } from '../protocol/frames'
import { type ChatState, initialState } from './state'
import { Stopping } from './stopping'

function stage() {
  const store = createStore<ChatState>()(() =>
    initialState({ thread: 's', sessionId: 's' }, 'system'),
  )
  const stop = vi.fn(async () => {})
  const stopping = new Stopping(store, () => ({ stop }) as unknown as ChatClient)
  const holds = (status: Message['status']) => {
    const rows = new Map([['a', { message: message({ id: 'a', index: 2, status }) }]])
    store.setState({ conversations: { s: { rows } } as never })
    stopping.settle()
  }
  return { store, stop, stopping, holds, asked: () => store.getState().stopping }
}

it('is asked for once, however often the key is pressed', () => {
  const { stopping, stop, holds } = stage()
  holds('streaming')
  stopping.ask('s', 'a')
  stopping.ask('s', 'a')
  expect(stop.mock.calls).toEqual([['s', 'a']])
})

it('is over when the answer has ended, whichever way, or is not followed any more', () => {
  for (const end of ['cancelled', 'complete'] as const) {
    const { stopping, holds, asked } = stage()
    holds('streaming')
    stopping.ask('s', 'a')
    holds('streaming')
    expect(asked()).toEqual({ a: true })
    holds(end)
    expect(asked()).toEqual({})
  }
  const { store, stopping, asked } = stage()
  stopping.ask('s', 'a')
  store.setState({ conversations: {} })
  stopping.settle()
  expect(asked()).toEqual({})
})

it('that failed says so and may be asked for again', async () => {
  const { store, stopping, stop, holds, asked } = stage()
  holds('streaming')
  stop.mockRejectedValueOnce(new Error('Not now.'))
  stopping.ask('s', 'a')
  await vi.waitFor(() => expect(asked()).toEqual({}))
  expect(store.getState().notice).toBe('Not now.')
  stopping.ask('s', 'a')
  expect(stop).toHaveBeenCalledTimes(2)
})
