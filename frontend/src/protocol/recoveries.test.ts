import { beforeEach, describe, expect, it } from 'vitest'
import type { ServerFrame } from './frames'
import { Recoveries } from './recoveries'

let heard: [string, number][]
let recoveries: Recoveries

const subscribed = (seq: number, end: number, recovered = true): ServerFrame => ({
  type: 'subscribed',
  session_id: 's',
  epoch: 'e',
  seq,
  end,
  recovered,
})
const token = (from: number, seq: number, message_id = 'a'): ServerFrame => ({
  type: 'token',
  session_id: 's',
  message_id,
  content: 'x',
  at: 0,
  from,
  seq,
})
const message = (seq: number) =>
  ({ type: 'message', session_id: 's', seq, message: { id: 'b' } }) as ServerFrame
const done = (seq: number) =>
  ({ type: 'done', session_id: 's', message_id: 'a', seq }) as ServerFrame

const hear = (...frames: ServerFrame[]) => frames.forEach((frame) => void recoveries.hear(frame))

beforeEach(() => {
  heard = []
  recoveries = new Recoveries((id, count) => heard.push([id, count]))
})

describe('after a connection came back', () => {
  beforeEach(() => {
    hear(subscribed(2, 2), token(3, 3))
    recoveries.lost()
  })

  it('tokens up to the end that the log had are counted, each piece that a frame joins', () => {
    hear(subscribed(3, 9), token(4, 6), token(7, 7))
    expect(heard).toEqual([])
    hear(token(8, 12), token(13, 13))
    expect(heard).toEqual([['a', 6]])
  })

  it('nothing but tokens is counted', () => {
    hear(subscribed(3, 6), token(4, 4), done(5), message(6))
    expect(heard).toEqual([['a', 1]])
  })

  it('each answer has its own count', () => {
    hear(subscribed(3, 8), token(4, 5), done(6), message(7), token(8, 8, 'b'))
    expect(heard).toEqual([
      ['a', 2],
      ['b', 1],
    ])
  })

  it('nothing was recovered where nothing was said meanwhile, or where it is gone', () => {
    hear(subscribed(3, 3), token(4, 4))
    recoveries.lost()
    hear(subscribed(8, 9, false), token(9, 9))
    expect(heard).toEqual([])
  })

  it('a connection lost again meanwhile counts anew', () => {
    hear(subscribed(3, 9), token(4, 5))
    recoveries.lost()
    hear(subscribed(5, 9), token(6, 9))
    expect(heard).toEqual([['a', 4]])
  })
})

it('a session that is followed for the first time, or again on one connection, recovers nothing', () => {
  hear(subscribed(1, 5), token(2, 5), subscribed(5, 7), token(6, 7))
  expect(heard).toEqual([])
})

it('a session that was let go of recovers nothing when it is opened again', () => {
  hear(subscribed(1, 1))
  recoveries.forget('s')
  recoveries.lost()
  hear(subscribed(1, 5), token(2, 5))
  recoveries.lost()
  recoveries.forget('s')
  hear(subscribed(5, 7), token(6, 7))
  expect(heard).toEqual([])
})

it('the stream of another session is of no account', () => {
  hear(subscribed(1, 1))
  recoveries.lost('other')
  hear(subscribed(1, 5), token(2, 5))
  expect(heard).toEqual([])
})
