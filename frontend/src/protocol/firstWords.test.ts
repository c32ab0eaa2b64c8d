import { beforeEach, expect, it } from 'vitest'
import { FirstWords } from './firstWords'
import type { AckBody, ServerFrame } from './frames'
import { entry } from './outbox.fixture'

let measured: [string, number][]
let words: FirstWords

const sending = entry({ state: 'sending', tries: 1 })
const sent = entry({ state: 'sent', tries: 1, ack: { pending_message_id: 'a' } as AckBody })
const token = (at: number) => ({ type: 'token', message_id: 'a', at }) as ServerFrame

beforeEach(() => {
  measured = []
  words = new FirstWords((id, ms) => measured.push([id, ms]))
})

it('counts from the send to the first piece, once', () => {
  words.look([sending], 100)
  words.look([sent], 150)
  words.hear(token(0), [sent], 400)
  words.hear(token(5), [sent], 500)
  words.hear(token(0), [sent], 900)
  expect(measured).toEqual([['a', 300]])
})

it('the first piece may come before the ack', () => {
  words.look([sending], 100)
  words.hear(token(0), [sending], 250)
  words.look([sent], 260)
  expect(measured).toEqual([['a', 150]])
})

it('what was not seen whole is not measured', () => {
  words.look([entry({ state: 'sending', tries: 2 })], 100)
  words.hear(token(0), [sent], 400)
  words.look([sending], 500)
  words.lost()
  words.hear(token(0), [sent], 600)
  words.hear(token(7), [sent], 700)
  expect(measured).toEqual([])
})

it('an answer to somebody else’s question is not measured', () => {
  words.hear(token(0), [], 400)
  words.look([sending], 500)
  expect(measured).toEqual([])
})
