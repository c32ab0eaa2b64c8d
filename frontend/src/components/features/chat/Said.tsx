import { useEffect, useReducer } from 'react'
import { type Fault, untold } from '../../../protocol/untold'
import css from './Rows.module.css'

interface Words {
  readonly text: string
  readonly times: number
}

/** What a region says, and how to say something there: the same words again are news too. */
export function useSaid() {
  return useReducer(({ times }: Words, text: string): Words => ({ text, times: times + 1 }), {
    text: '',
    times: 0,
  })
}

/** Says each of these once, also if it is drawn again later. */
export function useTold(faults: readonly Fault[], say: (text: string) => void): void {
  useEffect(() => {
    const news = untold(faults)
    if (news.length > 0) say(news.join(' '))
  })
}

interface Props {
  readonly role: 'status' | 'alert'
  readonly said: Words
  readonly 'data-testid'?: string
}

/** A region that is heard and not seen. It has to stand there before it says anything. */
export function Said({ said, ...region }: Props) {
  return (
    <div className={css.hidden} {...region}>
      <span key={said.times}>{said.text}</span>
    </div>
  )
}
