import { chat, useChat } from '../../../stores/chatStore'
import { page, usePage } from '../../../stores/pageState'
import { t } from '../../../strings'
import { Dialog } from '../../ui/Dialog'
import css from './Settings.module.css'
import { useAction } from './useAction'

/**
 * A link of another browser was followed here. Nothing has come of it yet: else anybody's link would make a person
 * write, unknowingly, into somebody else's chats.
 */
export function JoinDialog() {
  return (
    <Dialog
      name="join"
      title={t.joinTitle}
      onClose={() => {
        page.closeDialog('join')
        page.leaveJoining()
      }}
    >
      <Question />
    </Dialog>
  )
}

function Question() {
  const code = usePage((s) => s.joinCode)
  const { items, loaded } = useChat((s) => s.sessions)
  const { running, problem, run } = useAction()
  return (
    <section className={css.section}>
      <p>{t.joinText}</p>
      <p className={css.text}>{t.joinWarning}</p>
      {items.length > 0 && <p className={css.warning}>{t.joinOwnSome}</p>}
      {!loaded && <p className={css.text}>{t.joinOwnMaybe}</p>}
      {problem && (
        <p className={css.problem} role="alert">
          {problem}
        </p>
      )}
      <div className={css.choices}>
        <button type="button" className={css.button} onClick={() => page.closeDialog('join')}>
          {t.cancel}
        </button>
        <button
          type="button"
          className={css.button}
          data-primary
          aria-disabled={running}
          onClick={() => code !== null && run(() => chat.join(code))}
        >
          {running ? t.joining : t.joinYes}
        </button>
      </div>
    </section>
  )
}
