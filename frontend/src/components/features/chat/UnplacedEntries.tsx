import { type Entry, unplaced } from '../../../protocol/outbox'
import { chat, useChat } from '../../../stores/chatStore'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import entryCss from './SessionEntry.module.css'
import css from './SessionSidebar.module.css'
import { useOwnEntries } from './useOwnEntries'

/** Chats that have no session yet, since nothing of them has reached the server. */
export function UnplacedEntries() {
  const thread = useChat((s) => s.view.thread)
  const waiting = unplaced(useOwnEntries())
  // What is on screen and goes at once is on no list before it is a chat like the others.
  const shown = waiting.filter((first) => first.thread !== thread || !isFirstTry(first))
  if (shown.length === 0) return null
  return (
    <ul className={css.list} data-testid="unplaced">
      <li className={css.day}>{t.notSentYet}</li>
      {shown.map((first) => (
        <UnplacedEntry key={first.thread} first={first} current={first.thread === thread} />
      ))}
    </ul>
  )
}

function UnplacedEntry({ first, current }: { readonly first: Entry; readonly current: boolean }) {
  return (
    <li className={entryCss.entry} data-current={current}>
      <button
        type="button"
        className={entryCss.open}
        aria-current={current ? 'page' : undefined}
        onClick={() => {
          chat.openThread(first.thread)
          page.toggleSidebar(false)
        }}
      >
        {first.content}
      </button>
      {first.state === 'refused' && <span className={entryCss.refused}>{t.refusedShort}</span>}
    </li>
  )
}

function isFirstTry({ state, tries }: Entry): boolean {
  return state === 'sending' && tries === 1
}
