import { create } from 'zustand'

/** What may lie over the page. */
export type DialogName = 'documents' | 'search' | 'settings' | 'shortcuts' | 'record' | 'join'

/** What is open on the page. Belongs to this tab alone and is forgotten with it. */
interface PageState {
  readonly source: { readonly messageId: string; readonly number: number } | null
  readonly sidebarOpen: boolean
  /** The code of a link that was followed here, until the person has said yes or no to it. */
  readonly joinCode: string | null
  readonly dialog: { readonly name: DialogName; readonly messageId: string | null } | null
  /** Text that goes into the composer: of a message to edit, or a question to ask again. */
  readonly handed: { readonly text: string } | null
}

export const usePage = create<PageState>()(() => ({
  source: null,
  sidebarOpen: false,
  joinCode: null,
  dialog: null,
  handed: null,
}))

let focusBefore: HTMLElement | null = null

export const page = {
  openSource(messageId: string, number: number): void {
    focusBefore = document.activeElement instanceof HTMLElement ? document.activeElement : null
    usePage.setState({ source: { messageId, number } })
  },
  /** Closes the passage and gives the focus back to the citation that opened it. */
  closeSource(): void {
    usePage.setState({ source: null })
    focusBefore?.focus({ preventScroll: true })
    focusBefore = null
  },
  leaveSource(): void {
    usePage.setState({ source: null })
    focusBefore = null
  },
  toggleSidebar: (sidebarOpen: boolean): void => usePage.setState({ sidebarOpen }),
  openDialog: (name: DialogName, messageId: string | null = null): void =>
    usePage.setState({ dialog: { name, messageId } }),
  /** Closes that dialog, if it is still the one that is open. */
  closeDialog: (name: DialogName): void =>
    usePage.setState(({ dialog }) => (dialog?.name === name ? { dialog: null } : {})),
  /** A link was followed here: nothing comes of it until the person agrees. */
  askToJoin: (joinCode: string): void =>
    usePage.setState({ joinCode, dialog: { name: 'join', messageId: null } }),
  leaveJoining: (): void => usePage.setState({ joinCode: null }),
  hand: (text: string): void => usePage.setState({ handed: { text } }),
  taken: (): void => usePage.setState({ handed: null }),
} as const
