import { FileText, Settings, SquarePen } from 'lucide-react'
import { chat, useChat } from '../../../stores/chatStore'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import { SessionEntry } from './SessionEntry'
import css from './SessionSidebar.module.css'

export function SessionSidebar() {
  return (
    <nav className={css.sidebar} aria-label={t.sessions}>
      <div className={css.head}>
        <span className={css.name}>{t.app}</span>
      </div>
      <button
        type="button"
        className={css.wideButton}
        data-testid="new-chat"
        onClick={() => {
          chat.open(null)
          page.toggleSidebar(false)
        }}
      >
        <SquarePen size={16} strokeWidth={1.75} aria-hidden />
        {t.newChat}
      </button>
      <div className={css.scroll}>
        <SessionEntries />
      </div>
      <div className={css.foot}>
        <button
          type="button"
          className={css.wideButton}
          data-testid="open-documents"
          onClick={() => page.openDialog('documents')}
        >
          <FileText size={16} strokeWidth={1.75} aria-hidden />
          {t.documents}
        </button>
        <button
          type="button"
          className={css.wideButton}
          data-testid="open-settings"
          onClick={() => page.openDialog('settings')}
        >
          <Settings size={16} strokeWidth={1.75} aria-hidden />
          {t.settings}
        </button>
      </div>
    </nav>
  )
}

function SessionEntries() {
  const { items, loaded, loading, hasMore, failed } = useChat((s) => s.sessions)
  const hidden = useChat((s) => s.deleting?.sessionId)
  const shown = items.filter((session) => session.id !== hidden)
  return (
    <>
      {!loaded && loading && <Skeleton />}
      {loaded && shown.length === 0 && <p className={css.quiet}>{t.noSessions}</p>}
      <ul className={css.list}>
        {shown.map((session) => (
          <SessionEntry key={session.id} session={session} />
        ))}
      </ul>
      {failed && (
        <p className={css.quiet}>
          {t.sessionsFailed}{' '}
          <button type="button" className={css.link} onClick={chat.moreSessions}>
            {t.tryAgain}
          </button>
        </p>
      )}
      {hasMore && !failed && (
        <button
          type="button"
          className={css.more}
          data-testid="load-more-sessions"
          aria-disabled={loading}
          onClick={chat.moreSessions}
        >
          {t.loadMoreSessions}
        </button>
      )}
    </>
  )
}

function Skeleton() {
  return (
    <div className={css.skeleton} aria-hidden>
      {[72, 56, 64, 48].map((width) => (
        <i key={width} style={{ width: `${width}%` }} />
      ))}
    </div>
  )
}
