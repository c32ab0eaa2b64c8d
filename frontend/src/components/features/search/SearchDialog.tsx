import { t } from '../../../strings'
import { Dialog } from '../../ui/Dialog'
import { SearchPanel } from './SearchPanel'

/** All that was said in one's chats, found while one types. */
export function SearchDialog() {
  return (
    <Dialog name="search" title={t.search.title}>
      <SearchPanel />
    </Dialog>
  )
}
