import { Monitor, Moon, Sun } from 'lucide-react'
import { chat, useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { IconButton } from '../../ui/IconButton'

const NEXT = { system: 'light', light: 'dark', dark: 'system' } as const
const SIGN = { system: Monitor, light: Sun, dark: Moon } as const

export function ThemeButton() {
  const theme = useChat((s) => s.theme)
  return (
    <IconButton
      icon={SIGN[theme]}
      label={t.theme[theme]}
      data-testid="theme"
      onClick={() => chat.setTheme(NEXT[theme])}
    />
  )
}
