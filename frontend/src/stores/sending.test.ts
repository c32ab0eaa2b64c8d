import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { ChatClient } from '../api/client'
import { Refusal, Unreached } from '../api/problems'
import { ack } from '../protocol/conversation/frames.fixture'
import type { AckBody, ErrorBody } from '../protocol/frames'
import type { Entry } from '../protocol/outbox'
import { entry } from '../protocol/outbox.fixture'
import type { Conversations } from './conversations'
import { Sending } from './sending'
import { type ChatState, initialState } from './state'

type Send = (entry: Entry) => Promise<AckBody>

/** A client whose two doors are plain functions. */
function stage() {
  const store = createStore<ChatState>()(() => ({
    ...initialState({ thread: 't', sessionId: null }, 'system'),
    userId: 'u',
  }))
  const bySocket = vi.fn<Send>()
  const byRest = vi.fn<Send>()
  const client = {
    online: true,
    socketOpen: true,
    submitBySocket: bySocket,
    calls: { submit: byRest },
    wanted: vi.fn(),
  }
  const busy = vi.fn(() => false)
  const conversations = { busy, get: () => undefined, accepted: vi.fn() }
  const placed = vi.fn()
  const sending = new Sending(
    store,
    () => client as unknown as ChatClient,
    conversations as unknown as Conversations,
    placed,
  )
  const entries = () => store.getState().entries
  return { store, client, bySocket, byRest, busy, conversations, placed, sending, entries }
}

async function begin(sending: Sending): Promise<void> {
  await sending.adopt('tab')
  sending.begin()
}

const accept: Send = async (entry) => ack({ client_message_id: entry.clientMessageId })
const refuse = (body: Partial<ErrorBody>) => async () => {
  throw new Refusal(0, { code: 'invalid', message: 'No.', retryable: false, ...body })
}
const unreached = async () => {
  throw new Unreached()
}
const turn = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'Date'] })
  return () => vi.useRealTimers()
})

it('goes by the socket and learns its session from the ack', async () => {
  const { sending, bySocket, byRest, placed, entries } = stage()
  bySocket.mockImplementation(accept)
  await begin(sending)
  sending.send('why?')
  await turn()
  expect(entries()).toMatchObject([{ state: 'sent', sessionId: 's', content: 'why?' }])
  expect(placed).toHaveBeenCalledWith('t', 's')
  expect(byRest).not.toHaveBeenCalled()
})

it('goes by REST under the same id when the socket dies before the ack', async () => {
  const { sending, bySocket, byRest, conversations, entries } = stage()
  bySocket.mockImplementation(unreached)
  byRest.mockImplementation(accept)
  await begin(sending)
  sending.send('why?')
  await turn()
  const ids = [bySocket, byRest].map((door) => door.mock.calls[0]?.[0].clientMessageId)
  expect(ids[0]).toBe(ids[1])
  expect(entries()).toMatchObject([{ state: 'sent' }])
  expect(conversations.accepted).toHaveBeenCalledTimes(1)
})

it('stays unconfirmed while no door answers, and goes again', async () => {
  const { sending, client, byRest, entries } = stage()
  client.socketOpen = false
  byRest.mockImplementationOnce(unreached).mockImplementation(accept)
  await begin(sending)
  sending.send('why?')
  await turn()
  expect(entries()).toMatchObject([{ state: 'unconfirmed', content: 'why?' }])
  await vi.advanceTimersByTimeAsync(1000)
  expect(entries()).toMatchObject([{ state: 'sent' }])
  expect(byRest).toHaveBeenCalledTimes(2)
})

it('waits and goes again when the session is busy', async () => {
  const { sending, bySocket, entries } = stage()
  const busy = refuse({ code: 'session_busy', retryable: true, retry_after_ms: 3000 })
  bySocket.mockImplementationOnce(busy).mockImplementation(accept)
  await begin(sending)
  sending.send('why?')
  await turn()
  expect(entries()).toMatchObject([{ state: 'queued' }])
  await vi.advanceTimersByTimeAsync(3000)
  expect(entries()).toMatchObject([{ state: 'sent' }])
})

