import { beforeEach, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { ChatClient } from '../api/client'
import { Refusal, Unreached } from '../api/problems'
import { ack } from '../protocol/conversation/frames.fixture'
import type { AckBody, ErrorBody } from '../protocol/frames'
import type { Entry } from '../protocol/outbox'
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
  const client = { online: true, socketOpen: true, sendBySocket: bySocket, calls: { send: byRest } }
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

const accept: Send = async (entry) => ack({ client_message_id: entry.clientMessageId })
const refuse = (body: Partial<ErrorBody>) => async () => {
  throw new Refusal(0, { code: 'invalid', message: 'No.', retryable: false, ...body })
}
const unreached = async () => {
  throw new Unreached()
}
const turn = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  return () => vi.useRealTimers()
})

it('goes by the socket and learns its session from the ack', async () => {
  const { sending, bySocket, byRest, placed, entries } = stage()
  bySocket.mockImplementation(accept)
  await sending.begin('tab')
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
  await sending.begin('tab')
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
  await sending.begin('tab')
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
  await sending.begin('tab')
  sending.send('why?')
  await turn()
  expect(entries()).toMatchObject([{ state: 'queued' }])
  await vi.advanceTimersByTimeAsync(3000)
  expect(entries()).toMatchObject([{ state: 'sent' }])
})

it('keeps the text of a refused message and lets the next one through', async () => {
  const { sending, bySocket, entries } = stage()
  bySocket.mockImplementationOnce(refuse({})).mockImplementation(accept)
  await sending.begin('tab')
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
  await sending.begin('tab')
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
  await sending.begin('tab')
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

const theirs: Entry = {
  clientMessageId: 'theirs',
  userId: 'u',
  tab: 'tab',
  thread: 't',
  sessionId: null,
  content: 'secret',
  createdAt: 1,
  state: 'queued',
  notBefore: 0,
  tries: 0,
  ack: null,
  error: null,
}
