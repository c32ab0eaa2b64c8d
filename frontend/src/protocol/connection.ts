import { backoffMs } from './backoff'

/** Milliseconds; the numbers are the protocol's (section 3, liveness) and the page's own. */
const CONNECT_LIMIT = 10_000
const PONG_LIMIT = 10_000
const PROBE_LIMIT = 2_000
const STABLE_AFTER = 5_000
const SLEPT_AFTER = 30_000

type Phase = 'connecting' | 'open' | 'closed' | 'error'

export interface Connection {
  readonly phase: Phase
  readonly online: boolean
  /** Which socket counts; events of older ones are ignored. */
  readonly generation: number
  /** Tries since a connection last stayed open. */
  readonly attempt: number
  readonly retryAt: number | null
  /** When this phase began. */
  readonly since: number
  readonly heardAt: number
  readonly pingLimitAt: number | null
  readonly probing: boolean
  readonly leaveAt: number | null
  readonly heartbeatMs: number
  readonly everOpen: boolean
  readonly fault: { readonly code: number; readonly reason: string } | null
}

export type ConnectionEvent =
  | { readonly type: 'start' }
  | { readonly type: 'socket-open'; readonly generation: number }
  | { readonly type: 'welcome'; readonly generation: number; readonly heartbeatMs: number }
  | { readonly type: 'received'; readonly generation: number }
  | {
      readonly type: 'socket-closed'
      readonly generation: number
      readonly code: number
      readonly reason: string
    }
  | { readonly type: 'draining'; readonly generation: number; readonly retryAfterMs: number }
  | { readonly type: 'timer' }
  | { readonly type: 'offline' }
  | { readonly type: 'online' }
  | { readonly type: 'woke' }
  | { readonly type: 'wanted' }
  | { readonly type: 'retry-now' }

export type ConnectionEffect = 'open-socket' | 'drop-socket' | 'say-hello' | 'ping'

export interface Clock {
  readonly now: number
  readonly random: () => number
}

export interface ConnectionStep {
  readonly state: Connection
  readonly effects: readonly ConnectionEffect[]
}

const TOO_MANY_CONNECTIONS = 4504

export function initialConnection(online: boolean): Connection {
  return {
    phase: 'connecting',
    online,
    generation: 0,
    attempt: 0,
    retryAt: null,
    since: 0,
    heardAt: 0,
    pingLimitAt: null,
    probing: false,
    leaveAt: null,
    heartbeatMs: 30_000,
    everOpen: false,
    fault: null,
  }
}

/** When the one timer is due, or null while nothing waits (offline pauses all of them). */
export function deadline(state: Connection): number | null {
  // Nothing is timed before the start: the identity comes first.
  if (!state.online || state.generation === 0) return null
  if (state.phase === 'connecting') return state.since + CONNECT_LIMIT
  if (state.phase === 'closed') return state.retryAt
  if (state.phase === 'error') return null
  const dues = [state.pingLimitAt ?? state.heardAt + state.heartbeatMs]
  if (state.attempt > 0) dues.push(state.since + STABLE_AFTER)
  if (state.leaveAt !== null) dues.push(state.leaveAt)
  return Math.min(...dues)
}

export function connectionReduce(
  state: Connection,
  event: ConnectionEvent,
  clock: Clock,
): ConnectionStep {
  if ('generation' in event && event.generation !== state.generation) return { state, effects: [] }
  switch (event.type) {
    case 'start':
      return connect(state, clock)
    case 'socket-open':
      return { state: heard(state, clock), effects: ['say-hello'] }
    case 'welcome':
      return only({
        ...heard(state, clock),
        phase: 'open',
        // A browser may call itself offline and still reach a server on the same machine.
        online: true,
        since: clock.now,
        retryAt: null,
        fault: null,
        everOpen: true,
        heartbeatMs: event.heartbeatMs,
      })
    case 'received':
      return only(heard(state, clock))
    case 'socket-closed':
      return closed(state, event.code, event.reason, clock)
    case 'draining':
      return only({ ...state, leaveAt: clock.now + event.retryAfterMs })
    case 'timer':
      return timer(state, clock)
    case 'offline':
      return only({ ...state, online: false })
    case 'online':
      return wake({ ...state, online: true }, clock)
    case 'woke':
      return wake(state, clock)
    case 'wanted':
      return state.fault?.code === TOO_MANY_CONNECTIONS ? connect(state, clock) : only(state)
    case 'retry-now':
      return connect({ ...state, attempt: 0 }, clock)
  }
}

