import { Trash2 } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { Document } from '../../../protocol/frames'
import { chat, useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { Dialog } from '../../ui/Dialog'
import { IconButton } from '../../ui/IconButton'
import css from './DocumentsDialog.module.css'

const ACCEPT = '.md,.markdown,.txt,.html,.htm,.pdf'

export function DocumentsDialog() {
  return (
    <Dialog
      name="documents"
      title={t.documents}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        chat.upload([...event.dataTransfer.files])
      }}
    >
      <Panel />
    </Dialog>
  )
}

function Panel() {
  const { items, loaded, error, writable } = useChat((s) => s.documents)
  useEffect(chat.loadDocuments, [])
  return (
    <>
      <p className={css.text}>{t.documentsText}</p>
      {error && (
        <p className={css.error} role="alert">
          {error}
        </p>
      )}
      {writable && <Upload />}
      {loaded && items.length === 0 && <p className={css.text}>{t.noDocuments}</p>}
      <ul className={css.list}>
        {items.map((document) => (
          <Entry key={document.id} document={document} writable={writable} />
        ))}
      </ul>
    </>
  )
}

function Upload() {
  const uploading = useChat((s) => s.documents.uploading)
  const input = useRef<HTMLInputElement>(null)
  return (
    <div className={css.drop}>
      <span>{t.dropHere}</span>
      <button
        type="button"
        className={css.add}
        disabled={uploading}
        onClick={() => input.current?.click()}
      >
        {uploading ? t.uploading : t.upload}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={ACCEPT}
        data-testid="upload"
        onChange={(event) => {
          chat.upload([...(event.target.files ?? [])])
          event.target.value = ''
        }}
      />
    </div>
  )
}

function Entry({
  document,
  writable,
}: {
  readonly document: Document
  readonly writable: boolean
}) {
  const { id, title, filename, status, progress, passages, error } = document
  return (
    <li className={css.entry} data-document-id={id} data-status={status}>
      <div className={css.what}>
        <span className={css.title}>{title || filename}</span>
        <span className={css.status}>
          {t.documentStatus[status]}
          {status === 'indexing' && ` · ${Math.round(progress * 100)} %`}
          {status === 'indexed' && ` · ${t.passages(passages)}`}
          {error && `: ${error}`}
        </span>
      </div>
      {writable && (
        <IconButton
          icon={Trash2}
          label={`${t.remove}: ${title || filename}`}
          size={16}
          onClick={() => chat.removeDocument(id)}
        />
      )}
    </li>
  )
}
