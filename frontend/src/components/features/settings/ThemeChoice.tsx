import { Monitor, Moon, Sun } from 'lucide-react'
import { chat, useChat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import css from './Settings.module.css'

const SIGN = { system: Monitor, light: Sun, dark: Moon } as const
const THEMES = ['system', 'light', 'dark'] as const

export function ThemeChoice() {
  const chosen = useChat((s) => s.theme)
  return (
    <fieldset className={css.section}>
      <legend className={css.heading}>{t.theme}</legend>
      <div className={css.themes}>
        {THEMES.map((theme) => {
          const Sign = SIGN[theme]
          return (
            <label key={theme} className={css.theme}>
              <input
                type="radio"
                name="theme"
                value={theme}
                checked={theme === chosen}
                onChange={() => chat.setTheme(theme)}
              />
              <Sign size={16} strokeWidth={1.75} aria-hidden />
              {t.themes[theme]}
            </label>
          )
        })}
      </div>
    </fieldset>
  )
}
