import { t } from '../../../strings'
import { Dialog } from '../../ui/Dialog'
import { DeleteEverything } from './DeleteEverything'
import { OtherBrowser } from './OtherBrowser'
import css from './Settings.module.css'
import { ThemeChoice } from './ThemeChoice'

const VERSION: string = import.meta.env['PAGE_VERSION']

/** What a person decides about the page and about their own data. */
export function SettingsDialog() {
  return (
    <Dialog name="settings" title={t.settings}>
      <ThemeChoice />
      <OtherBrowser />
      <DeleteEverything />
      <p className={css.version}>{t.pageVersion(VERSION)}</p>
    </Dialog>
  )
}
