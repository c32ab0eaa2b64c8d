import { expect, it } from 'vitest'
import type { Message } from '../frames'
import type { Entry } from '../outbox'
import { olderThan } from '.'
import { World } from './model.fixture'
import { randomOf } from './random.fixture'

// HISTORIES=200000 plays more of them, which takes minutes.
const HISTORIES = Number(process.env['HISTORIES'] ?? 10_000)
const ACTS = 120

const plain = (rows: readonly (Message | Entry | undefined)[]) =>
  rows.map((row) =>
    row && 'index' in row ? [row.id, row.index, row.status, row.content].join(' | ') : row,
  )

/**
 * Random histories of pieces, cuts, kills, lost and doubled frames, reordered pages, lost acks, retries here and in
 * another tab, stops, trimming and restored backups. Whatever happened: once all has arrived, what is shown is what
 * the server lists, without a hole, and nothing is believed to run that has ended.
 */
it('ends with the very messages of the server, whatever happened on the way', () => {
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const world = new World(randomOf(seed))
    for (let i = 0; i < ACTS; i += 1) {
      world.act()
      const untrue = world.untrue()
      if (untrue.length > 0) expect(plain(untrue), `history ${seed}, act ${i}`).toEqual([])
    }
    world.settle()
    const { shown, listed, unended } = world.outcome()
    expect(plain(shown), `history ${seed}`).toEqual(plain(listed))
    expect(plain(unended), `history ${seed}`).toEqual([])
    // What is not shown can be paged in.
    const whole = shown.length === world.server.listed.length
    expect(olderThan(world.talk.state) === null, `history ${seed}`).toBe(whole)
  }
}, 120_000)
