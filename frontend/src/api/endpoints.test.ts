import { expect, it, vi } from 'vitest'
import { Endpoints } from './endpoints'
import type { Rest } from './rest'

it('what only reads is tried until it succeeds, except where somebody stands by to ask again', () => {
  const call = vi.fn(async () => ({}) as never)
  const endpoints = new Endpoints({ call } as unknown as Rest)
  const { signal } = new AbortController()
  const reads = {
    chains: () => endpoints.chains(),
    sessions: () => endpoints.sessions(null, signal),
    session: () => endpoints.session('s'),
    messages: () => endpoints.messages('s', null, signal),
    record: () => endpoints.record('s', 'm', signal),
    documents: () => endpoints.documents(signal),
    message: () => endpoints.message('s', 'm'),
    search: () => endpoints.search('otters', signal),
  }
  const once = Object.entries(reads).filter(([, read]) => {
    void read()
    return !(call.mock.lastCall as unknown as [string, string, { again?: boolean }?])[2]?.again
  })
  expect(once.map(([name]) => name)).toEqual(['message', 'search'])
})
