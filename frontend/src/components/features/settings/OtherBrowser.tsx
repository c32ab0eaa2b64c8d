import { useEffect, useState } from 'react'
import { chat } from '../../../stores/chatStore'
import { t } from '../../../strings'
import { CopyButton } from '../chat/CopyButton'
import css from './Settings.module.css'
import { useAction } from './useAction'

type Link = Awaited<ReturnType<typeof chat.makeLink>>

/** A link that carries one's chats elsewhere. Where the server makes none, it says why. */
export function OtherBrowser() {
  const [link, setLink] = useState<Link | null>(null)
  const [expired, setExpired] = useState(false)
  const { running, problem, run } = useAction()
  useExpiry(link, () => {
    setLink(null)
    setExpired(true)
  })
  const make = () =>
    run(async () => {
      setLink(await chat.makeLink())
      setExpired(false)
    })
  return (
    <section className={css.section} aria-labelledby="other-browser">
      <h3 id="other-browser" className={css.heading}>
        {t.otherBrowser}
      </h3>
      <p className={css.text}>{t.otherBrowserText}</p>
      {link && <Made link={link} />}
      {expired && <p className={css.text}>{t.linkExpired}</p>}
      {problem && (
        <p className={css.problem} role="alert">
          {problem}
        </p>
      )}
      <button
        type="button"
        className={css.button}
        data-testid="make-link"
        aria-disabled={running}
        onClick={make}
      >
        {running ? t.makingLink : link || expired ? t.makeAnotherLink : t.makeLink}
      </button>
    </section>
  )
}

function Made({ link }: { readonly link: Link }) {
  const until = new Date(link.expiresAt).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
  })
  return (
    <>
      <div className={css.link}>
        <input
          readOnly
          value={link.url}
          aria-label={t.linkLabel}
          data-testid="link"
          onFocus={(event) => event.target.select()}
        />
        <CopyButton text={link.url} label={t.copyJoinLink} />
      </div>
      <p className={css.text} role="status">
        {t.linkHolds(until)}
      </p>
      <p className={css.warning}>{t.linkWarning}</p>
    </>
  )
}

function useExpiry(link: Link | null, expire: () => void): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: one timer for each link
  useEffect(() => {
    if (!link) return
    const timer = setTimeout(expire, link.expiresAt - Date.now())
    return () => clearTimeout(timer)
  }, [link])
}