function only(state: Connection): ConnectionStep {
  return { state, effects: [] }
}

function heard(state: Connection, clock: Clock): Connection {
  return { ...state, heardAt: clock.now, pingLimitAt: null, probing: false }
}

function connect(state: Connection, clock: Clock): ConnectionStep {
  return {
    state: {
      ...heard(state, clock),
      phase: 'connecting',
      generation: state.generation + 1,
      retryAt: null,
      leaveAt: null,
      fault: null,
      since: clock.now,
    },
    effects: ['drop-socket', 'open-socket'],
  }
}

function closed(state: Connection, code: number, reason: string, clock: Clock): ConnectionStep {
  const base = { ...state, since: clock.now, pingLimitAt: null, probing: false, leaveAt: null }
  // Any late event of the socket that just ended is an older generation's.
  const generation = state.generation + 1
  if (code >= 4500 && code <= 4999) {
    const fault = { code, reason }
    const next = { ...base, generation, phase: 'error' as const, retryAt: null, fault }
    return { state: next, effects: ['drop-socket'] }
  }
  const stable = state.phase === 'open' && clock.now - state.since >= STABLE_AFTER
  const attempt = stable ? 0 : state.attempt
  const retryAt = clock.now + backoffMs(attempt, clock.random)
  return {
    state: { ...base, generation, phase: 'closed', attempt: attempt + 1, retryAt },
    effects: ['drop-socket'],
  }
}

function timer(state: Connection, clock: Clock): ConnectionStep {
  const due = deadline(state)
  if (due === null || clock.now < due) return only(state)
  if (clock.now - due > SLEPT_AFTER) return wake(state, clock)
  if (state.phase === 'closed') return connect(state, clock)
  if (state.phase === 'connecting') return closed(state, 1006, '', clock)
  if (state.pingLimitAt !== null && clock.now >= state.pingLimitAt) return dead(state, clock)
  if (state.leaveAt !== null && clock.now >= state.leaveAt) return connect(state, clock)
  const stable = clock.now - state.since >= STABLE_AFTER ? { ...state, attempt: 0 } : state
  if (state.pingLimitAt === null && clock.now >= state.heardAt + state.heartbeatMs) {
    return { state: { ...stable, pingLimitAt: clock.now + PONG_LIMIT }, effects: ['ping'] }
  }
  return only(stable)
}

/** A dead socket found by a probe after waking is replaced at once; a silent one waits its turn. */
function dead(state: Connection, clock: Clock): ConnectionStep {
  return state.probing ? connect({ ...state, attempt: 0 }, clock) : closed(state, 1006, '', clock)
}

function wake(state: Connection, clock: Clock): ConnectionStep {
  if (!state.online) return only(state)
  if (state.phase === 'open') {
    const probe = { ...state, probing: true, pingLimitAt: clock.now + PROBE_LIMIT }
    return { state: probe, effects: ['ping'] }
  }
  if (state.phase === 'closed') return connect({ ...state, attempt: 0 }, clock)
  if (state.phase === 'connecting') {
    const overdue = state.generation > 0 && clock.now - state.since > CONNECT_LIMIT
    return overdue ? connect({ ...state, attempt: 0 }, clock) : only({ ...state, attempt: 0 })
  }
  if (state.fault?.code === TOO_MANY_CONNECTIONS) return connect(state, clock)
  return only(state)
}
