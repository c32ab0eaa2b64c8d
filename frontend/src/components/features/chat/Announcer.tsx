import { useEffect, useRef } from 'react'
import { isTerminal } from '../../../protocol/message'
import type { Entry } from '../../../protocol/outbox'
import type { Fault } from '../../../protocol/untold'
import { useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { Said, useSaid, useTold } from './Said'
import { useRunningAnswer } from './useRunningAnswer'
import { useViewEntries } from './useViewEntries'

const STILL_MS = 7_000
const SENT_MS = 600

/** Says what happens to those who do not see it: never single tokens, at most one word every 7 s while it runs. */
export function Announcer({ sessionId }: { readonly sessionId: string | null }) {
  const [said, say] = useSaid()
  const [alarm, sound] = useSaid()
  const running = useRunningAnswer(sessionId)
  const followed = useRef<string | null>(null)
  const ended = useChat((s) => {
    const id = followed.current
    const row = sessionId && id ? s.conversations[sessionId]?.rows.get(id) : undefined
    return row && isTerminal(row.message) ? row.message : undefined
  })
  const entries = useViewEntries()
  const sent = entries.filter((entry) => entry.state === 'sent').length
  const before = useRef(sent)
  useEffect(() => {
    if (sent > before.current) say(t.said.sent)
    before.current = sent
  }, [sent, say])
  useEffect(() => {
    if (running === null) return
    followed.current = running
    sound('')
    // A moment later, so that "Sent" is heard first.
    const first = setTimeout(() => say(t.said.answering), SENT_MS)
    const timer = setInterval(() => say(t.said.still), STILL_MS)
    return () => {
      clearTimeout(first)
      clearInterval(timer)
    }
  }, [running, say, sound])
  useEffect(() => {
    if (!ended) return
    followed.current = null
    if (ended.status === 'complete') say(`${t.said.complete} ${ended.content}`)
    else if (ended.status === 'cancelled') say(t.said.stopped)
    else sound(`${t.said.failed} ${ended.error?.message ?? ''}`.trim())
  }, [ended, say, sound])
  useTold(entries.flatMap(refusal), sound)
  return (
    <>
      <Said role="status" said={said} data-testid="announcer" />
      <Said role="alert" said={alarm} />
    </>
  )
}

function refusal({ state, retryOf, error }: Entry): Fault[] {
  if (state !== 'refused' || error === null) return []
  return [{ of: error, text: `${retryOf === null ? t.refused : t.retryRefused} ${error.message}` }]
}
