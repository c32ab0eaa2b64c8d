import { X } from 'lucide-react'
import { type ComponentProps, type ReactNode, type SyntheticEvent, useEffect, useRef } from 'react'
import { type DialogName, page, usePage } from '../../stores/pageState'
import { t } from '../../strings'
import css from './Dialog.module.css'
import { IconButton } from './IconButton'

interface Props extends Omit<ComponentProps<'dialog'>, 'children' | 'title'> {
  readonly name: DialogName
  readonly title: string
  readonly children: ReactNode
}

/**
 * What lies over the page until it is closed: one at a time, by the browser's own modal dialog, which keeps the focus
 * inside, closes on Escape and gives the focus back. Its contents exist only while it is open.
 */
export function Dialog({ name, title, children, ...rest }: Props) {
  const open = usePage((s) => s.dialog?.name === name)
  const dialog = useRef<HTMLDialogElement>(null)
  const pressedBeside = useRef(false)
  useEffect(() => {
    if (open) dialog.current?.showModal()
    else dialog.current?.close()
  }, [open])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the browser's
    <dialog
      ref={dialog}
      className={css.dialog}
      data-testid={name}
      aria-label={title}
      onClose={() => page.closeDialog(name)}
      // A click beside it: the dialog's own box is covered by what is in it. One that began inside selects text.
      onPointerDown={(event) => {
        pressedBeside.current = isBeside(event)
      }}
      onClick={(event) => pressedBeside.current && isBeside(event) && page.closeDialog(name)}
      {...rest}
    >
      {open && (
        <div className={css.inside}>
          <header className={css.head}>
            <h2>{title}</h2>
            <IconButton icon={X} label={t.close} onClick={() => page.closeDialog(name)} />
          </header>
          {children}
        </div>
      )}
    </dialog>
  )
}

function isBeside({ target, currentTarget }: SyntheticEvent): boolean {
  return target === currentTarget
}