it('keeps the text of a refused message and lets the next one through', async () => {
  const { sending, bySocket, entries } = stage()
  bySocket.mockImplementationOnce(refuse({})).mockImplementation(accept)
  await begin(sending)
  sending.send('bad')
  sending.send('good')
  await turn()
  expect(entries()).toMatchObject([
    { state: 'refused', content: 'bad', error: { message: 'No.' } },
    { state: 'sent', content: 'good' },
  ])
  expect(sending.discard(entries()[0]?.clientMessageId ?? '')).toBe('bad')
})

it('sends nothing while offline, and the second message of a chat only after the first has ended', async () => {
  const { sending, client, bySocket, entries } = stage()
  client.online = false
  bySocket.mockImplementation(accept)
  await begin(sending)
  sending.send('ok')
  sending.send('ok')
  await turn()
  expect(bySocket).not.toHaveBeenCalled()
  client.online = true
  sending.pump()
  await turn()
  expect(entries()).toMatchObject([{ state: 'sent' }, { state: 'queued', sessionId: 's' }])
  sending.discard(entries()[0]?.clientMessageId ?? '')
  sending.pump()
  await turn()
  expect(entries()).toMatchObject([{ state: 'sent', content: 'ok' }])
})

it('keeps what somebody else wrote here until they are back', async () => {
  const { sending, store, bySocket } = stage()
  bySocket.mockImplementation(accept)
  await begin(sending)
  store.setState({ userId: 'other' })
  sending.pump()
  store.setState((s) => ({ entries: [...s.entries, theirs] }))
  sending.pump()
  await turn()
  expect(bySocket).not.toHaveBeenCalled()
  store.setState({ userId: 'u' })
  sending.pump()
  await turn()
  expect(bySocket).toHaveBeenCalledTimes(1)
})

it('goes as soon as it is known for whom it was kept', async () => {
  const { sending, store, bySocket } = stage()
  bySocket.mockImplementation(accept)
  store.setState({ userId: null, entries: [entry({ userId: 'u' })] })
  await begin(sending)
  await turn()
  expect(bySocket).not.toHaveBeenCalled()
  sending.known('u')
  await turn()
  expect(bySocket).toHaveBeenCalledTimes(1)
})

describe('a retry', () => {
  const chat = async () => {
    const found = stage()
    found.store.setState({ view: { thread: 's', sessionId: 's' } })
    await begin(found.sending)
    return found
  }
  const granted = ack({ client_message_id: 'r', pending_message_id: 'b' })

  it('is kept, goes under one id by whichever door, and its ack names what it replaces', async () => {
    const { sending, bySocket, byRest, conversations, entries } = await chat()
    bySocket.mockImplementation(unreached)
    byRest.mockImplementation(async (sent) => ({
      ...granted,
      client_message_id: sent.clientMessageId,
    }))
    sending.retry('a')
    await turn()
    expect(byRest.mock.calls[0]?.[0]).toMatchObject({ retryOf: 'a', sessionId: 's' })
    expect(entries()).toMatchObject([{ state: 'sent', retryOf: 'a' }])
    const [, asked, followed] = conversations.accepted.mock.calls[0] ?? []
    expect([asked, followed]).toEqual([{ retryOf: 'a' }, false])
  })

  it('pressed twice is one', async () => {
    const { sending, bySocket, entries } = await chat()
    bySocket.mockImplementation(() => new Promise(() => {}))
    sending.retry('a')
    sending.retry('a')
    await turn()
    expect(entries()).toHaveLength(1)
    expect(bySocket).toHaveBeenCalledTimes(1)
  })

  it.each(['session_busy', 'not_latest'] as const)(
    'refused with %s says so and does not wait',
    async (code) => {
      const { sending, bySocket, entries } = await chat()
      bySocket.mockImplementation(refuse({ code, retryable: code === 'session_busy' }))
      sending.retry('a')
      await turn()
      expect(entries()).toMatchObject([{ state: 'refused', error: { code } }])
      sending.retry('a')
      await turn()
      expect(entries()).toHaveLength(1)
      expect(new Set(bySocket.mock.calls.map(([sent]) => sent.clientMessageId)).size).toBe(2)
    },
  )

  it('waits with everything else while the server takes nothing new', async () => {
    const { sending, bySocket, entries } = await chat()
    const busy = refuse({ code: 'overloaded', retryable: true, retry_after_ms: 4000 })
    bySocket.mockImplementationOnce(busy)
    bySocket.mockImplementation(async (sent) => ({
      ...granted,
      client_message_id: sent.clientMessageId,
    }))
    sending.retry('a')
    await turn()
    expect(entries()).toMatchObject([{ state: 'queued' }])
    await vi.advanceTimersByTimeAsync(4000)
    expect(entries()).toMatchObject([{ state: 'sent' }])
  })
})

