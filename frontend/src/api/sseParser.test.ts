import { expect, it } from 'vitest'
import { type ServerEvent, SseParser } from './sseParser'

function parse(...pieces: string[]): ServerEvent[] {
  const events: ServerEvent[] = []
  const parser = new SseParser((event) => events.push(event))
  for (const piece of pieces) parser.push(piece)
  return events
}

const STREAM = ': hello\n\nid: e:1\nevent: token\ndata: {"a":1}\n\ndata: x\ndata: y\n\n'

it('reads events, ignores comments, joins lines of data', () => {
  expect(parse(STREAM)).toEqual([
    { id: 'e:1', event: 'token', data: '{"a":1}' },
    { id: 'e:1', event: 'message', data: 'x\ny' },
  ])
})

it('does not mind where the stream is cut or how its lines end', () => {
  const whole = parse(STREAM)
  for (const text of [STREAM, STREAM.replaceAll('\n', '\r\n')]) {
    for (let at = 0; at <= text.length; at += 1) {
      expect(parse(text.slice(0, at), text.slice(at))).toEqual(whole)
    }
  }
})
