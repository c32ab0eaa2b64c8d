import { useEffect, useRef, useState } from 'react'
import { isTerminal } from '../../../protocol/message'
import { useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './Rows.module.css'
import { useRunningAnswer } from './useRunningAnswer'
import { useViewEntries } from './useViewEntries'

const STILL_MS = 7_000
const SENT_MS = 600

/** Says what happens to those who do not see it: never single tokens, at most one word every 7 s while it runs. */
export function Announcer({ sessionId }: { readonly sessionId: string | null }) {
  const [said, setSaid] = useState('')
  const [alarm, setAlarm] = useState('')
  const running = useRunningAnswer(sessionId)
  const followed = useRef<string | null>(null)
  const ended = useChat((s) => {
    const id = followed.current
    const row = sessionId && id ? s.conversations[sessionId]?.rows.get(id) : undefined
    return row && isTerminal(row.message) ? row.message : undefined
  })
  const sent = useViewEntries().filter((entry) => entry.state === 'sent').length
  const before = useRef(sent)
  useEffect(() => {
    if (sent > before.current) setSaid(t.said.sent)
    before.current = sent
  }, [sent])
  useEffect(() => {
    if (running === null) return
    followed.current = running
    setAlarm('')
    // A moment later, so that "Sent" is heard first.
    const first = setTimeout(() => setSaid(t.said.answering), SENT_MS)
    const timer = setInterval(() => setSaid(t.said.still), STILL_MS)
    return () => {
      clearTimeout(first)
      clearInterval(timer)
    }
  }, [running])
  useEffect(() => {
    if (!ended) return
    followed.current = null
    if (ended.status === 'complete') setSaid(`${t.said.complete} ${ended.content}`)
    else if (ended.status === 'cancelled') setSaid(t.said.stopped)
    else setAlarm(`${t.said.failed} ${ended.error?.message ?? ''}`.trim())
  }, [ended])
  return (
    <>
      <div className={css.hidden} role="status" data-testid="announcer">
        {said}
      </div>
      <div className={css.hidden} role="alert">
        {alarm}
      </div>
    </>
  )
}
