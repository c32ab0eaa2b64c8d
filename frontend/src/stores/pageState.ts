import { create } from 'zustand'
import type { Message } from '../protocol/frames'

/** What may lie over the page. */
export type DialogName = 'documents' | 'search' | 'settings' | 'shortcuts' | 'record' | 'join'

/** The message that a dialog is about. */
type About = Pick<Message, 'id' | 'session_id'>

/** What is open on the page. Belongs to this tab alone and is forgotten with it. */
interface PageState {
  readonly source: { readonly messageId: string; readonly number: number } | null
  readonly sidebarOpen: boolean
  /** The code of a link that was followed here, until the person has said yes or no to it. */
  readonly joinCode: string | null
  readonly dialog: { readonly name: DialogName; readonly about: About | null } | null
  /** Text that goes into the composer: of a message to edit, or a question to ask again. */
  readonly handed: { readonly text: string } | null
  /** A message that is to be brought into view as soon as its chat shows it. */
  readonly target: { readonly sessionId: string; readonly messageId: string } | null
  /** A word on what was just done, for a moment. */
  readonly told: string | null
}

export const usePage = create<PageState>()(() => ({
  source: null,
  sidebarOpen: false,
  joinCode: null,
  dialog: null,
  handed: null,
  target: null,
  told: null,
}))

const TOLD_MS = 3_000
let toldTimer: ReturnType<typeof setTimeout> | undefined

export const page = {
  openSource: (messageId: string, number: number): void =>
    usePage.setState({ source: { messageId, number } }),
  leaveSource: (): void => usePage.setState({ source: null }),
  toggleSidebar: (sidebarOpen: boolean): void => usePage.setState({ sidebarOpen }),
  openDialog: (name: DialogName, about: About | null = null): void =>
    usePage.setState({ dialog: { name, about } }),
  /** Closes that dialog, if it is still the one that is open. */
  closeDialog: (name: DialogName): void =>
    usePage.setState(({ dialog }) => (dialog?.name === name ? { dialog: null } : {})),
  /** A link was followed here: nothing comes of it until the person agrees. */
  askToJoin: (joinCode: string): void =>
    usePage.setState({ joinCode, dialog: { name: 'join', about: null } }),
  leaveJoining: (): void => usePage.setState({ joinCode: null }),
  hand: (text: string): void => usePage.setState({ handed: { text } }),
  taken: (): void => usePage.setState({ handed: null }),
  aim: (sessionId: string, messageId: string): void =>
    usePage.setState({ target: { sessionId, messageId } }),
  /** The target is in view, or it cannot be brought there. */
  reached: (): void => usePage.setState({ target: null }),
  tell: (told: string): void => {
    clearTimeout(toldTimer)
    usePage.setState({ told })
    toldTimer = setTimeout(() => usePage.setState({ told: null }), TOLD_MS)
  },
} as const
