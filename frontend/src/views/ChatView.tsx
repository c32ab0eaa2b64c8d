import { useEffect } from 'react'
import { Announcer } from '../components/features/chat/Announcer'
import { preloadRichText } from '../components/features/chat/AnswerText'
import { ChatHeader } from '../components/features/chat/ChatHeader'
import { Composer } from '../components/features/chat/Composer'
import { EmptyState, Loading, MissingSession } from '../components/features/chat/EmptyState'
import { MessageList } from '../components/features/chat/MessageList'
import { Notices } from '../components/features/chat/Notices'
import { SessionSidebar } from '../components/features/chat/SessionSidebar'
import { Sources } from '../components/features/chat/Sources'
import { useSession } from '../components/features/chat/useSession'
import { useSidebarFocus } from '../components/features/chat/useSidebarFocus'
import { useViewEntries } from '../components/features/chat/useViewEntries'
import { DocumentsDialog } from '../components/features/documents/DocumentsDialog'
import { RecordDialog } from '../components/features/record/RecordDialog'
import { SearchDialog } from '../components/features/search/SearchDialog'
import { JoinDialog } from '../components/features/settings/JoinDialog'
import { SettingsDialog } from '../components/features/settings/SettingsDialog'
import { ShortcutsDialog } from '../components/features/shortcuts/ShortcutsDialog'
import { useShortcuts } from '../components/features/shortcuts/useShortcuts'
import { composer } from '../components/ui/focus'
import { useChat } from '../stores/chatStore'
import { page, usePage } from '../stores/pageState'
import { t } from '../strings'
import css from './ChatView.module.css'

/** The whole page: chats on the left, one of them in the middle, its passages on the right. */
export function ChatView() {
  const { sessionId, thread } = useChat((s) => s.view)
  const sidebarOpen = usePage((s) => s.sidebarOpen)
  const withSources = usePage((s) => s.source !== null)
  useEffect(preloadRichText, [])
  useTitle(sessionId)
  useShortcuts()
  const sidebar = useSidebarFocus()
  // A passage belongs to the chat that cites it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when another chat comes on screen
  useEffect(() => page.leaveSource, [thread])
  return (
    <div className={css.layout} data-sidebar={sidebarOpen} data-sources={withSources}>
      <button type="button" className={css.skip} onClick={() => composer()?.focus()}>
        {t.skipToComposer}
      </button>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Escape closes what lies over the page */}
      <div
        ref={sidebar}
        className={css.sidebar}
        onKeyDown={(event) => event.key === 'Escape' && page.toggleSidebar(false)}
      >
        <SessionSidebar />
      </div>
      <button
        type="button"
        className={css.shade}
        aria-label={t.closeSidebar}
        tabIndex={sidebarOpen ? 0 : -1}
        onClick={() => page.toggleSidebar(false)}
      />
      <main className={css.main}>
        <ChatHeader sessionId={sessionId} />
        <Body key={thread} sessionId={sessionId} />
        <Composer sessionId={sessionId} />
      </main>
      <Sources />
      <DocumentsDialog />
      <SearchDialog />
      <ShortcutsDialog />
      <RecordDialog />
      <SettingsDialog />
      <JoinDialog />
      <Notices />
      <Announcer key={`said-${thread}`} sessionId={sessionId} />
    </div>
  )
}

function Body({ sessionId }: { readonly sessionId: string | null }) {
  const waiting = useViewEntries().some((entry) => entry.retryOf === null)
  const missing = useChat((s) => sessionId !== null && s.missing[sessionId] === true)
  const problem = useChat((s) => (sessionId === null ? undefined : s.unreadable[sessionId]))
  const rows = useChat((s) => (sessionId ? (s.conversations[sessionId]?.order.length ?? 0) : 0))
  const loaded = useChat((s) => sessionId !== null && s.conversations[sessionId]?.loaded === true)
  // What was not sent stands there all the same, with the choice to take its words elsewhere.
  if (missing && !waiting) return <MissingSession />
  if (rows > 0 || waiting) return <MessageList sessionId={sessionId} />
  if (sessionId !== null && !loaded) return <Loading problem={problem} />
  return <EmptyState />
}

function useTitle(sessionId: string | null): void {
  const title = useSession(sessionId)?.title
  useEffect(() => {
    document.title = title ? `${title} · ${t.app}` : t.app
  }, [title])
}
