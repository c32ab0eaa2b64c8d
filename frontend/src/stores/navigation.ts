import { newId } from '../api/ids'
import { rootPath } from '../api/root'
import type { View } from './state'

/** The address bar: `<root>` is a new chat, `<root>chat/<id>` a session. */
export function viewOfLocation(): View {
  const path = location.pathname.slice(rootPath().length)
  const id = /^chat\/([^/]+)\/?$/.exec(path)?.[1]
  return viewOf(id === undefined ? null : decoded(id))
}

/** An address that was typed or cut may be no encoding at all: then it names a chat that is not there. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}

export function viewOf(sessionId: string | null): View {
  return { thread: sessionId ?? newId(), sessionId }
}

export function pathOf(sessionId: string | null): string {
  return sessionId === null ? rootPath() : `${rootPath()}chat/${encodeURIComponent(sessionId)}`
}

const JOIN = '#join='

/** Behind a `#`, so that no server's log and no referrer ever has it. */
export function joinLink(code: string): string {
  return `${location.origin}${rootPath()}${JOIN}${encodeURIComponent(code)}`
}

/** The code of a link that was followed here. It is taken out of the address and of the history at once. */
export function takeJoinCode(): string | null {
  if (!location.hash.startsWith(JOIN)) return null
  const code = decoded(location.hash.slice(JOIN.length))
  history.replaceState(null, '', location.pathname)
  return code === '' ? null : code
}
