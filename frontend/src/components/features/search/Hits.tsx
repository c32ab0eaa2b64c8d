import { useEffect, useRef } from 'react'
import { useStore } from 'zustand'
import type { Hit } from '../../../protocol/frames'
import { search, useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './Hits.module.css'
import { markWords } from './markWords'

export function optionId(list: string, index: number): string {
  return `${list}-${index}`
}

interface Props {
  readonly id: string
  readonly choose: (hit: Hit) => void
}

/** What was found, under the names of the chats. */
export function Hits({ id, choose }: Props) {
  const { hits } = useStore(search.store)
  const chats = [...new Set(hits.map((hit) => hit.session_id))]
  return (
    <div id={id} role="listbox" aria-label={t.search.title} className={css.list}>
      {chats.map((chat) => (
        // biome-ignore lint/a11y/useSemanticElements: a group of options, as a listbox may have
        <div key={chat} role="group" aria-labelledby={`${id}-${chat}`} data-session={chat}>
          <ChatName id={`${id}-${chat}`} sessionId={chat} />
          {hits.map((hit, index) =>
            hit.session_id === chat ? (
              <Option
                key={hit.message_id}
                id={optionId(id, index)}
                hit={hit}
                index={index}
                choose={choose}
              />
            ) : null,
          )}
        </div>
      ))}
    </div>
  )
}

function ChatName({ id, sessionId }: { readonly id: string; readonly sessionId: string }) {
  const listed = useChat((s) => s.sessions.items.find((each) => each.id === sessionId)?.title)
  const read = useStore(search.store, (s) => s.titles[sessionId])
  return (
    <p id={id} className={css.chat}>
      {listed || read || t.untitled}
    </p>
  )
}

interface OptionProps extends Props {
  readonly hit: Hit
  readonly index: number
}

function Option({ id, hit, index, choose }: OptionProps) {
  const asked = useStore(search.store, (s) => s.asked)
  const active = useStore(search.store, (s) => s.active === index)
  const option = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (active) option.current?.scrollIntoView({ block: 'nearest' })
  }, [active])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's, which keeps the focus
    // biome-ignore lint/a11y/useFocusableInteractive: as above
    <div
      ref={option}
      id={id}
      role="option"
      aria-selected={active}
      className={css.option}
      data-testid="hit"
      data-hit-message={hit.message_id}
      // The focus stays in the field.
      onMouseDown={(event) => event.preventDefault()}
      onMouseMove={() => active || search.point(index)}
      onClick={() => choose(hit)}
    >
      {markWords(hit.excerpt, asked).map(({ text, marked, at }) =>
        marked ? <mark key={at}>{text}</mark> : <span key={at}>{text}</span>,
      )}
    </div>
  )
}
