import { RotateCcw } from 'lucide-react'
import type { MouseEvent } from 'react'
import { chat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'

interface Props {
  readonly messageId: string
  /** Beside a whole answer it is only a sign. */
  readonly quiet?: boolean
}

/** Asks for a new attempt at an answer. */
export function RetryButton({ messageId, quiet = false }: Props) {
  const retry = (event: MouseEvent<HTMLButtonElement>) => {
    // The button goes with the answer that it stands in; the focus stays in the conversation.
    event.currentTarget.closest<HTMLElement>('[role="log"]')?.focus({ preventScroll: true })
    chat.retry(messageId)
  }
  if (quiet) {
    return (
      <IconButton
        icon={RotateCcw}
        label={t.regenerate}
        size={15}
        data-testid="retry"
        onClick={retry}
      />
    )
  }
  return (
    <button type="button" data-testid="retry" onClick={retry}>
      {t.tryAgain}
    </button>
  )
}
