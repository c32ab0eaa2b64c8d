import { useId } from 'react'
import { chat, useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './ChainPicker.module.css'

/** Which chain answers a chat that has not begun. With a single one there is nothing to choose. */
export function ChainPicker() {
  const id = useId()
  const chains = useChat((s) => s.chains)
  const chosen = useChat((s) => s.chain)
  if (chains.length < 2) return null
  // The default first, then as the server lists them.
  const listed = [...chains].sort((a, b) => Number(b.default) - Number(a.default))
  return (
    <div className={css.picker}>
      <label htmlFor={id}>{t.answeredBy}</label>
      <select
        id={id}
        className={css.select}
        data-testid="chain"
        value={chosen?.name ?? ''}
        onChange={(event) => chat.choose(event.target.value)}
      >
        {listed.map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
    </div>
  )
}
