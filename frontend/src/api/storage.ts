import type { Entry } from '../protocol/outbox'

/** Storage that is full, forbidden or holds something foreign must not take the chat down. */
function attempt<T>(run: () => T, otherwise: T): T {
  try {
    return run()
  } catch {
    return otherwise
  }
}

const OUTBOX = 'steadychat.outbox.'
const DRAFT = 'steadychat.draft.'
const THEME = 'steadychat.theme'
const TAB = 'steadychat.tab'
const USER = 'steadychat.user'
const PAST = 'steadychat.past'
const LOST = 'steadychat.lost'
const ANEW = 'steadychat.anew'

/** Messages on their way, one key each, so that tabs never overwrite each other's. */
export const outboxStorage = {
  put(entry: Entry): void {
    attempt(
      () => localStorage.setItem(OUTBOX + entry.clientMessageId, JSON.stringify(entry)),
      undefined,
    )
  },
  remove(clientMessageId: string): void {
    attempt(() => localStorage.removeItem(OUTBOX + clientMessageId), undefined)
  },
  load(): Entry[] {
    const keys = attempt(() => Object.keys(localStorage), [])
    const entries = keys.filter((key) => key.startsWith(OUTBOX)).map(readEntry)
    return entries.filter((entry) => entry !== null).sort((a, b) => a.createdAt - b.createdAt)
  },
  /** What was kept for one user is another's from now on. */
  bequeath(from: string, to: string): void {
    for (const entry of outboxStorage.load()) {
      if (entry.userId === from) outboxStorage.put({ ...entry, userId: to })
    }
  },
}

function readEntry(key: string): Entry | null {
  const kept = attempt(() => JSON.parse(localStorage.getItem(key) ?? 'null') as Entry | null, null)
  // Earlier versions of the page knew no retries, and no choice of chain.
  return kept && { ...kept, retryOf: kept.retryOf ?? null, chain: kept.chain ?? null }
}

/** The tab's name: it survives a reload of this tab and is seen by no other. */
export const tabStorage = {
  get: (): string | null => attempt(() => sessionStorage.getItem(TAB), null),
  set: (name: string): void => attempt(() => sessionStorage.setItem(TAB, name), undefined),
}

/** Stands for a session where there is none yet. */
export const NEW_CHAT = 'new'

/** What was typed and not sent, one text per session; of new chats each tab has its own. */
export const draftStorage = {
  get: (key: string): string => attempt(() => draftsOf(key).getItem(DRAFT + key) ?? '', ''),
  set(key: string, text: string): void {
    attempt(() => {
      if (text === '') draftsOf(key).removeItem(DRAFT + key)
      else draftsOf(key).setItem(DRAFT + key, text)
    }, undefined)
  },
  /** A new chat was given its session: what is being written in it goes there. */
  place(sessionId: string): void {
    draftStorage.set(sessionId, draftStorage.get(NEW_CHAT))
    draftStorage.set(NEW_CHAT, '')
  },
}

function draftsOf(key: string): Storage {
  return key === NEW_CHAT ? sessionStorage : localStorage
}

export type Theme = 'system' | 'light' | 'dark'

export const themeStorage = {
  get(): Theme {
    const kept = attempt(() => localStorage.getItem(THEME), null)
    return kept === 'light' || kept === 'dark' ? kept : 'system'
  },
  set: (theme: Theme): void => attempt(() => localStorage.setItem(THEME, theme), undefined),
  /** Another tab chose. */
  listen(hear: (theme: Theme) => void): void {
    window.addEventListener('storage', ({ key }) => {
      if (key === THEME) hear(themeStorage.get())
    })
  },
}

export type Verdict = 'up' | 'down'

const FEEDBACK = 'steadychat.feedback'
const FEEDBACK_KEPT = 500

/** What one thought of answers, the newest last. The server keeps it too, but does not tell. */
export const feedbackStorage = {
  load(): Map<string, Verdict> {
    const kept = attempt<unknown>(() => JSON.parse(localStorage.getItem(FEEDBACK) ?? '[]'), [])
    return new Map(Array.isArray(kept) ? kept.filter(isVerdict) : [])
  },
  set(messageId: string, verdict: Verdict | null): void {
    const kept = feedbackStorage.load() // another tab may have added to it
    kept.delete(messageId)
    if (verdict !== null) kept.set(messageId, verdict)
    const newest = JSON.stringify([...kept].slice(-FEEDBACK_KEPT))
    attempt(() => localStorage.setItem(FEEDBACK, newest), undefined)
  },
}

function isVerdict(entry: unknown): entry is [string, Verdict] {
  if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== 'string') return false
  return entry[1] === 'up' || entry[1] === 'down'
}

/** Whose this browser is. Written by whichever tab asked last, under the lock of the identity; read by all. */
export const userStorage = {
  get: (): string | null => attempt(() => localStorage.getItem(USER), null),
  set: (userId: string): void => attempt(() => localStorage.setItem(USER, userId), undefined),
  /** Another tab made this browser somebody else's, or is about to. */
  listen(hear: (userId: string | null) => void): void {
    window.addEventListener('storage', ({ key, newValue }) => {
      if (key === USER) hear(newValue)
    })
  },
}

/** That the server has forgotten a browser that had chats: to be told once. */
export const lostStorage = {
  hadChats: (): void => attempt(() => localStorage.setItem(PAST, '1'), undefined),
  set: (): void =>
    attempt(() => {
      if (localStorage.getItem(PAST) === null) return
      localStorage.removeItem(PAST)
      localStorage.setItem(LOST, '1')
    }, undefined),
  take: (): boolean =>
    attempt(() => {
      const found = localStorage.getItem(LOST) !== null
      localStorage.removeItem(LOST)
      return found
    }, false),
}

/** Whether this tab may load itself anew without having been known yet: once, and only if that can be remembered. */
export const anewStorage = {
  take: (): boolean =>
    attempt(() => {
      if (sessionStorage.getItem(ANEW) !== null) return false
      sessionStorage.setItem(ANEW, '1')
      return sessionStorage.getItem(ANEW) !== null
    }, false),
}

/** Everything that tells of a person goes; how the page looks stays. */
export function clearStorage(): void {
  const keys = attempt(() => Object.keys(localStorage), [])
  for (const key of keys) {
    if (key.startsWith('steadychat.') && key !== THEME) {
      attempt(() => localStorage.removeItem(key), undefined)
    }
  }
  draftStorage.set(NEW_CHAT, '')
}

/** The same from a tab that another one told of it: what belongs to whoever is here by now stays. */
export function clearWords(): void {
  const keys = attempt(() => Object.keys(localStorage), [])
  for (const key of keys) {
    if (key.startsWith(DRAFT)) attempt(() => localStorage.removeItem(key), undefined)
  }
  draftStorage.set(NEW_CHAT, '')
  const now = userStorage.get()
  for (const { clientMessageId, userId } of outboxStorage.load()) {
    if (userId !== now) outboxStorage.remove(clientMessageId)
  }
}
