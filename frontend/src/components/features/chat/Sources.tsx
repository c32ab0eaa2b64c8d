import { X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { Message, Source } from '../../../protocol/frames'
import { useChat } from '../../../stores/chatStore'
import { page, usePage } from '../../../stores/pageState'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'
import { markedParts } from './markedParts'
import { closePassages } from './passages'
import css from './Sources.module.css'

/** The passages that an answer rests on, with the cited one in view. Once their answer has gone, they go too. */
export function Sources() {
  const open = usePage((s) => s.source)
  const message = useChat((s) => {
    const { sessionId } = s.view
    if (!open || sessionId === null) return undefined
    return s.conversations[sessionId]?.rows.get(open.messageId)?.message
  })
  const panel = useRef<HTMLElement>(null)
  const shown = open !== null && message !== undefined
  useEffect(() => {
    if (!shown) return
    const cited = panel.current?.querySelector<HTMLElement>(`[data-number="${open.number}"]`)
    cited?.scrollIntoView({ block: 'nearest' })
    cited?.focus({ preventScroll: true })
  }, [shown, open])
  useEffect(() => {
    if (open !== null && !shown) page.leaveSource()
  }, [open, shown])
  if (!shown) return null
  return (
    <>
      <button
        type="button"
        className={css.shade}
        aria-label={t.closeSources}
        tabIndex={-1}
        onClick={closePassages}
      />
      <aside ref={panel} className={css.panel} data-testid="sources" aria-label={t.sourcesTitle}>
        <header className={css.head}>
          <h2>{t.sources(message.sources.length)}</h2>
          <IconButton icon={X} label={t.close} onClick={closePassages} />
        </header>
        <ol className={css.list}>
          {message.sources.map((source, index) => (
            <Passage
              // biome-ignore lint/suspicious/noArrayIndexKey: their ids are the chain's and may repeat; they keep their order
              key={index}
              source={source}
              number={index + 1}
              cited={index + 1 === open.number}
              message={message}
            />
          ))}
        </ol>
      </aside>
    </>
  )
}

interface PassageProps {
  readonly source: Source
  readonly number: number
  readonly cited: boolean
  readonly message: Message
}

function Passage({ source, number, cited, message }: PassageProps) {
  const { title, location, score, uri, excerpt } = source
  const where = location?.['page']
  return (
    <li className={css.passage} data-number={number} data-cited={cited} tabIndex={-1}>
      <div className={css.title}>
        <span className={css.number}>{number}</span>
        <h3>{title ?? t.untitledSource}</h3>
      </div>
      <p className={css.where}>
        {[
          uri === title ? null : uri,
          where === undefined || where === null ? null : t.page(String(where)),
          score === null ? null : t.score(Math.round(score * 100)),
        ]
          .filter((part) => part !== null)
          .map((part) => (
            <span key={part}>{part}</span>
          ))}
      </p>
      <blockquote className={css.excerpt}>
        {markedParts(excerpt, message.content).map((part) =>
          part.marked ? (
            <mark key={part.at}>{part.text}</mark>
          ) : (
            <span key={part.at}>{part.text}</span>
          ),
        )}
      </blockquote>
    </li>
  )
}
