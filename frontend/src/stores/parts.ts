import { createStore } from 'zustand/vanilla'
import { ChatClient } from '../api/client'
import { clearWords, draftStorage, themeStorage } from '../api/storage'
import { browserSurroundings } from '../api/surroundings'
import type { Conversation } from '../protocol/conversation'
import { type ChainInfo, isLogged, type ServerFrame } from '../protocol/frames'
import { unplaced } from '../protocol/outbox'
import { t } from '../strings'
import { Conversations } from './conversations'
import { Documents } from './documents'
import { Feedback } from './feedback'
import { firstWords } from './firstWords'
import { pathOf, viewOf, viewOfLocation } from './navigation'
import { ownEntries } from './outbox'
import { Owner } from './owner'
import { PendingWatch } from './pending'
import { recoveries } from './recoveries'
import { Search } from './search'
import { Sending } from './sending'
import { Sessions } from './sessions'
import { Shelves } from './shelves'
import { type ChatState, initialState, type Store, type View, without } from './state'
import { Stopping } from './stopping'
import { Uploads } from './uploads'

/** The page's one store and the parts that change it, wired to each other. */
export const store: Store = createStore<ChatState>()(() =>
  initialState(viewOfLocation(), themeStorage.get()),
)
const theClient = (): ChatClient => client

export const conversations = new Conversations(store, theClient, (sessionIds) => {
  shelves.tidy(sessionIds)
  sending.settle()
  stopping.settle()
})
export const shelves = new Shelves(theClient, conversations)
export const sending = new Sending(store, theClient, conversations, placed)
export const stopping = new Stopping(store, theClient)
export const pending = new PendingWatch(store, theClient, conversations, sending)
export const sessions = new Sessions(store, theClient, left)
export const documents = new Documents(store, theClient)
export const feedback = new Feedback(store, theClient)

export const search = new Search({
  calls: () => client.calls,
  listed: (id) => store.getState().sessions.items.some((session) => session.id === id),
  hidden: (id) => store.getState().deleting?.sessionId === id,
})

export const owner = new Owner(store, theClient, sending, {
  again: () => location.reload(),
  fresh: startAnew,
  blank: () => {
    // At the very end, since the page may still write something down.
    window.addEventListener('pagehide', clearWords)
    startAnew()
  },
})
export const uploads = new Uploads(store, theClient, documents)

export const client = new ChatClient(browserSurroundings, {
  frame: hear,
  badge: (badge) => {
    if (JSON.stringify(badge) !== JSON.stringify(store.getState().badge)) store.setState({ badge })
  },
  carrier: (carrier) => {
    recoveries.lost()
    firstWords.lost()
    conversations.carried(carrier)
    if (carrier !== 'none') void sessions.catchUp()
  },
  stream: (sessionId, up) => {
    if (!up) recoveries.lost(sessionId)
    conversations.stream(sessionId, up)
  },
  attention: () => {
    owner.look()
    pending.attention()
    sending.attention()
    if (!store.getState().sessions.loaded) void sessions.more()
  },
  identity: (userId) => owner.known(userId),
})

function hear(frame: ServerFrame): void {
  switch (frame.type) {
    case 'welcome':
      store.setState({ messageChars: frame.limits.message_chars })
      break
    case 'ack':
      sending.accepted(frame, true)
      break
    case 'status':
      store.setState((s) => ({ stages: { ...s.stages, [frame.message_id]: frame.stage } }))
      break
    case 'session':
      if (frame.session) sessions.merge([frame.session])
      else if (frame.session_id && frame.deleted) sessions.drop(frame.session_id)
      break
    case 'document':
      documents.merge(frame.document)
      uploads.arrived(frame.document)
      break
  }
  if (isLogged(frame) && (frame.type === 'done' || frame.type === 'error')) {
    store.setState((s) => ({ stages: without(s.stages, frame.message_id) }))
    void afterwards(frame.session_id)
  }
  conversations.hear(frame)
  recoveries.hear(frame)
  firstWords.hear(frame, store.getState().entries, performance.now())
}

store.subscribe(({ entries }, before) => {
  if (entries !== before.entries) firstWords.look(entries, performance.now())
})

/** Over HTTP no hints come, so the sidebar asks what became of the session. */
async function afterwards(sessionId: string): Promise<void> {
  if (store.getState().badge.overHttp) await sessions.refresh(sessionId)
}

/** A chat without a session was given one by its first ack. */
function placed(thread: string, sessionId: string): void {
  const { view, sessions: list } = store.getState()
  const known = list.items.some((session) => session.id === sessionId)
  if (!known && !client.socketOpen) void sessions.refresh(sessionId)
  if (view.thread !== thread || view.sessionId !== null) return
  draftStorage.place(sessionId)
  store.setState({ view: { thread, sessionId } })
  history.replaceState(null, '', pathOf(sessionId))
}

function left(sessionId: string): void {
  // Whoever has become somebody else finds none of their former chats: what was written in those is kept.
  owner.look()
  if (owner.leaving) return
  conversations.forget(sessionId)
  sending.forget(sessionId)
  draftStorage.set(sessionId, '')
  if (store.getState().view.sessionId !== sessionId) return
  // Whoever deletes it here has left it before.
  store.setState({ notice: t.deletedElsewhere })
  go({ ...viewOf(null), takesWords: true }, true)
}

/** The page was loaded anew: an empty new chat gives way to the one begun last that has no session yet. */
export function showUnplaced(): void {
  const { view, entries, userId } = store.getState()
  const [newest] = unplaced(ownEntries(entries, userId))
  if (view.sessionId === null && newest)
    store.setState({ view: { thread: newest.thread, sessionId: null } })
}

export function go(view: View, replace = false): void {
  const path = pathOf(view.sessionId)
  if (path !== location.pathname) history[replace ? 'replaceState' : 'pushState'](null, '', path)
  show(view)
}

export function show(view: View): void {
  store.setState({ view })
  if (view.sessionId === null) store.setState(({ chains }) => ({ chain: defaultOf(chains) }))
  else void sessions.know(view.sessionId)
  conversations.show(view.sessionId)
}

export function onScreen(): Conversation | undefined {
  const { view, conversations: held } = store.getState()
  return view.sessionId === null ? undefined : held[view.sessionId]
}

export function defaultOf(chains: readonly ChainInfo[]): ChainInfo | null {
  return chains.find((chain) => chain.default) ?? chains[0] ?? null
}

function startAnew(): void {
  sessions.undo()
  history.replaceState(null, '', pathOf(null))
  location.reload()
}
