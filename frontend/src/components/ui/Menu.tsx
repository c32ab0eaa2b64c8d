import type { LucideIcon } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'
import { IconButton } from './IconButton'
import css from './Menu.module.css'

interface Props {
  readonly icon: LucideIcon
  readonly label: string
  readonly size?: number
  readonly children: ReactNode
}

const GAP = 4

/** Where an arrow key leads from the item `at` of so many; undefined for any other key. */
function nextItem(key: string, at: number, count: number): number | undefined {
  const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[key]
  return next === undefined ? undefined : (next + count) % count
}

/**
 * A button with a few choices under it (WAI-ARIA's menu button). The browser's popover closes it on Escape and on a
 * click elsewhere; the arrow keys go through it, and the focus comes back to the button.
 */
export function Menu({ icon, label, size = 18, children }: Props) {
  const id = useId()
  const button = useRef<HTMLSpanElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState(false)
  const [place, setPlace] = useState({})
  const items = () => [...(list.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])]
  const onKeyDown = (event: KeyboardEvent) => {
    // Nothing around it is closed by the same key.
    if (event.key === 'Escape') event.stopPropagation()
    if (event.key === 'Tab') list.current?.hidePopover()
    const all = items()
    const next = nextItem(event.key, all.indexOf(document.activeElement as HTMLElement), all.length)
    if (next === undefined) return
    event.preventDefault()
    all[next]?.focus()
  }
  return (
    <>
      <span ref={button} className={css.anchor}>
        <IconButton
          icon={icon}
          label={label}
          size={size}
          aria-haspopup="menu"
          aria-expanded={open}
          popoverTarget={id}
          onClick={(event) => setPlace(beside(event.currentTarget.getBoundingClientRect()))}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown' || open) return
            event.preventDefault()
            event.currentTarget.click()
          }}
        />
      </span>
      <div
        ref={list}
        id={id}
        role="menu"
        aria-label={label}
        popover="auto"
        className={css.menu}
        style={place}
        onKeyDown={onKeyDown}
        onClick={() => {
          list.current?.hidePopover()
          // Safari gives a button that is clicked no focus, so none would come back to it.
          button.current?.querySelector('button')?.focus({ preventScroll: true })
        }}
        onBeforeToggle={(event) => event.newState === 'open' && setOpen(true)}
        onToggle={(event) => {
          if (event.newState === 'open') items()[0]?.focus()
          // Not sooner: the browser gives the focus back from what is still there.
          else setOpen(false)
        }}
      >
        {open && children}
      </div>
    </>
  )
}

/** Under the button, or over it where there is more room. */
function beside({ top, bottom, right }: DOMRect) {
  const { clientWidth, clientHeight } = document.documentElement
  const column = { left: 'auto', right: clientWidth - right }
  return bottom > clientHeight / 2
    ? { ...column, top: 'auto', bottom: clientHeight - top + GAP }
    : { ...column, top: bottom + GAP, bottom: 'auto' }
}

interface ItemProps {
  readonly icon: LucideIcon
  readonly children: ReactNode
  readonly onClick: () => void
  readonly danger?: boolean
}

export function MenuItem({ icon: Icon, children, onClick, danger = false }: ItemProps) {
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      className={css.item}
      data-danger={danger}
      onClick={onClick}
    >
      <Icon size={16} strokeWidth={1.75} aria-hidden />
      {children}
    </button>
  )
}
