import { useStore } from 'zustand'
import type { ExportFormat } from '../api/endpoints'
import { save } from '../api/saving'
import {
  draftStorage,
  lostStorage,
  NEW_CHAT,
  type Theme,
  themeStorage,
  userStorage,
  type Verdict,
} from '../api/storage'
import { claimTab } from '../api/tab'
import { lastAnswer, runningAnswer, type Sight } from '../protocol/conversation'
import type { Message } from '../protocol/frames'
import { t } from '../strings'
import { pathOf, takeJoinCode, viewOf, viewOfLocation } from './navigation'
import { page } from './pageState'
import {
  client,
  conversations,
  defaultOf,
  documents,
  feedback,
  go,
  onScreen,
  owner,
  pending,
  sending,
  sessions,
  shelves,
  show,
  showUnplaced,
  stopping,
  store,
  uploads,
} from './parts'
import type { Sessions } from './sessions'
import type { ChatState } from './state'

export { search } from './parts'

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
  themeStorage.listen(wear)
  window.addEventListener('pagehide', () => sessions.commit())
  // What was kept is shown before anything is known of the server.
  const kept = claimTab()
    .then((tab) => sending.adopt(tab))
    .then(showUnplaced)
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

function wear(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
  store.setState({ theme })
}

/** All that a person can do. */
export const chat = {
  send: (content: string) => sending.send(content),
  sendAgain: (clientMessageId: string) => sending.again(clientMessageId),
  /** A new attempt at the newest answer of the chat on screen. */
  retry: (messageId: string) => sending.retry(messageId),
  discard: (clientMessageId: string) => sending.discard(clientMessageId),
  stop: (sessionId: string, messageId: string) => stopping.ask(sessionId, messageId),
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
  /** A chat that has no session yet. */
  openThread: (thread: string) => go({ thread, sessionId: null }),
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
  /** What was on screen comes back to it, unless the person has gone on to something else. */
  undoRemove: () => {
    const { deleting, view } = store.getState()
    sessions.undo()
    if (deleting?.open && view.sessionId === null) go(viewOf(deleting.sessionId))
  },
  /** Keeps the list of documents fresh until the function that is returned is called. */
  watchDocuments: () => documents.watch(),
  upload: (files: readonly File[]) => uploads.add(files),
  uploadAgain: (key: string) => uploads.again(key),
  leaveUpload: (key: string) => uploads.leave(key),
  removeDocument: (id: string) => documents.remove(id),
  setTheme: (theme: Theme) => {
    themeStorage.set(theme)
    wear(theme)
  },
  judge: (answer: Message, verdict: Verdict | null) => void feedback.judge(answer, verdict),
  comment: (answer: Message) => void feedback.comment(answer),
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
  /** What was written and not sent; null is a new chat. */
  draftOf: (sessionId: string | null) => draftStorage.get(sessionId ?? NEW_CHAT),
  keepDraft: (sessionId: string | null, text: string) =>
    draftStorage.set(sessionId ?? NEW_CHAT, text),
} as const

export function useChat<T>(select: (state: ChatState) => T): T {
  return useStore(store, select)
}

export type { ChatState } from './state'
