import { Braces, Download, Ellipsis, Link, Pencil, Trash2 } from 'lucide-react'
import type { Session } from '../../../protocol/frames'
import { chat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { copyText } from '../../ui/copyText'
import { Menu, MenuItem } from '../../ui/Menu'

interface Props {
  readonly session: Session
  readonly rename: () => void
}

/** What can be done with the chat on screen. */
export function ChatMenu({ session, rename }: Props) {
  const { id } = session
  return (
    <Menu icon={Ellipsis} label={t.chatMenu}>
      <MenuItem icon={Pencil} onClick={rename}>
        {t.rename}
      </MenuItem>
      <MenuItem icon={Download} onClick={() => chat.export(id, 'md')}>
        {t.exportMarkdown}
      </MenuItem>
      <MenuItem icon={Braces} onClick={() => chat.export(id, 'json')}>
        {t.exportJson}
      </MenuItem>
      <MenuItem icon={Link} onClick={() => copyText(chat.link(id), t.linkCopied)}>
        {t.copyLink}
      </MenuItem>
      <MenuItem icon={Trash2} danger onClick={() => chat.remove(session)}>
        {t.remove}
      </MenuItem>
    </Menu>
  )
}
