import { X } from 'lucide-react'
import { useEffect } from 'react'
import { chat, useChat } from '../../../stores/chatStore'
import { usePage } from '../../../stores/pageState'
import { t } from '../../../strings'
import { bequeath, composer, focusIsLost } from '../../ui/focus'
import { IconButton } from '../../ui/IconButton'
import css from './Notices.module.css'

const NOTICE_MS = 12_000

/** What floats for a moment: a deletion that can be undone, a request that failed. */
export function Notices() {
  const deleting = useChat((s) => s.deleting)
  const notice = useChat((s) => s.notice)
  const told = usePage((s) => s.told)
  return (
    <div className={css.stack}>
      {deleting && (
        <div className={css.notice} role="status" data-testid="undo">
          <span>{t.removed(deleting.title || t.untitled)}</span>
          <Undo key={deleting.sessionId} sessionId={deleting.sessionId} />
        </div>
      )}
      {told && (
        <div className={css.notice} role="status" data-testid="told">
          <span>{told}</span>
        </div>
      )}
      {notice && (
        <div className={css.notice} role="alert">
          <span>{notice}</span>
          <Passing notice={notice} />
          <IconButton icon={X} label={t.close} size={16} onClick={chat.dismissNotice} />
        </div>
      )}
    </div>
  )
}

/** Back to the chat that is there again, or on with the work. */
const toTheChat = bequeath(
  ({ dataset }) =>
    document.querySelector<HTMLElement>(`[data-session-id="${dataset['for']}"] a`) ?? composer(),
)

/** It gets the focus that the deleted entry had: there is little time to find it. */
const findsFocus = (button: HTMLButtonElement | null) => {
  if (focusIsLost()) button?.focus()
  return toTheChat(button)
}

function Undo({ sessionId }: { readonly sessionId: string }) {
  return (
    <button
      ref={findsFocus}
      type="button"
      className={css.action}
      data-for={sessionId}
      onClick={chat.undoRemove}
    >
      {t.undo}
    </button>
  )
}

/** A notice that nobody closes goes by itself: what it tells of may be over. */
function Passing({ notice }: { readonly notice: string }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another notice has its own time
  useEffect(() => {
    const timer = setTimeout(chat.dismissNotice, NOTICE_MS)
    return () => clearTimeout(timer)
  }, [notice])
  return null
}
