import { Trash2, X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { Document } from '../../../protocol/frames'
import { chat, useChat } from '../../../stores/chatStore'
import { page, usePage } from '../../../stores/pageState'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'
import css from './DocumentsDialog.module.css'

const ACCEPT = '.md,.markdown,.txt,.html,.htm,.pdf'

export function DocumentsDialog() {
  const open = usePage((s) => s.documentsOpen)
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (!open) return dialog.current?.close()
    dialog.current?.showModal()
    chat.loadDocuments()
  }, [open])
  return (
    <dialog
      ref={dialog}
      className={css.dialog}
      data-testid="documents"
      aria-label={t.documents}
      onClose={() => page.toggleDocuments(false)}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        chat.upload([...event.dataTransfer.files])
      }}
    >
      {open && <Panel />}
    </dialog>
  )
}

function Panel() {
  const { items, loaded, error, writable } = useChat((s) => s.documents)
  return (
    <>
      <header className={css.head}>
        <h2>{t.documents}</h2>
        <IconButton icon={X} label={t.close} onClick={() => page.toggleDocuments(false)} />
      </header>
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
