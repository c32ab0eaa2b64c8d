import { X } from 'lucide-react'
import { chat, useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'
import css from './Notices.module.css'

/** What floats for a moment: a deletion that can be undone, a request that failed. */
export function Notices() {
  const deleting = useChat((s) => s.deleting)
  const notice = useChat((s) => s.notice)
  return (
    <div className={css.stack}>
      {deleting && (
        <div className={css.notice} role="status" data-testid="undo">
          <span>{t.removed(deleting.title || t.untitled)}</span>
          <button type="button" className={css.action} onClick={chat.undoRemove}>
            {t.undo}
          </button>
        </div>
      )}
      {notice && (
        <div className={css.notice} role="alert">
          <span>{notice}</span>
          <IconButton icon={X} label={t.close} size={16} onClick={chat.dismissNotice} />
        </div>
      )}
    </div>
  )
}
