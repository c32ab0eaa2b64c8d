import { t } from '../../../strings'
import { Dialog } from '../../ui/Dialog'
import { KeySigns } from './KeySigns'
import css from './ShortcutsDialog.module.css'
import { SHORTCUTS, WRITING } from './table'

/** The help sheet: every key that does something. */
export function ShortcutsDialog() {
  return (
    <Dialog name="shortcuts" title={t.shortcuts.title}>
      <dl className={css.list}>
        {[...WRITING, ...SHORTCUTS].map(({ keys, words }) => (
          <div key={keys} className={css.row}>
            <dt>{words}</dt>
            <dd>
              <KeySigns keys={keys} />
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
