import { page } from '../../stores/pageState'
import { t } from '../../strings'

/** Copies, and says so. Where the browser forbids it, it says that too. Gives whether it was copied. */
export async function copyText(text: string, done: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text) // there is no clipboard where the page came without TLS
    page.tell(done)
    return true
  } catch {
    page.tell(t.copyForbidden)
    return false
  }
}
