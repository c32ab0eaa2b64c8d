import { expect, it } from 'vitest'
import { olderThan } from '.'
import { randomOf, World } from './model.fixture'

const HISTORIES = 10_000
const ACTS = 120

/**
 * Random histories of pieces, cuts, lost and doubled frames, reordered pages, another tab, trimming and restored
 * backups. Whatever happened: once all has arrived, what is shown is what the server has, without a hole.
 */
it('ends with the very messages of the server, whatever happened on the way', () => {
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const world = new World(randomOf(seed))
    for (let i = 0; i < ACTS; i += 1) world.act()
    world.settle()
    const shown = world.talk.state.order.map((id) => world.talk.state.rows.get(id)?.message)
    const held = world.server.messages.slice(world.server.messages.length - shown.length)
    const plain = (messages: typeof shown) =>
      messages.map((m) => [m?.id, m?.index, m?.status, m?.content].join(' | '))
    expect(plain(shown), `history ${seed}`).toEqual(plain(held))
    // What is not shown can be paged in.
    const whole = shown.length === world.server.messages.length
    expect(olderThan(world.talk.state) === null, `history ${seed}`).toBe(whole)
  }
}, 60_000)
