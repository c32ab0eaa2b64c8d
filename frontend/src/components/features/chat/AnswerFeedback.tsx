import { ThumbsDown, ThumbsUp, X } from 'lucide-react'
import type { FormEvent } from 'react'
import type { Message } from '../../../protocol/frames'
import { chat } from '../../../stores/chatStore'
import { closeComment, useComments, useVerdicts, writeComment } from '../../../stores/feedback'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'
import css from './AnswerFeedback.module.css'

const LONGEST = 2_000

interface Props {
  readonly message: Message
}

/** Two thumbs; pressed again, a verdict is taken back. */
export function AnswerFeedback({ message }: Props) {
  const verdict = useVerdicts((s) => s[message.id])
  const thumb = (value: 'up' | 'down') => ({
    size: 15,
    className: css.thumb ?? '',
    'aria-pressed': verdict === value,
    'data-testid': `thumb-${value}`,
    onClick: () => chat.judge(message, verdict === value ? null : value),
  })
  return (
    <>
      <IconButton icon={ThumbsUp} label={t.helpful} {...thumb('up')} />
      <IconButton icon={ThumbsDown} label={t.unhelpful} {...thumb('down')} />
    </>
  )
}

/** After a thumb went down here one may say why; it is never asked again. */
export function FeedbackComment({ message }: Props) {
  const { id } = message
  const down = useVerdicts((s) => s[id] === 'down')
  const comment = useComments((s) => s[id])
  if (!down || !comment || comment.step === 'closed') return null
  const { step, text } = comment
  if (step === 'sent') return <p className={css.thanks}>{t.commentSent}</p>
  const send = (event: FormEvent) => {
    event.preventDefault()
    chat.comment(message)
  }
  return (
    <form className={css.comment} onSubmit={send} data-testid="feedback-comment">
      <input
        aria-label={t.commentLabel}
        placeholder={t.commentLabel}
        maxLength={LONGEST}
        value={text}
        readOnly={step === 'sending'}
        onChange={(event) => writeComment(id, event.target.value)}
      />
      <button type="submit" disabled={text.trim() === '' || step === 'sending'}>
        {t.commentSend}
      </button>
      <IconButton icon={X} label={t.commentClose} size={15} onClick={() => closeComment(id)} />
    </form>
  )
}
