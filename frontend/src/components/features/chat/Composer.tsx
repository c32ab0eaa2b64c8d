import { ArrowUp, Square } from 'lucide-react'
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { countCodePoints } from '../../../protocol/codePoints'
import { chat, useChat } from '../../../stores/chatStore'
import { page, usePage } from '../../../stores/pageState'
import { t } from '../../../strings'
import { bequeath, composer } from '../../ui/focus'
import css from './Composer.module.css'
import { useRunningAnswer } from './useRunningAnswer'

/** Where a message is written. Every chat keeps its own draft. */
export function Composer({ sessionId }: { readonly sessionId: string | null }) {
  const [text, setText] = useState(() => chat.draftOf(sessionId))
  const field = useRef<HTMLTextAreaElement>(null)
  const limit = useChat((s) => s.messageChars)
  const over = limit > 0 ? countCodePoints(text) - limit : 0
  const ready = text.trim() !== '' && over <= 0

  const write = (next: string) => {
    setText(next)
    chat.keepDraft(sessionId, next)
  }
  useDraftOf(sessionId, write, field)
  useHanded(write, field)
  useGrowing(field, text)

  const send = () => {
    if (!ready) return
    chat.send(text)
    write('')
    field.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter chooses a word. Safari ends composing before it sends the key: 229.
    if (event.key !== 'Enter' || event.shiftKey) return
    if (event.nativeEvent.isComposing || event.keyCode === 229) return
    event.preventDefault()
    send()
  }
  return (
    <div className={css.dock}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          send()
        }}
      >
        <div className={css.box}>
          <textarea
            ref={field}
            id="composer"
            className={css.field}
            data-testid="composer-input"
            aria-label={t.composerLabel}
            aria-describedby="composer-note"
            placeholder={t.composerHint}
            rows={1}
            value={text}
            onChange={(event) => write(event.target.value)}
            onKeyDown={onKeyDown}
          />
          <StopOrSend sessionId={sessionId} ready={ready} />
        </div>
        <p id="composer-note" className={css.note} data-over={over > 0}>
          {over > 0 ? t.tooLong(over) : t.composerKeys}
        </p>
      </form>
    </div>
  )
}

/** Not where the focus would bring up a keyboard on the screen. */
const canHover = () => matchMedia('(hover: hover)').matches

/** The button goes with the answer that it stops; whoever pressed it may be writing the next question. */
const toComposer = () => canHover() && composer()?.focus({ preventScroll: true })
const staysInComposer = bequeath(() => (canHover() ? composer() : null))

function StopOrSend({
  sessionId,
  ready,
}: {
  readonly sessionId: string | null
  readonly ready: boolean
}) {
  const running = useRunningAnswer(sessionId)
  const stopping = useChat((s) => running !== null && s.stopping[running] === true)
  return (
    <>
      {sessionId !== null && running !== null && (
        <button
          type="button"
          ref={staysInComposer}
          className={css.stop}
          data-testid="stop"
          aria-label={t.stop}
          title={t.stop}
          disabled={stopping}
          onClick={() => {
            toComposer()
            chat.stop(sessionId, running)
          }}
        >
          <Square size={14} fill="currentColor" aria-hidden />
        </button>
      )}
      {(running === null || ready) && (
        <button
          type="submit"
          className={css.send}
          data-testid="send"
          aria-label={t.send}
          title={t.send}
          disabled={!ready}
        >
          <ArrowUp size={18} aria-hidden />
        </button>
      )}
    </>
  )
}

/** Another chat came on screen: its draft is shown. A chat that gets its session keeps what is being written. */
function useDraftOf(
  sessionId: string | null,
  write: (text: string) => void,
  field: React.RefObject<HTMLTextAreaElement | null>,
): void {
  const { thread, takesWords } = useChat((s) => s.view)
  const shown = useRef(thread)
  useEffect(() => {
    if (shown.current === thread) return
    shown.current = thread
    const homeless = takesWords ? (field.current?.value ?? '') : ''
    write([chat.draftOf(sessionId), homeless].filter((text) => text !== '').join('\n\n'))
    if (canHover()) field.current?.focus({ preventScroll: true })
  })
}

/** A text to edit or to ask again comes before what was already written. */
function useHanded(
  write: (text: string) => void,
  field: React.RefObject<HTMLTextAreaElement | null>,
): void {
  const handed = usePage((s) => s.handed)
  useEffect(() => {
    if (!handed) return
    page.taken()
    const held = field.current?.value ?? ''
    write(held.trim() === '' ? handed.text : `${handed.text}\n\n${held}`)
    field.current?.focus()
  })
}

function useGrowing(field: React.RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const element = field.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight}px`
  }, [field, text])
}
