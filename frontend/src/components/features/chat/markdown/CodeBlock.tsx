import type { RootContent } from 'hast'
import { type ReactNode, useEffect, useState } from 'react'
import { untilLoaded } from '../../../../api/untilLoaded'
import { t } from '../../../../strings'
import { CopyButton } from '../CopyButton'
import css from './CodeBlock.module.css'

interface Props {
  readonly code: string
  readonly language: string | null
  readonly open: boolean
}

/** Code is coloured once its block has closed, by a highlighter that is loaded when first needed. */
export function CodeBlock({ code, language, open }: Props) {
  const [coloured, setColoured] = useState<readonly RootContent[] | null>(null)
  useEffect(() => {
    if (open || !language) return
    let current = true
    untilLoaded(() => import('./highlight'))
      .then(({ highlight }) => current && setColoured(highlight(code, language)))
      .catch(() => {})
    return () => {
      current = false
    }
  }, [code, language, open])
  return (
    <figure className={css.block}>
      <figcaption className={css.caption}>
        <span>{language ?? ''}</span>
        {!open && <CopyButton text={code.replace(/\n$/, '')} label={t.copyCode} />}
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a wide block is scrolled by the keyboard */}
      <pre className={css.code} tabIndex={0}>
        <code>{coloured ? coloured.map(draw) : code}</code>
      </pre>
    </figure>
  )
}

function draw(node: RootContent, index: number): ReactNode {
  if (node.type === 'text') return node.value
  if (node.type !== 'element') return null
  const names = node.properties['className']
  return (
    <span key={index} className={Array.isArray(names) ? names.join(' ') : ''}>
      {node.children.map(draw)}
    </span>
  )
}
