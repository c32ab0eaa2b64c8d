import { create } from 'zustand'

/** What is open on the page. Belongs to this tab alone and is forgotten with it. */
interface PageState {
  readonly source: { readonly messageId: string; readonly number: number } | null
  readonly sidebarOpen: boolean
  readonly documentsOpen: boolean
  /** Text that goes into the composer: of a message to edit, or a question to ask again. */
  readonly handed: { readonly text: string } | null
}

export const usePage = create<PageState>()(() => ({
  source: null,
  sidebarOpen: false,
  documentsOpen: false,
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
  toggleDocuments: (documentsOpen: boolean): void => usePage.setState({ documentsOpen }),
  hand: (text: string): void => usePage.setState({ handed: { text } }),
  taken: (): void => usePage.setState({ handed: null }),
} as const
