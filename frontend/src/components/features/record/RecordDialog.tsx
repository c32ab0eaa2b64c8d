import { useEffect, useState } from 'react'
import type { RecordEvent } from '../../../protocol/frames'
import { chat } from '../../../stores/chatStore'
import { learnFirstWords } from '../../../stores/firstWords'
import { usePage } from '../../../stores/pageState'
import { t } from '../../../strings'
import { Dialog } from '../../ui/Dialog'
import css from './RecordDialog.module.css'
import { firstWordsMs, timeline } from './timeline'

/** A message's own record: what the server noted about it, read when somebody asks. */
export function RecordDialog() {
  return (
    <Dialog name="record" title={t.record.title}>
      <Panel />
    </Dialog>
  )
}

type Reading =
  | { readonly events: readonly RecordEvent[] }
  | { readonly error: string }
  | { readonly attempt: number }

function Panel() {
  const about = usePage((s) => s.dialog?.about ?? null)
  const [reading, setReading] = useState<Reading>({ attempt: 0 })
  const attempt = 'attempt' in reading ? reading.attempt : null
  useEffect(() => {
    if (about === null || attempt === null) return
    const { id, session_id: sessionId } = about
    const abort = new AbortController()
    chat
      .record(sessionId, id, abort.signal)
      .then(({ events }) => {
        const ms = firstWordsMs(events, id)
        if (ms !== null) learnFirstWords(id, ms)
        setReading({ events })
      })
      .catch((error: Error) => abort.signal.aborted || setReading({ error: error.message }))
    return () => abort.abort()
  }, [about, attempt])
  if ('error' in reading) {
    return (
      <div className={css.failed} role="alert">
        <p>
          {t.record.failed} {reading.error}
        </p>
        <button type="button" onClick={() => setReading({ attempt: 1 })}>
          {t.record.tryAgain}
        </button>
      </div>
    )
  }
  if (!('events' in reading)) return <p className={css.text}>{t.record.loading}</p>
  if (reading.events.length === 0) return <p className={css.text}>{t.record.empty}</p>
  return (
    <>
      <p className={css.text}>{t.record.intro}</p>
      <ol className={css.list}>
        {timeline(reading.events, about?.id ?? '').map(({ key, at, what, text, detail }) => (
          <li key={key} className={css.moment} data-what={what}>
            <span className={css.at}>{at}</span>
            <span className={css.what}>
              {text}
              {detail && <span className={css.detail}>{detail}</span>}
            </span>
          </li>
        ))}
      </ol>
    </>
  )
}
