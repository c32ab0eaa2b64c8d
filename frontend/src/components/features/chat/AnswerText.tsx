import { lazy, Suspense } from 'react'
import { untilLoaded } from '../../../api/untilLoaded'
import { t } from '../../../strings'
import { Boundary } from '../../ui/Boundary'
import css from './AnswerText.module.css'

const load = () => import('./markdown/RichText')
const RichText = lazy(() => untilLoaded(load))

/** Fetched while the page is idle, so that the first answer does not wait for it. */
export function preloadRichText(): void {
  const soon = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 200))
  soon(() => void load().catch(() => {}))
}

interface Props {
  readonly text: string
  readonly ended: boolean
}

/** Markdown if it can be drawn, the plain words in any case. */
export function AnswerText({ text, ended }: Props) {
  // Without spaces at its end, as Markdown has none: nothing gets shorter when the one follows the other.
  const plain = <div className={css.plain}>{text.trimEnd()}</div>
  const fallback = (
    <>
      {plain}
      <p className={css.note}>{t.plainText}</p>
    </>
  )
  return (
    <Boundary fallback={fallback}>
      <Suspense fallback={plain}>
        <RichText text={text} ended={ended} />
      </Suspense>
    </Boundary>
  )
}
