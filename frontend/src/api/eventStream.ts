import type { ServerFrame } from '../protocol/frames'
import { problemOf, Unreached } from './problems'
import { serverUrl } from './root'
import { Silence } from './silence'
import { type ServerEvent, SseParser } from './sseParser'

export interface Position {
  readonly epoch: string
  readonly after: number
}

/** Reads a session's events by Server-Sent Events until the stream ends, which is always an error or an abort. */
export async function followByHttp(
  sessionId: string,
  position: Position | null,
  hear: (frame: ServerFrame) => void,
  signal: AbortSignal,
): Promise<never> {
  const silence = new Silence()
  const headers: Record<string, string> = { Accept: 'text/event-stream' }
  if (position) headers['Last-Event-ID'] = `${position.epoch}:${position.after}`
  const response = await fetch(
    serverUrl(`api/chat/sessions/${encodeURIComponent(sessionId)}/events`),
    { headers, signal: AbortSignal.any([signal, silence.signal]), cache: 'no-store' },
  ).finally(() => silence.over())
  if (!response.ok || !response.body) throw await problemOf(response)
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  const parser = new SseParser((event) => hear(frameOf(event)))
  for (;;) {
    silence.heard()
    const { done, value } = await reader.read().finally(() => silence.over())
    if (done) throw new Unreached()
    parser.push(decoder.decode(value, { stream: true }))
  }
}

function frameOf(event: ServerEvent): ServerFrame {
  return JSON.parse(event.data) as ServerFrame
}
