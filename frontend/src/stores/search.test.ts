import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Refusal, Unreached } from '../api/problems'
import type { Hit, Session } from '../protocol/frames'
import { Search } from './search'

const hit = (message_id: string, session_id = 's'): Hit => ({
  ...{ message_id, session_id, index: 1, excerpt: message_id },
})

type Ask = (words: string, signal: AbortSignal) => Promise<{ hits: Hit[] }>

function stage() {
  const ask = vi.fn<Ask>(async () => ({ hits: [] }))
  const session = vi.fn(async (id: string) => ({ id, title: `Chat ${id}` }) as Session)
  const search = new Search({
    calls: () => ({ search: ask, session }),
    listed: (id) => id === 's',
    hidden: (id) => id === 'gone',
  })
  return { search, ask, session, state: () => search.store.getState() }
}

const ids = (hits: readonly Hit[]) => hits.map((each) => each.message_id)
const pause = (ms = 150) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
  return () => vi.useRealTimers()
})

describe('while one types', () => {
  it('nothing is asked before a pause, and then once', async () => {
    const { search, ask, state } = stage()
    for (const words of ['o', 'ot', ' otter ']) {
      search.type(words)
      await pause(149)
    }
    expect(ask).not.toHaveBeenCalled()
    expect(state()).toMatchObject({ status: 'searching', words: ' otter ' })
    await pause(1)
    expect(ask.mock.calls.map(([words]) => words)).toEqual(['otter'])
    expect(state()).toMatchObject({ status: 'found', asked: 'otter', hits: [] })
  })

  it('a request for earlier words is given up, and its answer ignored', async () => {
    const { search, ask, state } = stage()
    const answers: ((hits: Hit[]) => void)[] = []
    ask.mockImplementation(() => new Promise((done) => answers.push((hits) => done({ hits }))))
    search.type('otter')
    await pause()
    search.type('badger')
    expect(ask.mock.calls[0]?.[1].aborted).toBe(true)
    await pause()
    answers[1]?.([hit('badger')])
    await pause(0)
    answers[0]?.([hit('otter')])
    await pause(0)
    expect(ids(state().hits)).toEqual(['badger'])
  })

  it('the earlier hits stay until the new ones are there, and go with the words', async () => {
    const { search, ask, state } = stage()
    ask.mockResolvedValueOnce({ hits: [hit('a')] })
    search.type('otter')
    await pause()
    search.type('otters')
    expect(state()).toMatchObject({ status: 'searching', asked: 'otter', hits: [{}] })
    search.type('  ')
    expect(state()).toMatchObject({ status: 'idle', hits: [] })
    await pause()
    expect(ask).toHaveBeenCalledTimes(1)
  })
})

describe('what was found', () => {
  it('stands together chat by chat, without a chat that is being deleted', async () => {
    const { search, ask, state } = stage()
    const hits = [hit('1', 'a'), hit('2', 'b'), hit('3', 'a'), hit('4', 'gone')]
    ask.mockResolvedValue({ hits })
    search.type('otter')
    await pause()
    expect(ids(state().hits)).toEqual(['1', '3', '2'])
  })

  it('is named by a chat’s title, which is read if the sidebar does not list it', async () => {
    const { search, ask, session, state } = stage()
    ask.mockResolvedValue({ hits: [hit('1', 's'), hit('2', 'old'), hit('3', 'old')] })
    search.type('otter')
    await pause()
    search.again()
    await pause(0)
    expect(session.mock.calls).toEqual([['old']])
    expect(state().titles).toEqual({ old: 'Chat old' })
  })

  it('is gone through in a ring', async () => {
    const { search, ask, state } = stage()
    search.move(1)
    ask.mockResolvedValue({ hits: [hit('1'), hit('2')] })
    search.type('otter')
    await pause()
    const visited = ([1, 1, -1] as const).map((step) => {
      search.move(step)
      return state().active
    })
    expect(visited).toEqual([1, 0, 1])
  })
})

it('a failure is told; the same words can be asked for again unless they are what is wrong', async () => {
  const { search, ask, state } = stage()
  ask.mockRejectedValueOnce(new Unreached())
  search.type('otter')
  await pause()
  expect(state()).toMatchObject({ status: 'failed', failure: { again: true } })
  ask.mockResolvedValueOnce({ hits: [hit('1')] })
  search.again()
  await pause(0)
  expect(state()).toMatchObject({ status: 'found', failure: null, asked: 'otter' })
  const invalid = { code: 'invalid', message: 'Type some letters.', retryable: false } as const
  ask.mockRejectedValueOnce(new Refusal(422, invalid))
  search.type('!')
  await pause()
  const failure = { again: false, message: 'Type some letters.' }
  expect(state()).toMatchObject({ failure, hits: [] })
})

it('what is closed is forgotten, and what was on its way with it', async () => {
  const { search, ask, state } = stage()
  ask.mockResolvedValue({ hits: [hit('1')] })
  search.type('otter')
  search.clear()
  await pause()
  expect(ask).not.toHaveBeenCalled()
  expect(state()).toMatchObject({ words: '', status: 'idle' })
})
