import { PanelLeft } from 'lucide-react'
import { useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import type { Session } from '../../../protocol/frames'
import { useChat } from '../../../stores/chatStore'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'
import css from './ChatHeader.module.css'
import { ChatMenu } from './ChatMenu'
import { ConnectionBadge } from './ConnectionBadge'
import { RenameField } from './RenameField'
import { useSession } from './useSession'

/** Which chat is on screen, whether the server is there, and what can be done with the chat. */
export function ChatHeader({ sessionId }: { readonly sessionId: string | null }) {
  const session = useSession(sessionId)
  const [renaming, setRenaming] = useState<string | null>(null)
  const menu = useRef<HTMLSpanElement>(null)
  const renamed = (how: 'key' | 'left') => {
    flushSync(() => setRenaming(null))
    if (how === 'key') menu.current?.querySelector('button')?.focus()
  }
  return (
    <header className={css.header} data-renaming={renaming !== null}>
      <IconButton
        icon={PanelLeft}
        label={t.openSidebar}
        className={css.chats}
        onClick={() => page.toggleSidebar(true)}
      />
      {session && renaming === session.id ? (
        <RenameField session={session} done={renamed} />
      ) : (
        <Title session={session} />
      )}
      <ConnectionBadge />
      {session && (
        <span ref={menu} className={css.menu}>
          <ChatMenu session={session} rename={() => setRenaming(session.id)} />
        </span>
      )}
    </header>
  )
}

/** Where several chains are served, the one that answers here is named. */
function Title({ session }: { readonly session: Session | undefined }) {
  const chain = useChat((s) => {
    if (!session || s.chains.length < 2) return undefined
    return s.chains.find(({ name }) => name === session.chain)?.title ?? session.chain
  })
  return (
    <div className={css.title}>
      <h1>{session?.title || t.untitled}</h1>
      {chain && <p data-testid="chat-chain">{chain}</p>}
    </div>
  )
}
