import type { ServerFrame } from '../protocol/frames'
import { problemOf, Unreached } from './problems'
import { serverUrl } from './root'
import { type ServerEvent, SseParser } from './sseParser'

const SILENCE_LIMIT_MS = 40_000

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
  const silence = new AbortController()
  const heard = () => setTimeout(() => silence.abort(), SILENCE_LIMIT_MS)
  const headers: Record<string, string> = { Accept: 'text/event-stream' }
  if (position) headers['Last-Event-ID'] = `${position.epoch}:${position.after}`
  let timer = heard()
  const response = await fetch(
    serverUrl(`api/chat/sessions/${encodeURIComponent(sessionId)}/events`),
    { headers, signal: AbortSignal.any([signal, silence.signal]), cache: 'no-store' },
  ).finally(() => clearTimeout(timer))
  if (!response.ok || !response.body) throw await problemOf(response)
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  const parser = new SseParser((event) => hear(frameOf(event)))
  for (;;) {
    timer = heard()
    const { done, value } = await reader.read().finally(() => clearTimeout(timer))
    if (done) throw new Unreached()
    parser.push(decoder.decode(value, { stream: true }))
  }
}

function frameOf(event: ServerEvent): ServerFrame {
  return JSON.parse(event.data) as ServerFrame
}
