import type { LucideIcon } from 'lucide-react'
import type { ComponentProps } from 'react'
import css from './IconButton.module.css'

interface Props extends Omit<ComponentProps<'button'>, 'children'> {
  readonly icon: LucideIcon
  readonly label: string
  readonly size?: number
}

/** A button that is only a sign; its words are its label and its tooltip. */
export function IconButton({ icon: Icon, label, size = 18, className = '', ...rest }: Props) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`${css.button} ${className}`}
      {...rest}
    >
      <Icon size={size} strokeWidth={1.75} aria-hidden />
    </button>
  )
}
