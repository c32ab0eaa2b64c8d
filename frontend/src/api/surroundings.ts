/** What the browser tells of the world outside: network, visibility, waking up. */
export interface Surroundings {
  online(): boolean
  visible(): boolean
  listen(hear: (news: 'online' | 'offline' | 'woke' | 'hidden') => void): void
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
  },
}
