import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import { ChatClient } from '../api/client'
import {
  clearWords,
  draftStorage,
  lostStorage,
  type Theme,
  themeStorage,
  userStorage,
} from '../api/storage'
import { browserSurroundings } from '../api/surroundings'
import { claimTab } from '../api/tab'
import type { ServerFrame } from '../protocol/frames'
import { t } from '../strings'
import { Conversations } from './conversations'
import { Documents } from './documents'
import { pathOf, takeJoinCode, viewOf, viewOfLocation } from './navigation'
import { Owner } from './owner'
import { page } from './pageState'
import { PendingWatch } from './pending'
import { Sending } from './sending'
import { Sessions } from './sessions'
import { type ChatState, initialState, type Store, type View, without } from './state'

/** The page's one store and the parts that change it, wired to each other. */
const store: Store = createStore<ChatState>()(() =>
  initialState(viewOfLocation(), themeStorage.get()),
)
const theClient = (): ChatClient => client

const conversations = new Conversations(store, theClient, () => sending.settle())
const sending = new Sending(store, theClient, conversations, placed)
const pending = new PendingWatch(store, theClient, conversations, sending)
const sessions = new Sessions(store, theClient, left)
const documents = new Documents(store, theClient)
const owner = new Owner(store, theClient, sending, {
  again: () => location.reload(),
  fresh: startAnew,
  blank: () => {
    // At the very end, since the page may still write something down.
    window.addEventListener('pagehide', clearWords)
    startAnew()
  },
})

const client = new ChatClient(browserSurroundings, {
  frame: hear,
  badge: (badge) => {
    if (JSON.stringify(badge) !== JSON.stringify(store.getState().badge)) store.setState({ badge })
  },
  carrier: (carrier) => {
    conversations.carried(carrier)
    if (carrier !== 'none') void sessions.catchUp()
  },
  stream: (sessionId, up) => conversations.stream(sessionId, up),
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
      else if (frame.session_id && frame.deleted) removed(frame.session_id)
      break
    case 'document':
      documents.merge(frame.document)
      break
    case 'done':
      store.setState((s) => ({ stages: without(s.stages, frame.message_id) }))
      void afterwards(frame.session_id)
      break
  }
  conversations.hear(frame)
}

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
  draftStorage.move('new', sessionId)
  store.setState({ view: { thread, sessionId } })
  history.replaceState(null, '', pathOf(sessionId))
}

function removed(sessionId: string): void {
  sessions.drop(sessionId)
  left(sessionId)
}

function left(sessionId: string): void {
  conversations.forget(sessionId)
  sending.forget(sessionId)
  draftStorage.set(sessionId, '')
  if (store.getState().view.sessionId === sessionId) go(viewOf(null), true)
}

function go(view: View, replace = false): void {
  const path = pathOf(view.sessionId)
  if (path !== location.pathname) history[replace ? 'replaceState' : 'pushState'](null, '', path)
  show(view)
}

function show(view: View): void {
  store.setState({ view })
  conversations.show(view.sessionId)
}

function startAnew(): void {
  sessions.undo()
  history.replaceState(null, '', pathOf(null))
  location.reload()
}

export function startChat(): void {
  const join = () => {
    const code = takeJoinCode()
    if (code !== null) page.askToJoin(code)
  }
  join()
  window.addEventListener('popstate', () => {
    join()
    show(viewOfLocation())
  })
  userStorage.listen((userId) => owner.heard(userId))
  window.addEventListener('pagehide', () => sessions.commit())
  void client.start().then(async () => {
    conversations.show(store.getState().view.sessionId)
    if (lostStorage.take()) store.setState({ notice: t.identityLost })
    void sessions.more()
    await sending.begin(await claimTab())
    pending.begin()
    const { chains } = await client.calls.chains().catch(() => ({ chains: [] }))
    store.setState({ chain: chains.find((chain) => chain.default) ?? chains[0] ?? null })
  })
}

/** All that a person can do. */
export const chat = {
  send: (content: string) => sending.send(content),
  sendAgain: (clientMessageId: string) => sending.again(clientMessageId),
  /** A new attempt at the newest answer of the chat on screen. */
  retry: (messageId: string) => sending.retry(messageId),
  discard: (clientMessageId: string) => sending.discard(clientMessageId),
  stop: (sessionId: string, messageId: string) => {
    store.setState((s) => ({ stopping: { ...s.stopping, [messageId]: true } }))
    client
      .stop(sessionId, messageId)
      .catch((error: Error) => store.setState({ notice: error.message }))
      .finally(() => store.setState((s) => ({ stopping: without(s.stopping, messageId) })))
  },
  /** What is known of a session now, without following it. */
  conversation: (sessionId: string | null) =>
    (sessionId === null ? undefined : store.getState().conversations[sessionId]) ?? null,
  loadOlder: (sessionId: string) => void conversations.loadOlder(sessionId),
  open: (sessionId: string | null) => go(viewOf(sessionId)),
  retryNow: () => client.retryNow(),
  moreSessions: () => void sessions.more(),
  rename: (sessionId: string, title: string) => void sessions.rename(sessionId, title),
  remove: (session: Parameters<Sessions['remove']>[0]) => {
    sessions.remove(session)
    if (store.getState().view.sessionId === session.id) go(viewOf(null))
  },
  undoRemove: () => sessions.undo(),
  loadDocuments: () => void documents.load(),
  upload: (files: readonly File[]) => void documents.upload(files),
  removeDocument: (id: string) => void documents.remove(id),
  setTheme: (theme: Theme) => {
    themeStorage.set(theme)
    document.documentElement.dataset['theme'] = theme
    store.setState({ theme })
  },
  makeLink: () => owner.makeLink(),
  join: (code: string) => {
    sessions.commit() // as long as this browser may
    return owner.join(code)
  },
  /** Everything of this person goes, and with it a deletion that could still be undone. */
  forgetEverything: () => owner.forget(),
  dismissNotice: () => store.setState({ notice: null }),
  draft: draftStorage,
} as const

export function useChat<T>(select: (state: ChatState) => T): T {
  return useStore(store, select)
}

export type { ChatState } from './state'
