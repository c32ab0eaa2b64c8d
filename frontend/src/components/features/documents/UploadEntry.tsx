import { LoaderCircle, TriangleAlert, X } from 'lucide-react'
import type { Fault } from '../../../protocol/untold'
import { chat } from '../../../stores/chatStore'
import type { Upload } from '../../../stores/state'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'
import { Bar } from './DocumentEntry'
import css from './Entry.module.css'

/** A file on its way to the server, or why it is not. */
export function UploadEntry({ upload }: { readonly upload: Upload }) {
  const { key, name, state, sent } = upload
  const going = state === 'waiting' || state === 'sending'
  const Sign = going ? LoaderCircle : TriangleAlert
  return (
    <li className={css.entry} data-testid="upload-entry" data-status={state}>
      <Sign size={18} strokeWidth={1.5} className={css.sign} aria-hidden />
      <div className={css.what}>
        <span className={css.title}>{name}</span>
        <State upload={upload} />
        {state === 'sending' && <Bar share={sent} />}
      </div>
      <IconButton
        icon={X}
        label={going ? t.cancelUpload(name) : t.dismissUpload(name)}
        size={16}
        onClick={() => chat.leaveUpload(key)}
      />
    </li>
  )
}

type Reason = NonNullable<Upload['reason']>

const said = (reason: Reason) =>
  typeof reason === 'string' ? t.unfit[reason] : t.uploadFailed(reason.said)

/** The same, for those who do not see which row it stands in. */
export function fault(upload: Upload): Fault[] {
  const { name, reason } = upload
  return reason === null ? [] : [{ of: upload, text: `${name}. ${said(reason)}` }]
}

function State({ upload }: { readonly upload: Upload }) {
  const { key, state, sent, reason } = upload
  if (state === 'waiting') return <span className={css.state}>{t.uploadState.waiting}</span>
  if (state === 'sending') {
    const percent = t.uploadPercent(Math.round(sent * 100))
    return <span className={css.state}>{`${t.uploadState.sending} · ${percent}`}</span>
  }
  if (reason === null) return null
  return (
    <span className={css.state}>
      {said(reason)}
      {state === 'failed' && (
        <>
          {' '}
          <button type="button" className={css.choice} onClick={() => chat.uploadAgain(key)}>
            {t.tryAgain}
          </button>
        </>
      )}
    </span>
  )
}
