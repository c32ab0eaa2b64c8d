import css from './KeySigns.module.css'
import { type Keys, signs } from './keys'
import { onMac } from './platform'

/** The keys to press, as they look. */
export function KeySigns({ keys }: { readonly keys: Keys }) {
  return (
    <span className={css.keys}>
      {signs(keys, onMac).map((sign) => (
        <kbd key={sign}>{sign}</kbd>
      ))}
    </span>
  )
}
