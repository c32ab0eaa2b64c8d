import { beforeEach, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { ChatClient } from '../api/client'
import { Refusal, Unreached } from '../api/problems'
import type { Document } from '../protocol/frames'
import { FILES_AT_ONCE } from '../protocol/uploadable'
import { Documents } from './documents'
import { type ChatState, initialState } from './state'
import { Uploads } from './uploads'

const document = (id: string, part: Partial<Document> = {}): Document => ({
  ...{ id, title: id, filename: `${id}.md`, media_type: 'text/markdown', bytes: 1, progress: 1 },
  ...{ created_at: `2026-01-01T00:00:0${id}Z`, status: 'indexed', passages: 1, error: null },
  ...part,
})
const file = (name: string, text = 'text') => new File([text], name)
const moment = () => vi.advanceTimersByTimeAsync(0)

function stage() {
  const store = createStore<ChatState>()(() =>
    initialState({ thread: 't', sessionId: null }, 'system'),
  )
  type Listed = { documents: Document[]; writable: boolean }
  const list = vi.fn<(signal: AbortSignal) => Promise<Listed>>()
  list.mockResolvedValue({ documents: [], writable: true })
  const upload = vi.fn(async (one: File, _sent: (share: number) => void, _signal: AbortSignal) => ({
    documents: [document(one.name, { status: 'queued' })],
  }))
  const removeDocument = vi.fn(async () => {})
  const client = () =>
    ({ calls: { documents: list, upload, removeDocument } }) as never as ChatClient
  const documents = new Documents(store, client)
  const uploads = new Uploads(store, client, documents)
  const state = () => store.getState().documents
  return { documents, uploads, list, upload, removeDocument, state }
}

beforeEach(() => {
  vi.useFakeTimers()
  return () => vi.useRealTimers()
})

it('reads the list again while a document moves, and no longer', async () => {
  const { documents, list, state } = stage()
  list.mockResolvedValueOnce({ documents: [document('1', { status: 'queued' })], writable: true })
  list.mockResolvedValueOnce({ documents: [document('1', { status: 'indexing' })], writable: true })
  list.mockResolvedValueOnce({ documents: [document('1')], writable: true })
  documents.watch()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(list).toHaveBeenCalledTimes(3)
  expect(state().items).toMatchObject([{ status: 'indexed' }])
})

it('reads nothing any more once nobody looks', async () => {
  const { documents, list } = stage()
  list.mockResolvedValue({ documents: [document('1', { status: 'queued' })], writable: true })
  const leave = documents.watch()
  await moment()
  leave()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(list).toHaveBeenCalledTimes(1)
  expect(list.mock.calls[0]?.[0].aborted).toBe(true)
})

it('does not ask while hints come', async () => {
  const { documents, list } = stage()
  list.mockResolvedValue({ documents: [document('1', { status: 'queued' })], writable: true })
  documents.watch()
  await moment()
  for (let progress = 0; progress < 1; progress += 0.1) {
    await vi.advanceTimersByTimeAsync(1_000)
    documents.merge(document('1', { status: 'indexing', progress }))
  }
  documents.merge(document('1'))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(list).toHaveBeenCalledTimes(1)
})

it('a hint is newer than the list that was being read when it came', async () => {
  const { documents, list, state } = stage()
  const old = [document('1', { status: 'queued' }), document('2')]
  list.mockImplementationOnce(async () => {
    documents.merge(document('1'))
    await documents.remove('2')
    return { documents: old, writable: true }
  })
  documents.watch()
  await moment()
  expect(state().items).toEqual([document('1')])
})

it('the answer to an upload is older than its hints', async () => {
  const { documents, uploads, upload, state } = stage()
  documents.watch()
  await moment()
  upload.mockImplementationOnce(async (_file, tell) => {
    tell(1)
    uploads.arrived(document('1', { status: 'queued' }))
    expect(state().uploads).toEqual([])
    documents.merge(document('1'))
    return { documents: [document('1', { status: 'queued' })] }
  })
  uploads.add([file('1.md')])
  await moment()
  expect(state().items).toEqual([document('1')])
})

it('a hint of another tab’s file of the same name hides no upload that is on its way or fails', async () => {
  const { uploads, upload, state } = stage()
  upload.mockImplementationOnce(async (_file, tell) => {
    tell(0.9)
    uploads.arrived(document('1', { status: 'queued' }))
    expect(state().uploads).toMatchObject([{ name: '1.md', state: 'sending' }])
    tell(1)
    uploads.arrived(document('1', { status: 'queued' }))
    throw new Unreached()
  })
  uploads.add([file('1.md'), file('2.md')])
  await moment()
  expect(state().uploads).toMatchObject([{ name: '1.md', state: 'failed' }])
  uploads.again(state().uploads[0]?.key ?? '')
  await moment()
  expect(upload.mock.calls.map(([sent]) => sent.name)).toEqual(['1.md', '2.md', '1.md'])
})

it('what cannot be read is refused by name before anything is sent, and the others go', async () => {
  const { documents, uploads, upload, state } = stage()
  documents.watch()
  await moment()
  uploads.add([file('a.exe'), file('b.md', ''), file('1.md'), file('2.md')])
  await moment()
  expect(upload.mock.calls.map(([sent]) => sent.name)).toEqual(['1.md', '2.md'])
  expect(state().uploads).toMatchObject([
    { name: 'a.exe', state: 'unfit', reason: 'type' },
    { name: 'b.md', state: 'unfit', reason: 'empty' },
  ])
  expect(state().items.map(({ id }) => id)).toEqual(['2.md', '1.md'])
})

it('takes a hundred files at a time and says so of the rest', async () => {
  const { uploads, upload, state } = stage()
  uploads.add(Array.from({ length: FILES_AT_ONCE + 3 }, (_, n) => file(`${n}.md`)))
  await moment()
  expect(upload).toHaveBeenCalledTimes(FILES_AT_ONCE)
  expect(state().uploads).toMatchObject([{ name: '3 more files', reason: 'many' }])
})

it('one that does not get through can go again and holds up no other', async () => {
  const { uploads, upload, state } = stage()
  upload.mockRejectedValueOnce(new Unreached())
  uploads.add([file('1.md'), file('2.md')])
  await moment()
  expect(state().uploads).toMatchObject([{ name: '1.md', state: 'failed' }])
  uploads.again(state().uploads[0]?.key ?? '')
  await moment()
  expect(upload.mock.calls.map(([sent]) => sent.name)).toEqual(['1.md', '2.md', '1.md'])
  expect(state().uploads).toEqual([])
})

it('one that is left off is broken off, and the next one goes', async () => {
  const { uploads, upload, state } = stage()
  upload.mockImplementationOnce(
    (_file, tell, signal) =>
      new Promise((_, reject) => {
        tell(0.4)
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
  )
  uploads.add([file('1.md'), file('2.md')])
  await moment()
  expect(state().uploads).toMatchObject([{ state: 'sending', sent: 0.4 }, { state: 'waiting' }])
  uploads.leave(state().uploads[0]?.key ?? '')
  await moment()
  expect(upload).toHaveBeenCalledTimes(2)
  expect(state().uploads).toEqual([])
})

it('whoever may not write is told once, and no more is sent', async () => {
  const { documents, uploads, upload, state } = stage()
  documents.watch()
  await moment()
  expect(state().writable).toBe(true)
  upload.mockRejectedValue(
    new Refusal(403, { code: 'forbidden', message: 'You may not.', retryable: false }),
  )
  uploads.add([file('1.md'), file('2.md')])
  await moment()
  expect(upload).toHaveBeenCalledTimes(1)
  expect(state()).toMatchObject({ writable: false, error: 'You may not.', uploads: [] })
})
