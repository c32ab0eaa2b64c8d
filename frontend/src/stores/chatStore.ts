import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import { ChatClient } from '../api/client'
import type { ExportFormat } from '../api/endpoints'
import { save } from '../api/saving'
import {
  clearWords,
  draftStorage,
  lostStorage,
  type Theme,
  themeStorage,
  userStorage,
  type Verdict,
} from '../api/storage'
import { browserSurroundings } from '../api/surroundings'
import { claimTab } from '../api/tab'
import { type Conversation, lastAnswer, runningAnswer, type Sight } from '../protocol/conversation'
import type { ChainInfo, Message, ServerFrame } from '../protocol/frames'
import { t } from '../strings'
import { Conversations } from './conversations'
import { Documents } from './documents'
import { Feedback } from './feedback'
import { firstWords } from './firstWords'
import { pathOf, takeJoinCode, viewOf, viewOfLocation } from './navigation'
import { Owner } from './owner'
import { page } from './pageState'
import { PendingWatch } from './pending'
import { recoveries } from './recoveries'
import { Search } from './search'
import { Sending } from './sending'
import { Sessions } from './sessions'
import { Shelves } from './shelves'
import { type ChatState, initialState, type Store, type View, without } from './state'
import { Uploads } from './uploads'

/** The page's one store and the parts that change it, wired to each other. */
const store: Store = createStore<ChatState>()(() =>
  initialState(viewOfLocation(), themeStorage.get()),
)
const theClient = (): ChatClient => client

const conversations = new Conversations(store, theClient, (sessionIds) => {
  shelves.tidy(sessionIds)
  sending.settle()
})
const shelves = new Shelves(theClient, conversations)
const sending = new Sending(store, theClient, conversations, placed, foundUnplaced)
const pending = new PendingWatch(store, theClient, conversations, sending)
const sessions = new Sessions(store, theClient, left)
const documents = new Documents(store, theClient)
const feedback = new Feedback(store, theClient)

export const search = new Search({
  calls: () => client.calls,
  listed: (id) => store.getState().sessions.items.some((session) => session.id === id),
  hidden: (id) => store.getState().deleting?.sessionId === id,
})

const owner = new Owner(store, theClient, sending, {
  again: () => location.reload(),
  fresh: startAnew,
  blank: () => {
    // At the very end, since the page may still write something down.
    window.addEventListener('pagehide', clearWords)
    startAnew()
  },
})
const uploads = new Uploads(store, theClient, documents)

const client = new ChatClient(browserSurroundings, {
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
      else if (frame.session_id && frame.deleted) removed(frame.session_id)
      break
    case 'document':
      documents.merge(frame.document)
      uploads.arrived(frame.document)
      break
    case 'done':
      store.setState((s) => ({ stages: without(s.stages, frame.message_id) }))
      void afterwards(frame.session_id)
      break
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

/** What was sent in a chat that has no session yet is on no other page: an empty new chat shows it. */
function foundUnplaced(): void {
  const { view, entries } = store.getState()
  const unplaced = entries.filter((entry) => entry.sessionId === null)
  const newest = unplaced.at(-1)
  if (view.sessionId !== null || !newest) return
  if (unplaced.some((entry) => entry.thread === view.thread)) return
  store.setState({ view: { thread: newest.thread, sessionId: null } })
}

function go(view: View, replace = false): void {
  const path = pathOf(view.sessionId)
  if (path !== location.pathname) history[replace ? 'replaceState' : 'pushState'](null, '', path)
  show(view)
}

function show(view: View): void {
  store.setState({ view })
  if (view.sessionId === null) store.setState(({ chains }) => ({ chain: defaultOf(chains) }))
  else void sessions.know(view.sessionId)
  conversations.show(view.sessionId)
}

function onScreen(): Conversation | undefined {
  const { view, conversations: held } = store.getState()
  return view.sessionId === null ? undefined : held[view.sessionId]
}

function defaultOf(chains: readonly ChainInfo[]): ChainInfo | null {
  return chains.find((chain) => chain.default) ?? chains[0] ?? null
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
  // What was kept is shown before anything is known of the server.
  const kept = claimTab().then((tab) => sending.adopt(tab))
  void client.start().then(async () => {
    conversations.show(store.getState().view.sessionId)
    if (lostStorage.take()) store.setState({ notice: t.identityLost })
    void sessions.more().then(() => {
      const { sessionId } = store.getState().view
      if (sessionId !== null) void sessions.know(sessionId)
    })
    await kept
    sending.begin()
    pending.begin()
    const { chains } = await client.calls.chains().catch(() => ({ chains: [] }))
    store.setState({ chains, chain: defaultOf(chains) })
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
    // The text stands still until its end is heard, or until it is known that it goes on.
    client.stop(sessionId, messageId).catch(({ message: notice }: Error) => {
      store.setState((s) => ({ notice, stopping: without(s.stopping, messageId) }))
    })
  },
  stopRunning: () => {
    const conversation = onScreen()
    const running = conversation && runningAnswer(conversation)
    if (running) chat.stop(running.session_id, running.id)
  },
  /** The newest words of an answer on screen, also while it grows. */
  lastAnswer: () => {
    const conversation = onScreen()
    return (conversation && lastAnswer(conversation)?.content) ?? null
  },
  /** What is known of a session now, without following it. */
  conversation: (sessionId: string | null) =>
    (sessionId === null ? undefined : store.getState().conversations[sessionId]) ?? null,
  /** What of the session is on the screen: texts far from it may be let go of. */
  viewed: (sessionId: string, sight: Sight) => shelves.viewed(sessionId, sight),
  loadOlder: (sessionId: string) => void conversations.loadOlder(sessionId),
  open: (sessionId: string | null) => go(viewOf(sessionId)),
  /** The chat above (-1) or below (1) in the list. */
  openBeside: (step: 1 | -1) => {
    const id = sessions.beside(store.getState().view.sessionId, step)
    if (id !== null) go(viewOf(id))
  },
  /** Which chain answers the chat that begins with the next message. */
  choose: (name: string) =>
    store.setState(({ chains, chain }) => ({
      chain: chains.find((each) => each.name === name) ?? chain,
    })),
  link: (sessionId: string) => new URL(pathOf(sessionId), location.origin).toString(),
  export: (sessionId: string, format: ExportFormat) =>
    void client.calls
      .export(sessionId, format)
      .then(save)
      .catch((error: Error) => store.setState({ notice: t.exportFailed(error.message) })),
  retryNow: () => client.retryNow(),
  moreSessions: () => void sessions.more(),
  rename: (sessionId: string, title: string) => void sessions.rename(sessionId, title),
  remove: (session: Parameters<Sessions['remove']>[0]) => {
    sessions.remove(session)
    if (store.getState().view.sessionId === session.id) go(viewOf(null))
  },
  undoRemove: () => sessions.undo(),
  /** Keeps the list of documents fresh until the function that is returned is called. */
  watchDocuments: () => documents.watch(),
  upload: (files: readonly File[]) => uploads.add(files),
  uploadAgain: (key: string) => uploads.again(key),
  leaveUpload: (key: string) => uploads.leave(key),
  removeDocument: (id: string) => documents.remove(id),
  setTheme: (theme: Theme) => {
    themeStorage.set(theme)
    document.documentElement.dataset['theme'] = theme
    store.setState({ theme })
  },
  judge: (answer: Message, verdict: Verdict | null) => void feedback.judge(answer, verdict),
  comment: (answer: Message, comment: string) => feedback.comment(answer, comment),
  record: (sessionId: string, messageId: string, signal: AbortSignal) =>
    client.calls.record(sessionId, messageId, signal),
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
