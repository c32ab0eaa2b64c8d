import { FileText, LoaderCircle, Trash2, TriangleAlert } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import type { Document } from '../../../protocol/frames'
import { chat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'
import css from './Entry.module.css'

const SIGN = {
  queued: LoaderCircle,
  indexing: LoaderCircle,
  indexed: FileText,
  failed: TriangleAlert,
} as const

interface Props {
  readonly document: Document
  readonly writable: boolean
  readonly gone: () => void
}

/** A document and how far it is. It is everybody's, so deleting asks first. */
export function DocumentEntry({ document, writable, gone }: Props) {
  const { id, title, filename, status } = document
  const [asked, setAsked] = useState<'no' | 'asking' | 'kept'>('no')
  const asking = asked === 'asking'
  const name = title || filename
  const Sign = SIGN[status]
  return (
    <li className={css.entry} data-document-id={id} data-status={status}>
      <Sign size={18} strokeWidth={1.5} className={css.sign} aria-hidden />
      <div className={css.what}>
        <span className={css.title} title={name === filename ? undefined : filename}>
          {name}
        </span>
        {asking ? (
          <Question
            keep={() => setAsked('kept')}
            remove={() => void chat.removeDocument(id).then((done) => done && gone())}
          />
        ) : (
          <span className={css.state}>{stateOf(document)}</span>
        )}
        {status === 'indexing' && <Bar share={document.progress} />}
      </div>
      {writable && !asking && (
        <IconButton
          icon={Trash2}
          label={t.removeDocument(name)}
          size={16}
          // The question gives the focus back.
          autoFocus={asked === 'kept'}
          onClick={() => setAsked('asking')}
        />
      )}
    </li>
  )
}

function stateOf({ status, progress, passages, error, title, filename }: Document): string {
  const word = t.documentStatus[status]
  if (status === 'indexing') return `${word} · ${t.uploadPercent(Math.round(progress * 100))}`
  if (status === 'indexed') {
    const named = title === '' || filename.startsWith(title) ? [] : [filename]
    return [word, t.passages(passages), ...named].join(' · ')
  }
  return (status === 'failed' && error) || word
}

interface QuestionProps {
  readonly keep: () => void
  readonly remove: () => void
}

function Question({ keep, remove }: QuestionProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    event.preventDefault() // it closes the question, not the dialog
    keep()
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape is the way back
    <span className={css.question} onKeyDown={onKeyDown}>
      <span>{t.removeForAll}</span>
      <button type="button" className={css.danger} onClick={remove}>
        {t.remove}
      </button>
      {/* biome-ignore lint/a11y/noAutofocus: it stands where the button was that asked */}
      <button type="button" className={css.choice} autoFocus onClick={keep}>
        {t.keep}
      </button>
    </span>
  )
}

export function Bar({ share }: { readonly share: number }) {
  return (
    <span className={css.bar} aria-hidden>
      <span style={{ width: `${Math.round(share * 100)}%` }} />
    </span>
  )
}
