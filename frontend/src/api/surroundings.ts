/** What the browser tells of the world outside: network, visibility, waking up. */
export interface Surroundings {
  online(): boolean
  visible(): boolean
  listen(hear: (news: 'online' | 'offline' | 'woke' | 'hidden') => void): void
}

const TICK_MS = 2_000
const SLEPT_AFTER_MS = 30_000

/** Nothing tells a page that the computer slept, but no timer runs meanwhile. Those of a hidden page are slow anyway. */
function watchForSleep(woke: () => void): void {
  let last = Date.now()
  setInterval(() => {
    const gap = Date.now() - last
    last += gap
    if (gap > SLEPT_AFTER_MS && document.visibilityState === 'visible') woke()
  }, TICK_MS)
}

export const browserSurroundings: Surroundings = {
  online: () => navigator.onLine,
  visible: () => document.visibilityState === 'visible',
  listen(hear) {
    window.addEventListener('online', () => hear('online'))
    window.addEventListener('offline', () => hear('offline'))
    window.addEventListener('pageshow', (event) => {
      if (event.persisted) hear('woke')
    })
    document.addEventListener('visibilitychange', () =>
      hear(document.visibilityState === 'visible' ? 'woke' : 'hidden'),
    )
    watchForSleep(() => hear('woke'))
  },
}
