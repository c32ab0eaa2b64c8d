import { useEffect, useRef, useState } from 'react'
import { chat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './Settings.module.css'
import { useAction } from './useAction'

/** It cannot be undone, so it is asked for twice. */
export function DeleteEverything() {
  const [asked, setAsked] = useState(false)
  return (
    <section className={css.section} aria-labelledby="delete-everything">
      <h3 id="delete-everything" className={css.heading}>
        {t.deleteAll}
      </h3>
      {asked ? (
        <Sure leave={() => setAsked(false)} />
      ) : (
        <>
          <p className={css.text}>{t.deleteAllText}</p>
          <button
            type="button"
            className={css.button}
            data-danger
            data-testid="delete-everything"
            onClick={() => setAsked(true)}
          >
            {t.deleteAll}
          </button>
        </>
      )}
    </section>
  )
}

function Sure({ leave }: { readonly leave: () => void }) {
  const { running, problem, run } = useAction()
  const no = useRef<HTMLButtonElement>(null)
  const choices = useRef<HTMLDivElement>(null)
  // The question has taken the place of the button that had the focus; an Enter too many must not answer yes.
  useEffect(() => {
    no.current?.focus()
    choices.current?.scrollIntoView({ block: 'nearest' })
  }, [])
  return (
    <>
      <p className={css.warning} role="alert">
        {t.deleteAllSure}
      </p>
      {problem && (
        <p className={css.problem} role="alert">
          {problem}
        </p>
      )}
      <div ref={choices} className={css.choices}>
        <button ref={no} type="button" className={css.button} onClick={leave} disabled={running}>
          {t.deleteAllNo}
        </button>
        <button
          type="button"
          className={css.button}
          data-danger
          data-testid="delete-everything-yes"
          aria-disabled={running}
          onClick={() => run(chat.forgetEverything)}
        >
          {running ? t.deletingAll : t.deleteAllYes}
        </button>
      </div>
    </>
  )
}
