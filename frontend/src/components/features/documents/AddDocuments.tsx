import { Upload } from 'lucide-react'
import { useRef } from 'react'
import { ENDINGS } from '../../../protocol/uploadable'
import { chat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './AddDocuments.module.css'

/** Where files are chosen, and where the limits are said before anything is sent. */
export function AddDocuments({ over }: { readonly over: boolean }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <div className={css.add} data-over={over} data-testid="add-documents">
      <Upload size={20} strokeWidth={1.5} aria-hidden />
      <p>
        {over ? t.dropNow : t.dropHere}{' '}
        {!over && (
          <button type="button" className={css.choose} onClick={() => input.current?.click()}>
            {t.upload}
          </button>
        )}
      </p>
      <p className={css.limits}>{t.uploadLimits}</p>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={ENDINGS.join(',')}
        data-testid="upload"
        onChange={(event) => {
          chat.upload([...(event.target.files ?? [])])
          event.target.value = ''
        }}
      />
    </div>
  )
}
