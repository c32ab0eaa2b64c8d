import { ThumbsDown, ThumbsUp, X } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import type { Message } from '../../../protocol/frames'
import { chat } from '../../../stores/chatStore'
import { useVerdicts } from '../../../stores/feedback'
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
  const verdict = useVerdicts((s) => s[message.id])
  const [atFirst] = useState(verdict)
  const [step, setStep] = useState<'open' | 'sending' | 'sent' | 'closed'>('open')
  const [text, setText] = useState('')
  if (verdict !== 'down' || atFirst === 'down' || step === 'closed') return null
  if (step === 'sent') return <p className={css.thanks}>{t.commentSent}</p>
  const send = async (event: FormEvent) => {
    event.preventDefault()
    if (text.trim() === '' || step === 'sending') return
    setStep('sending')
    setStep((await chat.comment(message, text.trim())) ? 'sent' : 'open')
  }
  return (
    <form className={css.comment} onSubmit={send} data-testid="feedback-comment">
      <input
        aria-label={t.commentLabel}
        placeholder={t.commentLabel}
        maxLength={LONGEST}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" disabled={text.trim() === '' || step === 'sending'}>
        {t.commentSend}
      </button>
      <IconButton icon={X} label={t.commentClose} size={15} onClick={() => setStep('closed')} />
    </form>
  )
}
