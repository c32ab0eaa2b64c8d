import { beforeEach, expect, it, vi } from 'vitest'
import { locked } from './identity'
import { claimTab, livingTabs } from './tab'

const forbid = () => {
  throw new DOMException('Forbidden.', 'SecurityError')
}
const storage = { getItem: forbid, setItem: forbid }
const locks = { request: vi.fn(async () => forbid()), query: vi.fn(async () => forbid()) }

/** A browser that forbids this page everything that it can forbid. */
beforeEach(() => {
  vi.stubGlobal('sessionStorage', storage)
  vi.stubGlobal('navigator', { locks })
  return () => vi.unstubAllGlobals()
})

it('a tab has a name all the same, and knows nothing of others', async () => {
  await expect(claimTab()).resolves.toMatch(/^[0-9a-f]{32}$/)
  await expect(livingTabs()).resolves.toBeNull()
})

it('what should run alone just runs, once', async () => {
  const run = vi.fn(async () => 'done')
  await expect(locked('name', run)).resolves.toBe('done')
  expect(run).toHaveBeenCalledTimes(1)
})

it('what fails by itself does not run again', async () => {
  vi.stubGlobal('navigator', { locks: { request: async (_: string, go: () => unknown) => go() } })
  const run = vi.fn(async () => Promise.reject(new Error('broken')))
  await expect(locked('name', run)).rejects.toThrow('broken')
  expect(run).toHaveBeenCalledTimes(1)
})
