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
const KEYS = new Set(['ArrowDown', 'ArrowUp', 'Home', 'End'])

/**
 * A button with a few choices under it (WAI-ARIA's menu button). The browser's popover closes it on Escape and on a
 * click elsewhere; the arrow keys go through it.
 */
export function Menu({ icon, label, size = 18, children }: Props) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const [place, setPlace] = useState({ top: 0, right: 0 })
  const items = () => [...(list.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])]
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Tab') list.current?.hidePopover()
    if (!KEYS.has(event.key)) return
    event.preventDefault()
    const all = items()
    const at = all.indexOf(document.activeElement as HTMLElement)
    const next =
      { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key] ?? 0
    all.at(next % all.length)?.focus()
  }
  return (
    <>
      <IconButton
        icon={icon}
        label={label}
        size={size}
        aria-haspopup="menu"
        popoverTarget={id}
        onClick={(event) => {
          const { bottom, right } = event.currentTarget.getBoundingClientRect()
          setPlace({ top: bottom + GAP, right: document.documentElement.clientWidth - right })
        }}
      />
      <div
        ref={list}
        id={id}
        role="menu"
        aria-label={label}
        popover="auto"
        className={css.menu}
        style={place}
        onKeyDown={onKeyDown}
        onClick={() => list.current?.hidePopover()}
        onToggle={(event) => event.newState === 'open' && items()[0]?.focus()}
      >
        {children}
      </div>
    </>
  )
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
