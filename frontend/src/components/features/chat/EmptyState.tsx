import { chat, useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { bequeath, composer } from '../../ui/focus'
import { ChainPicker } from './ChainPicker'
import css from './EmptyState.module.css'

/** Who has asked by a starter goes on by writing. */
const staysInComposer = bequeath(composer)

/** A chat that has not begun. A starter is sent as it stands. */
export function EmptyState() {
  const chain = useChat((s) => s.chain)
  const starters = chain === null || chain.name === 'rag' ? t.starters : []
  return (
    <div className={css.empty} data-testid="empty-state">
      <h2>{t.emptyTitle}</h2>
      <p>{starters.length > 0 ? t.emptyText : chain?.description}</p>
      <ChainPicker />
      <ul>
        {starters.map((starter) => (
          <li key={starter}>
            <button
              type="button"
              data-testid="starter"
              ref={staysInComposer}
              onClick={() => chat.send(starter)}
            >
              {starter}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

export function MissingSession() {
  return (
    <div className={css.empty} data-testid="missing-session">
      <h2>{t.missingTitle}</h2>
      <p>{t.missingText}</p>
      <ul>
        <li>
          <button type="button" onClick={() => chat.open(null)}>
            {t.newChat}
          </button>
        </li>
      </ul>
    </div>
  )
}

export function Loading({ problem }: { readonly problem: string | undefined }) {
  return (
    <div className={css.loading} aria-busy>
      {problem && (
        <p role="alert">
          {t.unreadable} ({problem})
        </p>
      )}
      <i style={{ width: '40%', marginLeft: 'auto' }} />
      <i style={{ width: '92%' }} />
      <i style={{ width: '86%' }} />
      <i style={{ width: '58%' }} />
    </div>
  )
}
