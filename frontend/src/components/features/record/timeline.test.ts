import { expect, it } from 'vitest'
import type { RecordEvent } from '../../../protocol/frames'
import { firstWordsMs, since, timeline } from './timeline'

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString()

const EVENTS: RecordEvent[] = [
  { at: at(0), what: 'accepted', message_id: 'a', seq: 2 },
  { at: at(0.01), what: 'started', message_id: 'a', chain: 'rag' },
  {
    at: at(0.02),
    what: 'follower_came',
    door: 'websocket',
    connection: 'x1',
    position: { epoch: 'e', seq: 1 },
    end: 2,
    recovered: false,
  },
  { at: at(0.42), what: 'first_piece', message_id: 'a' },
  {
    at: at(2),
    what: 'follower_left',
    door: 'websocket',
    connection: 'x1',
    position: { epoch: 'e', seq: 7 },
  },
  {
    at: at(5),
    what: 'follower_resumed',
    door: 'websocket',
    connection: 'x2',
    position: { epoch: 'e', seq: 7 },
    end: 40,
    recovered: true,
  },
  { at: at(75), what: 'ended', message_id: 'a', status: 'complete', generation_time_ms: 75_000 },
]

it('tells what happened in words, with times since the answer was accepted', () => {
  expect(timeline(EVENTS, 'a').map(({ at, text, detail }) => [at, text, detail])).toEqual([
    ['+0.00 s', 'Accepted', ''],
    ['+0.01 s', 'Started with the chain “rag”', ''],
    ['+0.02 s', 'Connection 1 began to follow', 'WebSocket · position 1 · 1 event to catch up'],
    ['+0.42 s', 'First words', ''],
    ['+2.00 s', 'Connection 1 ended', 'WebSocket · position 7'],
    [
      '+5.00 s',
      'Connection 2 went on from where the page was',
      'WebSocket · position 7 · 33 events to catch up',
    ],
    ['+1 min 15 s', 'Complete', 'took 75.00 s'],
  ])
})

it('a failure names its code and the number under which it was logged', () => {
  const [moment] = timeline(
    [{ at: at(1), what: 'ended', status: 'failed', code: 'chain_failed', error_id: 'e7' }],
    'a',
  )
  expect([moment?.at, moment?.text, moment?.detail]).toEqual([
    '',
    'Failed',
    'chain_failed · error e7',
  ])
})

it('the first words are measured from the acceptance of that very attempt', () => {
  expect(firstWordsMs(EVENTS, 'a')).toBe(420)
  expect(firstWordsMs(EVENTS, 'other')).toBeNull()
  expect(firstWordsMs(EVENTS.slice(1), 'a')).toBeNull()
})

it('times are as exact as they are short', () => {
  expect([0, -2100, 9_999, 10_000, 59_949, 60_000, 3_599_600].map(since)).toEqual([
    '+0.00 s',
    '−2.10 s',
    '+10.00 s',
    '+10.0 s',
    '+59.9 s',
    '+1 min 00 s',
    '+60 min 00 s',
  ])
})
