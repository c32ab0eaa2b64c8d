import { describe, expect, it } from 'vitest'
import {
  type Connection,
  type ConnectionEffect,
  type ConnectionEvent,
  connectionReduce,
  deadline,
  initialConnection,
} from './connection'

class Line {
  now = 0
  state: Connection = initialConnection(true)
  effects: ConnectionEffect[] = []
  opened: number[] = []

  do(event: ConnectionEvent): this {
    const step = connectionReduce(this.state, event, { now: this.now, random: () => 1 })
    this.state = step.state
    this.effects = [...step.effects]
    if (step.effects.includes('open-socket')) this.opened.push(this.now)
    return this
  }

  /** Lets the one timer run out. */
  wait(): this {
    const due = deadline(this.state)
    if (due === null) throw new Error('nothing waits')
    this.now = due
    return this.do({ type: 'timer' })
  }

  welcome(): this {
    const { generation } = this.state
    this.do({ type: 'socket-open', generation })
    return this.do({ type: 'welcome', generation, heartbeatMs: 30_000 })
  }

  close(code: number, reason = ''): this {
    return this.do({ type: 'socket-closed', generation: this.state.generation, code, reason })
  }
}

const started = () => new Line().do({ type: 'start' })

describe('opening', () => {
  it('says hello first and is open only after the welcome', () => {
    const line = started()
    line.do({ type: 'socket-open', generation: 1 })
    expect([line.effects, line.state.phase]).toEqual([['say-hello'], 'connecting'])
    expect(line.welcome().state.phase).toBe('open')
  })

  it.each(['online', 'woke', 'offline', 'timer'] as const)(
    '%s opens nothing before the start',
    (type) => {
      const line = new Line()
      line.now = 1e12
      expect(line.do({ type }).effects).toEqual([])
      expect(deadline(line.state)).toBeNull()
      expect(line.do({ type: 'start' }).effects).toEqual(['drop-socket', 'open-socket'])
    },
  )

  it('gives up on a socket that never answers', () => {
    expect(started().wait().state).toMatchObject({ phase: 'closed', attempt: 1 })
  })
})

describe('back-off', () => {
  it('tries again after 1, 2, 4, 8, 16, 30, 30 s', () => {
    const line = started()
    for (let i = 0; i < 7; i += 1) line.close(1006).wait()
    const gaps = line.opened.slice(1).map((at, i) => at - (line.opened[i] ?? 0))
    expect(gaps).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  it('keeps growing when connections open and close at once', () => {
    const line = started()
    for (let i = 0; i < 4; i += 1) line.welcome().close(1011).wait()
    const gaps = line.opened.slice(1).map((at, i) => at - (line.opened[i] ?? 0))
    expect(gaps).toEqual([1000, 2000, 4000, 8000])
  })

  it('starts over after a connection has stayed open for 5 s', () => {
    const line = started().close(1006).wait().close(1006).wait().welcome()
    line.now += 5_000
    line.do({ type: 'timer' })
    expect(line.close(1006).state).toMatchObject({ attempt: 1, retryAt: line.now + 1000 })
  })

  it('ends the wait when the person asks', () => {
    const line = started().close(1006).do({ type: 'retry-now' })
    expect(line.state).toMatchObject({ phase: 'connecting', retryAt: null })
  })
})

describe('one socket', () => {
  it('ignores what older sockets say', () => {
    const line = started().close(1006).wait().welcome()
    const { state } = line
    line.do({ type: 'socket-closed', generation: 1, code: 1006, reason: '' })
    line.do({ type: 'received', generation: 1 })
    expect(line.state).toBe(state)
  })

  it('drops the old one before it opens the next', () => {
    expect(started().close(1006).wait().effects).toEqual(['drop-socket', 'open-socket'])
  })
})

describe('liveness', () => {
  it('pings after 30 s of silence and gives the socket up 10 s later', () => {
    const line = started().welcome().wait()
    expect([line.now, line.effects]).toEqual([30_000, ['ping']])
    expect(line.wait().state.phase).toBe('closed')
    expect(line.now).toBe(40_000)
  })

  it('any frame is a sign of life', () => {
    const line = started().welcome().wait()
    line.do({ type: 'received', generation: 1 })
    expect(deadline(line.state)).toBe(60_000)
  })

  it('probes within 2 s on waking, then reconnects at once with the back-off reset', () => {
    const line = started().close(1006).wait().welcome().do({ type: 'woke' })
    expect(line.effects).toEqual(['ping'])
    const { now } = line
    line.wait()
    expect([line.now - now, line.effects]).toEqual([2000, ['drop-socket', 'open-socket']])
    expect(line.state.attempt).toBe(0)
  })

  it('takes a timer that fires 30 s late for a sleep', () => {
    const line = started().welcome()
    line.now = 100_000
    line.do({ type: 'timer' })
    expect(line.state).toMatchObject({ probing: true, pingLimitAt: 102_000 })
  })

  it.each(['timer', 'woke'] as const)(
    'a try that the computer slept through is made anew, told by %s',
    (type) => {
      const line = started().close(1006).wait().close(1006).wait()
      line.now += 100_000
      expect(line.do({ type }).effects).toEqual(['drop-socket', 'open-socket'])
      expect(line.state.attempt).toBe(0)
    },
  )

  it('waking leaves a young try alone, and the wait after it is short', () => {
    const line = started().close(1006).wait().close(1006).wait().do({ type: 'woke' })
    expect(line.effects).toEqual([])
    expect(line.close(1006).state.retryAt).toBe(line.now + 1000)
  })
})

describe('offline', () => {
  it('pauses all timers and connects at once when it is over', () => {
    const line = started().close(1006).do({ type: 'offline' })
    expect(deadline(line.state)).toBeNull()
    expect(line.do({ type: 'online' }).effects).toEqual(['drop-socket', 'open-socket'])
  })
})

describe('close codes', () => {
  it.each([1000, 1001, 1011, 1012, 1013, 4001, 4003])('%i is tried again', (code) => {
    expect(started().welcome().close(code).state.phase).toBe('closed')
  })

  it.each([4500, 4501, 4502, 4503])('%i ends in an error with its reason', (code) => {
    const line = started().welcome().close(code, 'because')
    expect(line.state).toMatchObject({ phase: 'error', fault: { code, reason: 'because' } })
    expect(deadline(line.do({ type: 'woke' }).do({ type: 'wanted' }).state)).toBeNull()
  })

  it('4504 comes back when the page is looked at or sends', () => {
    expect(started().welcome().close(4504).do({ type: 'woke' }).state.phase).toBe('connecting')
    expect(started().welcome().close(4504).do({ type: 'wanted' }).state.phase).toBe('connecting')
  })

  it('a draining server is left after the time it names', () => {
    const line = started().welcome().do({ type: 'draining', generation: 1, retryAfterMs: 800 })
    expect(line.wait().state).toMatchObject({ phase: 'connecting', attempt: 0 })
    expect(line.now).toBe(800)
  })
})
