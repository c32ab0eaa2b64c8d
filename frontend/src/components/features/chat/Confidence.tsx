import { useEffect, useId, useRef, useState } from 'react'
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
  const whole = useRef<HTMLSpanElement>(null)
  const tip = useRef<HTMLDivElement>(null)
  const [shown, setShown] = useState(false)
  const open = () => setShown(true)
  const close = () => setShown(false)
  useEffect(() => {
    if (!shown || !whole.current || !tip.current) return
    return show(tip.current, whole.current, () => setShown(false))
  }, [shown])
  const percent = Math.round(value * 100)
  const level = value >= 0.7 ? 'high' : value >= 0.4 ? 'middle' : 'low'
  return (
    <span
      ref={whole}
      className={css.whole}
      onPointerEnter={(event) => event.pointerType === 'mouse' && open()}
      onPointerLeave={(event) => event.pointerType === 'mouse' && close()}
    >
      <button
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
        // Not "auto": that would close an open menu.
        popover="manual"
        className={css.tip}
        data-testid="confidence-tip"
      >
        <p>{t.matchAbout(percent)}</p>
        <p>{t.matchRests(sources.length)}</p>
        <ol>
          {sources.map(({ title, score }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: ids are the chain's and may repeat; they keep their order
            <li key={index}>
              <span>{title ?? t.untitledSource}</span>
              <span>{score === null ? t.noScore : t.score(Math.round(score * 100))}</span>
            </li>
          ))}
        </ol>
      </div>
    </span>
  )
}

/** Until what it returns is called. What happens elsewhere closes it, and so does Escape, which then does no more. */
function show(tip: HTMLElement, whole: HTMLElement, close: () => void): () => void {
  const over = new AbortController()
  const listening = { capture: true, signal: over.signal }
  const elsewhere = ({ target }: Event) => whole.contains(target as Node) || close()
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    close()
  }
  tip.showPopover()
  place(tip, whole)
  // In the next frame: the focus that opened it may have scrolled, which is told only there.
  requestAnimationFrame(() => {
    place(tip, whole)
    document.addEventListener('scroll', elsewhere, listening)
  })
  document.addEventListener('pointerdown', elsewhere, listening)
  document.addEventListener('keydown', onKeyDown, listening)
  return () => {
    over.abort()
    tip.hidePopover()
  }
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
