import type { Source } from '../../../protocol/frames'
import { usePage } from '../../../stores/pageState'
import { t } from '../../../strings'
import { openPassage } from './passages'
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
        // biome-ignore lint/suspicious/noArrayIndexKey: their ids are the chain's and may repeat; they keep their order
        <li key={index}>
          <button
            type="button"
            className={css.chip}
            data-testid="source-chip"
            aria-pressed={open === index + 1}
            title={source.title ?? undefined}
            onClick={(event) => openPassage(messageId, index + 1, event.currentTarget)}
          >
            <span className={css.number}>{index + 1}</span>
            <Title text={source.title ?? t.untitledSource} />
          </button>
        </li>
      ))}
    </ul>
  )
}

const INTO = ' › '

/** Of a document and its section the section tells more, so it is the last to be cut. */
function Title({ text }: { readonly text: string }) {
  const at = text.lastIndexOf(INTO)
  return (
    <span className={css.title}>
      {at > 0 && <span className={css.document}>{text.slice(0, at)}</span>}
      {at > 0 && <span aria-hidden>›</span>}
      <span className={css.section}>{at > 0 ? text.slice(at + INTO.length) : text}</span>
    </span>
  )
}
