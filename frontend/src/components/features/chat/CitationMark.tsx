import { createContext, useContext } from 'react'
import type { Source } from '../../../protocol/frames'
import { usePage } from '../../../stores/pageState'
import { t } from '../../../strings'
import css from './CitationMark.module.css'
import { openPassage } from './passages'

interface Cited {
  readonly messageId: string
  readonly sources: readonly Source[]
  /** It came to its end, and with it all its sources. */
  readonly whole: boolean
}

export const CitedContext = createContext<Cited>({ messageId: '', sources: [], whole: false })

/** `[n]` in an answer. Sources come at its end: until then, and where it never came, it is only a number. */
export function CitationMark({ number }: { readonly number: number }) {
  const { messageId, sources, whole } = useContext(CitedContext)
  const open = usePage((s) => s.source?.messageId === messageId && s.source.number === number)
  const source = sources[number - 1]
  if (!source) return whole ? `[${number}]` : <Unresolved number={number} />
  const title = source.title ?? t.untitledSource
  return (
    <button
      type="button"
      className={css.mark}
      data-testid="citation"
      aria-label={t.source(number, title)}
      aria-pressed={open}
      title={title}
      onClick={(event) => openPassage(messageId, number, event.currentTarget)}
    >
      {number}
    </button>
  )
}

function Unresolved({ number }: { readonly number: number }) {
  return (
    <span className={css.mark} title={t.noPassage}>
      {number}
    </span>
  )
}
