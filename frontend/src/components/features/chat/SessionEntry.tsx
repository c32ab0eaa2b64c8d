import { Pencil, Trash2 } from 'lucide-react'
import { memo, useState } from 'react'
import type { Session } from '../../../protocol/frames'
import { chat, useChat } from '../../../stores/chatStore'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'
import css from './SessionEntry.module.css'

export const SessionEntry = memo(function SessionEntry({ session }: { readonly session: Session }) {
  const [renaming, setRenaming] = useState(false)
  const current = useChat((s) => s.view.sessionId === session.id)
  if (renaming) return <Rename session={session} done={() => setRenaming(false)} />
  return (
    <li className={css.entry} data-session-id={session.id} data-current={current}>
      <a
        className={css.open}
        href={`chat/${encodeURIComponent(session.id)}`}
        aria-current={current ? 'page' : undefined}
        title={session.last_message_preview || undefined}
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

function Rename({ session, done }: { readonly session: Session; readonly done: () => void }) {
  const [title, setTitle] = useState(session.title)
  const keep = () => {
    const next = title.trim()
    if (next !== '' && next !== session.title) chat.rename(session.id, next)
    done()
  }
  return (
    <li className={css.entry} data-session-id={session.id}>
      <input
        className={css.input}
        aria-label={t.rename}
        maxLength={200}
        value={title}
        // biome-ignore lint/a11y/noAutofocus: the person has just asked to write here
        autoFocus
        onFocus={(event) => event.target.select()}
        onChange={(event) => setTitle(event.target.value)}
        onBlur={keep}
        onKeyDown={(event) => {
          if (event.key === 'Escape') done()
          if (event.key === 'Enter' && !event.nativeEvent.isComposing) keep()
        }}
      />
    </li>
  )
}
