import { restDelayMs } from '../protocol/backoff'

/**
 * A part of the page that is fetched when it is first needed. React keeps a failed `lazy` for ever, so a network that
 * drops at that moment must not look like the end: the part is asked for again until it comes.
 */
export async function untilLoaded<T>(load: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await load()
    } catch {
      await onlineOrAfter(restDelayMs(attempt))
    }
  }
}

function onlineOrAfter(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer)
      window.removeEventListener('online', go)
      resolve()
    }
    const timer = setTimeout(go, ms)
    window.addEventListener('online', go)
  })
}
