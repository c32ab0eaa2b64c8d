import { Search as SearchSign } from 'lucide-react'
import { type KeyboardEvent, useEffect, useId } from 'react'
import { flushSync } from 'react-dom'
import { useStore } from 'zustand'
import type { Hit } from '../../../protocol/frames'
import { chat, search, useChat } from '../../../stores/chatStore'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import { Hits, optionId } from './Hits'
import css from './SearchPanel.module.css'

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowDown: 1, ArrowUp: -1 }

/** WAI-ARIA's combobox: the focus stays in the field, the arrow keys go through the list under it. */
export function SearchPanel() {
  const { words, hits, active, status } = useStore(search.store)
  const list = useId()
  const choose = useChoose()
  useEffect(() => () => search.clear(), [])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || event.keyCode === 229) return
    const step = STEPS[event.key]
    const hit = hits[active]
    if (step) search.move(step)
    // While other words are searched for, what is shown is not what was asked for.
    else if (event.key === 'Enter' && hit && status === 'found') choose(hit)
    else return
    event.preventDefault()
  }
  return (
    <>
      <div className={css.field}>
        <SearchSign size={18} strokeWidth={1.75} aria-hidden />
        <input
          ref={beginHere}
          role="combobox"
          data-testid="search-input"
          aria-label={t.search.label}
          aria-autocomplete="list"
          aria-expanded={hits.length > 0}
          aria-controls={hits.length > 0 ? list : undefined}
          aria-activedescendant={hits.length > 0 ? optionId(list, active) : undefined}
          placeholder={t.search.label}
          autoComplete="off"
          spellCheck={false}
          enterKeyHint="search"
          maxLength={200}
          value={words}
          onChange={(event) => search.type(event.target.value)}
          onKeyDown={onKeyDown}
        />
      </div>
      <div className={css.found}>
        <State />
        {hits.length > 0 && <Hits id={list} choose={choose} />}
      </div>
    </>
  )
}

/** Where the browser puts the focus when it opens the dialog. */
function beginHere(input: HTMLInputElement | null): void {
  input?.setAttribute('autofocus', '')
}

function State() {
  const { status, hits, asked, failure } = useStore(search.store)
  const words = {
    idle: t.search.idle,
    searching: hits.length > 0 ? t.search.found(hits.length) : t.search.searching,
    found: hits.length > 0 ? t.search.found(hits.length) : t.search.none(asked),
    failed: '',
  }[status]
  return (
    <>
      <p
        className={css.state}
        role="status"
        data-testid="search-state"
        data-status={status}
        data-quiet={hits.length > 0}
      >
        {words}
      </p>
      {failure && (
        <div className={css.failure} role="alert">
          <p>{failure.message}</p>
          {failure.again && (
            <button type="button" onClick={() => search.again()}>
              {t.tryAgain}
            </button>
          )}
        </div>
      )}
    </>
  )
}

/** Opens the chat of a hit, and wishes its message into view. */
function useChoose(): (hit: Hit) => void {
  const shown = useChat((s) => s.view.sessionId)
  return ({ session_id: sessionId, message_id: messageId }) => {
    // The dialog first: as long as it is open nothing outside it can have the focus.
    flushSync(() => page.closeDialog('search'))
    page.toggleSidebar(false)
    page.aim(sessionId, messageId)
    if (sessionId !== shown) chat.open(sessionId)
  }
}
