import { type DragEvent, useEffect, useRef, useState } from 'react'
import { chat, useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { Dialog } from '../../ui/Dialog'
import { Said, useSaid, useTold } from '../chat/Said'
import { AddDocuments } from './AddDocuments'
import { DocumentEntry } from './DocumentEntry'
import css from './DocumentsDialog.module.css'
import { fault, UploadEntry } from './UploadEntry'

/** What answers are drawn from: the list, and all ways to change it. Files may be dropped anywhere on it. */
export function DocumentsDialog() {
  const writable = useChat((s) => s.documents.writable)
  const [over, setOver] = useState(false)
  const onDragOver = (event: DragEvent) => {
    event.preventDefault()
    event.dataTransfer.dropEffect = writable ? 'copy' : 'none'
    setOver(writable && event.dataTransfer.types.includes('Files'))
  }
  const onDragLeave = (event: DragEvent) => {
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false)
  }
  const onDrop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    if (writable) chat.upload([...event.dataTransfer.files])
  }
  const drag = { onDragEnter: onDragOver, onDragOver, onDragLeave, onDrop }
  return (
    <Dialog name="documents" title={t.documents} {...drag}>
      <Panel over={over} />
    </Dialog>
  )
}

function Panel({ over }: { readonly over: boolean }) {
  const { items, uploads, loaded, error, writable } = useChat((s) => s.documents)
  const list = useRef<HTMLUListElement>(null)
  const [alarm, sound] = useSaid()
  useEffect(chat.watchDocuments, [])
  useTold(uploads.flatMap(fault), sound)
  return (
    <>
      <p className={css.text}>{t.documentsText}</p>
      {error && (
        <p className={css.error} role="alert">
          {error}
        </p>
      )}
      <Said role="alert" said={alarm} />
      {writable && <AddDocuments over={over} />}
      {!loaded && <Skeleton />}
      {loaded && items.length + uploads.length === 0 && <p className={css.text}>{t.noDocuments}</p>}
      <ul ref={list} className={css.list} tabIndex={-1} aria-label={t.documents}>
        {uploads.map((upload) => (
          <UploadEntry key={upload.key} upload={upload} />
        ))}
        {items.map((document) => (
          <DocumentEntry
            key={document.id}
            document={document}
            writable={writable}
            // Whoever deletes by keyboard stays in the list.
            gone={() => list.current?.focus()}
          />
        ))}
      </ul>
    </>
  )
}

function Skeleton() {
  return (
    <div className={css.skeleton} aria-busy>
      {[56, 40, 64].map((width) => (
        <i key={width} style={{ width: `${width}%` }} />
      ))}
    </div>
  )
}
