import { Pencil, Trash2 } from 'lucide-react'
import { memo, useEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import type { Session } from '../../../protocol/frames'
import { chat, useChat } from '../../../stores/chatStore'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'
import { RenameField } from './RenameField'
import css from './SessionEntry.module.css'

export const SessionEntry = memo(function SessionEntry({ session }: { readonly session: Session }) {
  const [renaming, setRenaming] = useState(false)
  const link = useRef<HTMLAnchorElement>(null)
  const current = useChat((s) => s.view.sessionId === session.id)
  useEffect(() => {
    if (current) link.current?.scrollIntoView({ block: 'nearest' })
  }, [current])
  const renamed = (how: 'key' | 'left') => {
    flushSync(() => setRenaming(false))
    if (how === 'key') link.current?.focus()
  }
  if (renaming) {
    return (
      <li className={css.entry} data-session-id={session.id}>
        <RenameField session={session} done={renamed} />
      </li>
    )
  }
  return (
    <li className={css.entry} data-session-id={session.id} data-current={current}>
      <a
        ref={link}
        className={css.open}
        href={`chat/${encodeURIComponent(session.id)}`}
        aria-current={current ? 'page' : undefined}
        title={session.title || undefined}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
          event.preventDefault()
          chat.open(session.id)
          page.toggleSidebar(false)
        }}
      >
        {session.title || t.untitled}
      </a>
      <span className={css.tools}>
        <IconButton
          icon={Pencil}
          label={t.rename}
          size={14}
          onClick={() => setRenaming(true)}
          className={css.tool}
        />
        <IconButton
          icon={Trash2}
          label={t.remove}
          size={14}
          onClick={() => chat.remove(session)}
          className={css.tool}
        />
      </span>
    </li>
  )
})
