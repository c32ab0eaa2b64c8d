import { useEffect, useMemo, useState } from 'react'
import { untilLoaded } from '../../../../api/untilLoaded'
import css from './Formula.module.css'

type Typeset = typeof import('./typeset')['typeset']

/** Once it has come, formulas are drawn at once. */
let loaded: Typeset | null = null

interface Props {
  readonly tex: string
  readonly display: boolean
}

/** A formula, drawn by a typesetter that is loaded with the first one. Its source stands where it cannot be drawn. */
export function Formula({ tex, display }: Props) {
  const typeset = useTypesetter()
  // A growing block is read anew in every frame; what stands in it already is not.
  const drawn = useMemo(() => typeset?.(tex, display), [typeset, tex, display])
  if (!drawn) {
    const signs = display ? '$$' : '$'
    return <span className={css.source}>{`${signs}${tex}${signs}`}</span>
  }
  return display ? <span className={css.display}>{drawn}</span> : drawn
}

function useTypesetter(): Typeset | null {
  const [typeset, setTypeset] = useState(() => loaded)
  useEffect(() => {
    if (typeset) return
    let current = true
    untilLoaded(() => import('./typeset'))
      .then((module) => {
        loaded = module.typeset
        if (current) setTypeset(() => module.typeset)
      })
      .catch(() => {})
    return () => {
      current = false
    }
  }, [typeset])
  return typeset
}
