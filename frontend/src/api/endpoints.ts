import type {
  AckBody,
  ChainInfo,
  Document,
  Message,
  Page,
  Session,
  SessionPage,
} from '../protocol/frames'
import type { Entry } from '../protocol/outbox'
import type { Rest } from './rest'

const CHAT = 'api/chat'
const PAGE = 50

const part = encodeURIComponent

/** The REST door, call by call (protocol, section 4). */
export class Endpoints {
  constructor(private readonly rest: Rest) {}

  chains(signal?: AbortSignal): Promise<{ chains: ChainInfo[] }> {
    return this.rest.call('GET', `${CHAT}/chains`, signal ? { signal } : {})
  }

  sessions(before: string | null, signal: AbortSignal): Promise<SessionPage> {
    const from = before === null ? '' : `&before=${part(before)}`
    return this.rest.call('GET', `${CHAT}/sessions?limit=${PAGE}${from}`, { signal, again: true })
  }

  session(id: string): Promise<Session> {
    return this.rest.call('GET', `${CHAT}/sessions/${part(id)}`, { again: true })
  }

  rename(id: string, title: string): Promise<Session> {
    return this.rest.call('PATCH', `${CHAT}/sessions/${part(id)}`, { body: { title } })
  }

  remove(id: string): Promise<void> {
    return this.rest.call('DELETE', `${CHAT}/sessions/${part(id)}`, { again: true })
  }

  messages(id: string, before: string | null, signal: AbortSignal): Promise<Page> {
    const from = before === null ? '' : `&before=${part(before)}`
    const path = `${CHAT}/sessions/${part(id)}/messages?limit=${PAGE}${from}`
    return this.rest.call('GET', path, { signal, again: true })
  }

  /** One try only: who asks after a message keeps a schedule of its own. */
  message(sessionId: string, id: string): Promise<Message> {
    return this.rest.call('GET', `${CHAT}/sessions/${part(sessionId)}/messages/${part(id)}`)
  }

  send(entry: Entry): Promise<AckBody> {
    return this.rest.call('POST', `${CHAT}/messages`, {
      headers: { Prefer: 'respond-async' },
      body: {
        content: entry.content,
        client_message_id: entry.clientMessageId,
        ...(entry.sessionId === null ? {} : { session_id: entry.sessionId }),
      },
    })
  }

  stop(sessionId: string, id: string): Promise<{ message_id: string; status: string }> {
    const path = `${CHAT}/sessions/${part(sessionId)}/messages/${part(id)}/stop`
    return this.rest.call('POST', path, { again: true })
  }

  documents(): Promise<{ documents: Document[] }> {
    return this.rest.call('GET', 'api/documents', { again: true })
  }

  upload(files: readonly File[]): Promise<{ documents: Document[] }> {
    const form = new FormData()
    for (const file of files) form.append('file', file)
    return this.rest.call('POST', 'api/documents', { form })
  }

  removeDocument(id: string): Promise<void> {
    return this.rest.call('DELETE', `api/documents/${part(id)}`)
  }
}
