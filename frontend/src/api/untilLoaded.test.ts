import { beforeEach, expect, it, vi } from 'vitest'
import { untilLoaded } from './untilLoaded'

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('window', new EventTarget())
  return () => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  }
})

it('asks for a part of the page again after 1, 2, 4 s, until it comes', async () => {
  const load = vi.fn<() => Promise<string>>().mockResolvedValue('part')
  for (let i = 0; i < 3; i += 1) load.mockRejectedValueOnce(new TypeError('cut'))
  const loaded = untilLoaded(load)
  await seconds(1 + 2 + 3.9)
  expect(load).toHaveBeenCalledTimes(3)
  await seconds(0.1)
  await expect(loaded).resolves.toBe('part')
})

it('asks at once when the network is back', async () => {
  const load = vi.fn<() => Promise<string>>().mockResolvedValue('part')
  load.mockRejectedValueOnce(new TypeError('cut'))
  const loaded = untilLoaded(load)
  await seconds(0)
  window.dispatchEvent(new Event('online'))
  await expect(loaded).resolves.toBe('part')
})
