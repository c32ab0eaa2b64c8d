import { t } from '../../strings'
import css from './Crashed.module.css'

export function Crashed() {
  return (
    <main className={css.page} role="alert">
      <p>{t.crashed}</p>
      <button type="button" className={css.button} onClick={() => location.reload()}>
        {t.reload}
      </button>
    </main>
  )
}
