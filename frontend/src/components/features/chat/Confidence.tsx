import { t } from '../../../strings'
import css from './Confidence.module.css'

/** How well the passages fit the question, as the chain measured it. Never made up. */
export function Confidence({ value }: { readonly value: number }) {
  const percent = Math.round(value * 100)
  const level = value >= 0.7 ? 'high' : value >= 0.4 ? 'middle' : 'low'
  return (
    <span
      className={css.match}
      data-testid="confidence"
      data-level={level}
      title={t.matchTip(percent)}
    >
      {t.match}
      <span className={css.bar} aria-hidden>
        <span style={{ width: `${percent}%` }} />
      </span>
      {t.matchWords[level]}
    </span>
  )
}
