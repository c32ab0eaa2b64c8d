import { chat } from '../../../stores/chatStore'
import { page, usePage } from '../../../stores/pageState'
import { t } from '../../../strings'
import { copyText } from '../../ui/copyText'
import { composer } from '../../ui/focus'
import { closePassages } from '../chat/passages'
import { jumpToLatest } from './jump'
import type { Keys } from './keys'

/** Where a key is pressed. */
export interface Where {
  /** In a field that takes letters; whether there are any in it. */
  readonly writing: boolean
  readonly written: boolean
  /** In the conversation or its composer, or nowhere. */
  readonly inChat: boolean
  /** Something lies over the page: a dialog or a menu. */
  readonly covered: boolean
  /** The passages of an answer are open beside the conversation. */
  readonly passages: boolean
  readonly mac: boolean
}

export interface Shortcut {
  readonly keys: Keys
  readonly words: string
  readonly when: (where: Where) => boolean
  readonly run: (where: Where) => void
}

const anywhere = ({ covered }: Where) => !covered
const notWriting = ({ covered, writing }: Where) => !covered && !writing

export const SEARCH_KEYS: Keys = 'Mod+K'

/** Every key of the page that is not a field's own. The listener and the help sheet both read this. */
export const SHORTCUTS: readonly Shortcut[] = [
  {
    keys: SEARCH_KEYS,
    words: t.shortcuts.search,
    // Over what is open too: the browser's own meaning of these keys would lead away from the page.
    when: () => true,
    // A question that must be answered first: another dialog in its place would lose what was asked.
    run: () => usePage.getState().dialog?.name !== 'join' && page.openDialog('search'),
  },
  {
    keys: 'Mod+Shift+O',
    words: t.newChat,
    when: anywhere,
    run: () => chat.open(null),
  },
  {
    keys: 'Alt+ArrowUp',
    words: t.shortcuts.previous,
    when: besideText,
    run: () => chat.openBeside(-1),
  },
  {
    keys: 'Alt+ArrowDown',
    words: t.shortcuts.next,
    when: besideText,
    run: () => chat.openBeside(1),
  },
  {
    keys: '/',
    words: t.shortcuts.write,
    when: notWriting,
    run: () => composer()?.focus(),
  },
  {
    keys: 'Escape',
    words: t.shortcuts.stop,
    when: ({ covered, inChat, passages, writing }) =>
      !covered && (inChat || (passages && !writing)),
    // What is open goes first. Whoever writes meanwhile goes on writing.
    run: ({ passages, writing }) => {
      if (!passages) chat.stopRunning()
      else if (writing) page.leaveSource()
      else closePassages()
    },
  },
  {
    keys: 'Mod+Shift+L',
    words: t.shortcuts.copy,
    when: anywhere,
    run: () => {
      const text = chat.lastAnswer()
      if (text !== null) copyText(text, t.answerCopied)
    },
  },
  {
    keys: 'End',
    words: t.jumpToLatest,
    when: ({ covered, inChat, writing }) => !covered && inChat && !writing,
    run: jumpToLatest,
  },
  {
    keys: '?',
    words: t.shortcuts.help,
    when: notWriting,
    run: () => page.openDialog('shortcuts'),
  },
]

/** On a Mac these keys lead through the text of a field, if there is any. */
function besideText({ covered, mac, written }: Where): boolean {
  return !covered && !(mac && written)
}

/** The composer's own keys, for the sheet. */
export const WRITING: readonly Pick<Shortcut, 'keys' | 'words'>[] = [
  { keys: 'Enter', words: t.send },
  { keys: 'Shift+Enter', words: t.shortcuts.newLine },
]
