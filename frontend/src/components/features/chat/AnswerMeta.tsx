import { History } from 'lucide-react'
import type { Message } from '../../../protocol/frames'
import { useFirstWords } from '../../../stores/firstWords'
import { page } from '../../../stores/pageState'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'
import { AnswerFeedback, FeedbackComment } from './AnswerFeedback'
import { AnswerRecovered } from './AnswerRecovered'
import { Confidence } from './Confidence'
import { CopyButton } from './CopyButton'
import { RetryButton } from './RetryButton'
import css from './Rows.module.css'

interface Props {
  readonly message: Message
  readonly retryable: boolean
}

/** What can be done with an answer that has ended, and what is known of it. */
export function AnswerMeta({ message, retryable }: Props) {
  const { id, status, content, confidence, sources } = message
  const said = content !== ''
  return (
    <footer>
      <div className={css.meta}>
        <div className={css.tools}>
          {said && <CopyButton text={content} label={t.copy} />}
          {said && status === 'complete' && retryable && <RetryButton messageId={id} quiet />}
          {said && <AnswerFeedback message={message} />}
          <IconButton
            icon={History}
            label={t.record.open}
            size={15}
            data-testid="open-record"
            onClick={() => page.openDialog('record', message)}
          />
        </div>
        {confidence !== null && <Confidence value={confidence} sources={sources} />}
        <Times message={message} />
        <AnswerRecovered messageId={id} />
      </div>
      {said && <FeedbackComment message={message} />}
    </footer>
  )
}

/** Measured, or not shown. */
function Times({ message }: { readonly message: Message }) {
  const { id, generation_time_ms: ms } = message
  const first = useFirstWords((s) => s[id])
  const parts = [
    first === undefined ? null : t.firstWords(first),
    ms === null ? null : t.seconds(ms),
  ]
  const shown = parts.filter((part) => part !== null).join(' · ')
  if (shown === '') return null
  return (
    <span className={css.time} data-testid="times">
      {shown}
    </span>
  )
}
