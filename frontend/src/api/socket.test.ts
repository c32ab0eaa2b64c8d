import { beforeEach, expect, it, vi } from 'vitest'
import type { ClientFrame, ServerFrame } from '../protocol/frames'
import { ChatSocket } from './socket'
import { FakeSocket } from './socket.fixture'

function stage() {
  const listener = { frame: vi.fn(), changed: vi.fn() }
  const socket = new ChatSocket('ws://here/ws/chat', listener, true, () => 1)
  socket.dispatch({ type: 'start' })
  return { socket, listener, newest: () => FakeSocket.made.at(-1) as FakeSocket }
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made = []
  vi.stubGlobal('WebSocket', FakeSocket)
  return () => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  }
})

it('offers chat.v1, says hello first, and sends nothing else before the welcome', () => {
  const { socket, newest } = stage()
  expect(newest().protocol).toBe('chat.v1')
  expect(socket.send({ type: 'ping' })).toBe(false)
  newest().open()
  expect(newest().sent).toEqual([{ type: 'hello', protocol: 1 }])
  expect(socket.send({ type: 'ping' })).toBe(true)
})

it('does not send a frame that is larger than the server takes', () => {
  const { socket, newest } = stage()
  newest().open(100)
  const frame = (content: string): ClientFrame => ({ type: 'send', content })
  expect(socket.send(frame('é'.repeat(50)))).toBe(false)
  expect(socket.send(frame('e'.repeat(50)))).toBe(true)
  expect(newest().sent).toHaveLength(2)
})

it('hands on what it does not know, and goes on', () => {
  const { newest, listener } = stage()
  newest().open().say({ type: 'of tomorrow' })
  expect(listener.frame).toHaveBeenLastCalledWith({ type: 'of tomorrow' })
})

it.each(['<h1>Bad gateway</h1>', 'null', '7'])('passes over what is no frame: %s', (data) => {
  const { newest, listener } = stage()
  listener.frame.mockClear()
  newest().open().onmessage?.({ data })
  newest().say({ type: 'of tomorrow' })
  expect(listener.frame.mock.calls.slice(1)).toEqual([[{ type: 'of tomorrow' }]])
})

it('leaves a draining server after the time it names, by a new socket', async () => {
  const { newest } = stage()
  newest()
    .open()
    .say({ type: 'draining', retry_after_ms: 700 } as ServerFrame)
  await vi.advanceTimersByTimeAsync(699)
  expect(FakeSocket.made).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(FakeSocket.made.map((made) => made.readyState)).toEqual([3, 0])
})

it('an old socket is heard no more', () => {
  const { newest, listener } = stage()
  const old = newest().open()
  const heard = old.onmessage
  old.onclose?.({ code: 1006, reason: '' })
  listener.frame.mockClear()
  heard?.({ data: '{"type":"pong"}' })
  expect(listener.frame).not.toHaveBeenCalled()
})