it('a refused message goes again under its own id, so that it counts once whatever became of it', async () => {
  const { sending, bySocket, entries } = stage()
  bySocket.mockImplementationOnce(refuse({})).mockImplementation(accept)
  await begin(sending)
  sending.send('why?')
  await turn()
  const { clientMessageId } = entries()[0] ?? entry()
  sending.again(clientMessageId)
  await turn()
  expect(bySocket.mock.calls.map(([sent]) => sent.clientMessageId)).toEqual([
    clientMessageId,
    clientMessageId,
  ])
  expect(entries()).toMatchObject([{ state: 'sent' }])
})

it('takes a new id where the old one is bound to a session that was deleted', async () => {
  const { sending, bySocket, entries } = stage()
  bySocket.mockImplementationOnce(refuse({ code: 'not_found' })).mockImplementation(accept)
  await begin(sending)
  sending.send('why?')
  await turn()
  sending.again(entries()[0]?.clientMessageId ?? '')
  await turn()
  expect(new Set(bySocket.mock.calls.map(([sent]) => sent.clientMessageId)).size).toBe(2)
})

it('calls back a connection that gave way to others (4504) whenever something is sent', async () => {
  const { sending, client, byRest } = stage()
  client.socketOpen = false
  byRest.mockImplementation(accept)
  await begin(sending)
  sending.send('why?')
  await turn()
  expect(client.wanted).toHaveBeenCalledTimes(1)
})

it('sends what is unconfirmed at once when the server is there again', async () => {
  const { sending, client, byRest, entries } = stage()
  client.socketOpen = false
  byRest.mockImplementationOnce(unreached).mockImplementation(accept)
  await begin(sending)
  sending.send('why?')
  await turn()
  expect(entries()).toMatchObject([{ state: 'unconfirmed' }])
  sending.attention()
  await turn()
  expect(entries()).toMatchObject([{ state: 'sent' }])
})

it('lets go of what was still to be said in a session that was deleted', async () => {
  const { sending, store, client, entries } = stage()
  client.online = false
  await begin(sending)
  store.setState({ view: { thread: 's', sessionId: 's' } })
  sending.send('too late')
  sending.forget('s')
  expect(entries()).toEqual([])
})

const theirs = entry({ clientMessageId: 'theirs', tab: 'tab', thread: 't', content: 'secret' })

it('the first message of a chat takes along which chain was chosen; the default is the server’s to know', async () => {
  const { store, sending, bySocket, entries } = stage()
  bySocket.mockImplementation(unreached)
  const slow = { name: 'slow', title: 'Slow', description: '', default: false }
  store.setState({ chain: slow })
  sending.send('to the chosen one')
  store.setState({ chain: { ...slow, default: true } })
  sending.send('to the default')
  store.setState({ chain: slow, view: { thread: 's', sessionId: 's' } })
  sending.send('to a chat that has its chain')
  expect(entries().map((entry) => entry.chain)).toEqual(['slow', null, null])
})
