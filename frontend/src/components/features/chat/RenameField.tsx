import { useRef, useState } from 'react'
import type { Session } from '../../../protocol/frames'
import { chat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './RenameField.module.css'

interface Props {
  readonly session: Session
  /** By a key the focus has to go somewhere; else it is where the person put it. */
  readonly done: (how: 'key' | 'left') => void
}

/** A chat's title while it is written. Enter and leaving keep it, Escape does not. */
export function RenameField({ session, done }: Props) {
  const [title, setTitle] = useState(session.title)
  const ended = useRef(false)
  const end = (how: 'key' | 'left', kept: boolean) => {
    if (ended.current) return
    ended.current = true
    const next = title.trim()
    if (kept && next !== '' && next !== session.title) chat.rename(session.id, next)
    done(how)
  }
  return (
    <input
      className={css.input}
      data-testid="rename"
      aria-label={t.rename}
      maxLength={200}
      value={title}
      // biome-ignore lint/a11y/noAutofocus: the person has just asked to write here
      autoFocus
      onFocus={(event) => event.target.select()}
      onChange={(event) => setTitle(event.target.value)}
      onBlur={() => end('left', true)}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing || event.keyCode === 229) return
        if (event.key !== 'Enter' && event.key !== 'Escape') return
        // Nothing around it is sent or closed by the same key.
        event.preventDefault()
        event.stopPropagation()
        end('key', event.key === 'Enter')
      }}
    />
  )
}
