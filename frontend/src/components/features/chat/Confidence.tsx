import { useId, useRef } from 'react'
import type { Source } from '../../../protocol/frames'
import { t } from '../../../strings'
import css from './Confidence.module.css'

/** From the window's edges. */
const EDGE = 16

interface Props {
  readonly value: number
  readonly sources: readonly Source[]
}

/** How well the passages fit the question, as the chain measured it, and what that rests on. Never made up. */
export function Confidence({ value, sources }: Props) {
  const id = useId()
  const tip = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const percent = Math.round(value * 100)
  const level = value >= 0.7 ? 'high' : value >= 0.4 ? 'middle' : 'low'
  const open = () => {
    if (!tip.current || !button.current || tip.current.matches(':popover-open')) return
    tip.current.showPopover()
    place(tip.current, button.current)
  }
  const close = () => tip.current?.hidePopover()
  return (
    <span
      className={css.whole}
      onPointerEnter={(event) => event.pointerType === 'mouse' && open()}
      onPointerLeave={(event) => event.pointerType === 'mouse' && close()}
    >
      <button
        ref={button}
        type="button"
        className={css.match}
        data-testid="confidence"
        data-level={level}
        aria-describedby={id}
        onClick={open}
        onFocus={open}
        onBlur={close}
      >
        {t.match}
        <span className={css.bar} aria-hidden>
          <span style={{ width: `${percent}%` }} />
        </span>
        {t.matchWords[level]}
      </button>
      <div
        ref={tip}
        id={id}
        role="tooltip"
        popover="auto"
        className={css.tip}
        data-testid="confidence-tip"
      >
        <p>{t.matchAbout(percent)}</p>
        <p>{t.matchRests(sources.length)}</p>
        <ol>
          {sources.map(({ id: source, title, score }) => (
            <li key={source}>
              <span>{title ?? t.untitledSource}</span>
              <span>{score === null ? t.noScore : t.score(Math.round(score * 100))}</span>
            </li>
          ))}
        </ol>
      </div>
    </span>
  )
}

/** On top of its button where there is room, so that the pointer can go there, else under it. */
function place(tip: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect()
  const { width, height } = tip.getBoundingClientRect()
  const above = at.top - height
  const right = document.documentElement.clientWidth - EDGE - width
  tip.style.top = `${above >= EDGE ? above : at.bottom}px`
  tip.style.left = `${Math.max(EDGE, Math.min(at.left, right))}px`
}
