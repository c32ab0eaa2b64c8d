import type { Source } from '../../../protocol/frames'
import { page, usePage } from '../../../stores/pageState'
import { t } from '../../../strings'
import css from './SourceChips.module.css'

interface Props {
  readonly messageId: string
  readonly sources: readonly Source[]
}

/** What the answer rests on, under it; each opens its passage. */
export function SourceChips({ messageId, sources }: Props) {
  const open = usePage((s) => (s.source?.messageId === messageId ? s.source.number : 0))
  return (
    <ul className={css.chips} aria-label={t.sourcesTitle}>
      {sources.map((source, index) => (
        <li key={source.id}>
          <button
            type="button"
            className={css.chip}
            data-testid="source-chip"
            aria-pressed={open === index + 1}
            onClick={(event) => page.openSource(messageId, index + 1, event.currentTarget)}
          >
            <span className={css.number}>{index + 1}</span>
            <span className={css.title}>{source.title ?? t.untitledSource}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
