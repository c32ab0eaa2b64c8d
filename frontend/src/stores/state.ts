import type { StoreApi } from 'zustand/vanilla'
import type { Theme } from '../api/storage'
import type { Badge } from '../protocol/badge'
import type { Conversation } from '../protocol/conversation'
import type { ChainInfo, Document, Session } from '../protocol/frames'
import type { Entry } from '../protocol/outbox'
import type { Unfit } from '../protocol/uploadable'

/** What is on screen: a session, or a chat that becomes one with its first message. */
export interface View {
  /** Stays the same when a new chat gets its session, so that nothing on screen is built anew. */
  readonly thread: string
  readonly sessionId: string | null
  /** It stands in for a chat that was deleted elsewhere: what was being written there goes on here. */
  readonly takesWords?: true
}

export interface SessionList {
  readonly items: readonly Session[]
  readonly nextCursor: string | null
  readonly hasMore: boolean
  readonly loading: boolean
  readonly loaded: boolean
  readonly failed: boolean
}

/** A file on its way to the server, or one that did not get there. */
export interface Upload {
  readonly key: string
  readonly name: string
  readonly state: 'waiting' | 'sending' | 'unfit' | 'failed'
  /** Which share of it has left, from 0 to 1. */
  readonly sent: number
  readonly reason: Unfit | 'many' | { readonly said: string } | null
}

export interface DocumentList {
  readonly items: readonly Document[]
  readonly uploads: readonly Upload[]
  readonly loaded: boolean
  readonly error: string | null
  /** Whether this person may add and delete. */
  readonly writable: boolean
}

interface Undoable {
  readonly sessionId: string
  /** It was on screen. */
  readonly open: boolean
  readonly title: string
}

export interface ChatState {
  readonly userId: string | null
  readonly badge: Badge
  readonly view: View
  readonly conversations: Readonly<Record<string, Conversation>>
  /** Sessions that the server does not know, and those whose messages could not be read. */
  readonly missing: Readonly<Record<string, true>>
  readonly unreadable: Readonly<Record<string, string>>
  readonly loadingOlder: Readonly<Record<string, true>>
  /** What a running answer says it is doing, by message. */
  readonly stages: Readonly<Record<string, string>>
  readonly stopping: Readonly<Record<string, true>>
  readonly entries: readonly Entry[]
  readonly sessions: SessionList
  readonly deleting: Undoable | null
  readonly documents: DocumentList
  /** All that may answer, and what answers the chat that is begun next. */
  readonly chains: readonly ChainInfo[]
  readonly chain: ChainInfo | null
  /** The longest message that the server takes, in code points; 0 means no limit. */
  readonly messageChars: number
  readonly theme: Theme
  readonly notice: string | null
}

export type Store = StoreApi<ChatState>

export function initialState(view: View, theme: Theme): ChatState {
  return {
    userId: null,
    badge: { state: 'connecting', word: 'connecting', retryAt: null, overHttp: false, fault: null },
    view,
    conversations: {},
    missing: {},
    unreadable: {},
    loadingOlder: {},
    stages: {},
    stopping: {},
    entries: [],
    sessions: {
      items: [],
      nextCursor: null,
      hasMore: false,
      loading: false,
      loaded: false,
      failed: false,
    },
    deleting: null,
    documents: { items: [], uploads: [], loaded: false, error: null, writable: false },
    chains: [],
    chain: null,
    messageChars: 32_000,
    theme,
    notice: null,
  }
}

export function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  const { [key]: _, ...rest } = record
  return rest
}
