import { FileText, Keyboard, Search, Settings, SquarePen } from 'lucide-react'
import { Fragment } from 'react'
import { chat, useChat } from '../../../stores/chatStore'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import { bequeath } from '../../ui/focus'
import { KeySigns } from '../shortcuts/KeySigns'
import { spoken } from '../shortcuts/keys'
import { onMac } from '../shortcuts/platform'
import { SEARCH_KEYS } from '../shortcuts/table'
import { type Day, firstOfDays } from './days'
import { SessionEntry } from './SessionEntry'
import css from './SessionSidebar.module.css'
import { UnplacedEntries } from './UnplacedEntries'

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
      <button
        type="button"
        className={css.wideButton}
        data-testid="open-search"
        aria-keyshortcuts={spoken(SEARCH_KEYS, onMac)}
        onClick={() => page.openDialog('search')}
      >
        <Search size={16} strokeWidth={1.75} aria-hidden />
        <span className={css.words}>{t.search.title}</span>
        <span className={css.keys} aria-hidden>
          <KeySigns keys={SEARCH_KEYS} />
        </span>
      </button>
      <div className={css.scroll}>
        <UnplacedEntries />
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
          className={`${css.wideButton} ${css.keyboard}`}
          data-testid="open-shortcuts"
          aria-keyshortcuts="?"
          onClick={() => page.openDialog('shortcuts')}
        >
          <Keyboard size={16} strokeWidth={1.75} aria-hidden />
          {t.shortcuts.title}
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
  const days = firstOfDays(shown, new Date())
  return (
    <>
      {!loaded && loading && <Skeleton />}
      {loaded && shown.length === 0 && <p className={css.quiet}>{t.noSessions}</p>}
      <ul className={css.list}>
        {shown.map((session) => (
          <Fragment key={session.id}>
            <DayBreak day={days.get(session.id)} />
            <SessionEntry session={session} />
          </Fragment>
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
          ref={toTheLastChat}
          aria-disabled={loading}
          onClick={chat.moreSessions}
        >
          {t.loadMoreSessions}
        </button>
      )}
    </>
  )
}

function DayBreak({ day }: { readonly day: Day | undefined }) {
  return day && <li className={css.day}>{t.days[day]}</li>
}

/** The button goes with the last page; the next Tab leads to the first chat that came with it. */
const toTheLastChat = bequeath((button) => {
  const links = button.parentElement?.querySelectorAll<HTMLElement>('[data-session-id] a')
  return links?.[links.length - 1]
})

function Skeleton() {
  return (
    <div className={css.skeleton} aria-hidden>
      {[72, 56, 64, 48].map((width) => (
        <i key={width} style={{ width: `${width}%` }} />
      ))}
    </div>
  )
}
