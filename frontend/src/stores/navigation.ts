import { newId } from '../api/ids'
import { rootPath } from '../api/root'
import type { View } from './state'

/** The address bar: `<root>` is a new chat, `<root>chat/<id>` a session. */
export function viewOfLocation(): View {
  const path = location.pathname.slice(rootPath().length)
  const id = /^chat\/([^/]+)\/?$/.exec(path)?.[1]
  return viewOf(id === undefined ? null : decodeURIComponent(id))
}

export function viewOf(sessionId: string | null): View {
  return { thread: sessionId ?? newId(), sessionId }
}

export function pathOf(sessionId: string | null): string {
  return sessionId === null ? rootPath() : `${rootPath()}chat/${encodeURIComponent(sessionId)}`
}
