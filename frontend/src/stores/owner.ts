import type { ChatClient } from '../api/client'
import { forgetIdentity, joinIdentity } from '../api/identity'
import { anewStorage, lostStorage, userStorage } from '../api/storage'
import { joinLink } from './navigation'
import type { Sending } from './sending'
import type { Store } from './state'

export interface Link {
  readonly url: string
  /** By this browser's clock. */
  readonly expiresAt: number
}

const HOLDS_MS = 600_000

/** How the page is loaded anew: where it stands, as a new chat, or as one without a word of what was here. */
export interface Loading {
  again(): void
  fresh(): void
  blank(): void
}

/**
 * Whose chats this page shows: those of one person, from its loading to its end. When the browser becomes somebody
 * else's, by this tab, by another one, or since the server has forgotten it, the page is loaded anew. So no row and no
 * connection of the one before stays, and nothing is sent in the wrong name.
 */
export class Owner {
  /** The page is about to be loaded anew, as somebody else's. */
  leaving = false

  constructor(
    private readonly store: Store,
    private readonly client: () => ChatClient,
    private readonly sending: Pick<Sending, 'known' | 'reread'>,
    private readonly loading: Loading,
  ) {
    const done = store.subscribe(({ sessions }) => {
      if (sessions.items.length === 0) return
      lostStorage.hadChats()
      done()
    })
  }

  /** The server said who this is. */
  known(userId: string): void {
    const before = this.store.getState().userId
    if (before === null || before === userId) return this.sending.known(userId)
    this.store.setState({ userId })
    this.leave()
  }

  /** Whether another tab has changed that meanwhile, of which a sleeping page hears nothing. */
  look(): void {
    const now = userStorage.get()
    if (now !== null) this.heard(now)
  }

  /** Another tab made this browser somebody's, or nobody's. */
  heard(userId: string | null): void {
    const mine = this.store.getState().userId
    if (mine === null || mine === userId) return
    // Nobody's: everything was deleted, and with it whatever is written here.
    if (userId === null) this.leave(() => this.loading.blank())
    else this.leave()
  }

  async makeLink(): Promise<Link> {
    const { code, expires_at: end } = await this.client().calls.makeLink()
    const left = Date.parse(end) - Date.now()
    // Where the clocks of browser and server differ, only the time that it holds is known.
    const holds = left > 0 && left <= HOLDS_MS ? left : HOLDS_MS
    return { url: joinLink(code), expiresAt: Date.now() + holds }
  }

  async join(code: string): Promise<void> {
    await joinIdentity(this.client().rest, code)
    this.loading.fresh()
  }

  async forget(): Promise<void> {
    await forgetIdentity(this.client().rest)
    this.loading.fresh()
  }

  /** Where no identity holds, as in a browser that keeps no cookies, loading anew for ever would help nobody. */
  private leave(load: () => void = () => this.loading.again()): void {
    this.sending.reread()
    if (!this.store.getState().sessions.loaded && !anewStorage.take()) return
    this.leaving = true
    load()
  }
}
