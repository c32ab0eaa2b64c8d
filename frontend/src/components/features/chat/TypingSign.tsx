import { t } from '../../../strings'
import css from './TypingSign.module.css'

/** An answer is on its way. `stage` is what the chain says it is doing. */
export function TypingSign({ stage }: { readonly stage?: string | undefined }) {
  return (
    <span className={css.sign} data-testid="typing" title={t.typing}>
      <i />
      <i />
      <i />
      {stage && <span className={css.stage}>{stage}</span>}
    </span>
  )
}
