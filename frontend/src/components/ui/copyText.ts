import { page } from '../../stores/pageState'
import { t } from '../../strings'

/** Copies, and says so. Where the browser forbids it, it says that too. */
export function copyText(text: string, done: string): void {
  const copied = navigator.clipboard?.writeText(text) ?? Promise.reject()
  copied.then(
    () => page.tell(done),
    () => page.tell(t.copyForbidden),
  )
}
