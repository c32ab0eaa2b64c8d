import type { Connection } from './connection'

type BadgeState = 'connecting' | 'open' | 'closed' | 'error' | 'offline'

export interface Badge {
  readonly state: BadgeState
  readonly word: 'connecting' | 'connected' | 'reconnecting' | 'offline'
  readonly retryAt: number | null
  /** The connection works by REST and Server-Sent Events only. */
  readonly overHttp: boolean
  readonly fault: { readonly code: number; readonly reason: string } | null
}

/** What else the badge knows: the stream that stands in for the socket, and whether REST answers. */
export interface Fallback {
  readonly streaming: boolean
  readonly restFails: boolean
}

const TRIES_BEFORE_OFFLINE = 4

/** What the badge says. Fed by the connection's state machine and its stand-in, by nothing else. */
export function badgeOf(connection: Connection, fallback: Fallback): Badge {
  const { phase, online, attempt, retryAt, fault, everOpen } = connection
  const base = { retryAt: null, overHttp: false, fault: null }
  if (!online) return { ...base, state: 'offline', word: 'offline' }
  if (phase === 'error') return { ...base, state: 'error', word: 'offline', fault }
  if (phase === 'open') return { ...base, state: 'open', word: 'connected' }
  if (fallback.streaming) return { ...base, state: 'open', word: 'connected', overHttp: true }
  if (attempt >= TRIES_BEFORE_OFFLINE && fallback.restFails) {
    return { ...base, state: 'offline', word: 'offline', retryAt }
  }
  const first = !everOpen && attempt === 0
  return { ...base, state: phase, word: first ? 'connecting' : 'reconnecting', retryAt }
}
