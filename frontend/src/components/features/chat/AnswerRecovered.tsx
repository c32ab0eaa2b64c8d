import { useRecovered } from '../../../stores/recoveries'
import { t } from '../../../strings'
import css from './AnswerRecovered.module.css'

/** For a few seconds after a resume: what had been said meanwhile and is not lost. Seen only; it is not announced. */
export function AnswerRecovered({ messageId }: { readonly messageId: string }) {
  const count = useRecovered((s) => s[messageId])
  if (!count) return null
  return (
    <span className={css.chip} data-testid="recovered">
      {t.recovered(count)}
    </span>
  )
}
