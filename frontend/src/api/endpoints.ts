import type {
  AckBody,
  ChainInfo,
  Document,
  Hit,
  LinkBody,
  Message,
  MessageRecord,
  Page,
  Session,
  SessionPage,
} from '../protocol/frames'
import { destination, type Entry } from '../protocol/outbox'
import type { Rest, SavedFile } from './rest'

const CHAT = 'api/chat'
const PAGE = 50
const HITS = 20

export type ExportFormat = 'md' | 'json'

const part = encodeURIComponent

function messagePath(sessionId: string, id: string): string {
  return `${CHAT}/sessions/${part(sessionId)}/messages/${part(id)}`
}

/** The REST door, call by call (protocol, section 4). */
export class Endpoints {
  constructor(private readonly rest: Rest) {}

  /** One try within the time given says whether HTTP works; without a time it is tried until it does. */
  chains(signal?: AbortSignal): Promise<{ chains: ChainInfo[] }> {
    return this.rest.call('GET', `${CHAT}/chains`, signal ? { signal } : { again: true })
  }

  sessions(before: string | null, signal: AbortSignal): Promise<SessionPage> {
    const from = before === null ? '' : `&before=${part(before)}`
    return this.rest.call('GET', `${CHAT}/sessions?limit=${PAGE}${from}`, { signal, again: true })
  }

  session(id: string): Promise<Session> {
    return this.rest.call('GET', `${CHAT}/sessions/${part(id)}`, { again: true })
  }

  rename(id: string, title: string): Promise<Session> {
    return this.rest.call('PATCH', `${CHAT}/sessions/${part(id)}`, { body: { title }, again: true })
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
    return this.rest.call('GET', messagePath(sessionId, id))
  }

  /** A message or a new attempt at an answer. One try only: the outbox repeats it. */
  submit(entry: Entry): Promise<AckBody> {
    const { content, clientMessageId, sessionId, retryOf } = entry
    const options = { headers: { Prefer: 'respond-async' } }
    const mine = { client_message_id: clientMessageId }
    if (retryOf !== null) {
      const path = `${messagePath(sessionId ?? '', retryOf)}/retry`
      return this.rest.call('POST', path, { ...options, body: mine })
    }
    return this.rest.call('POST', `${CHAT}/messages`, {
      ...options,
      body: { content, ...mine, ...destination(entry) },
    })
  }

  stop(sessionId: string, id: string): Promise<{ message_id: string; status: string }> {
    return this.rest.call('POST', `${messagePath(sessionId, id)}/stop`, { again: true })
  }

  /** One try only: the person sees that it failed, and types on or asks again. */
  search(words: string, signal: AbortSignal): Promise<{ hits: Hit[] }> {
    return this.rest.call('GET', `${CHAT}/search?limit=${HITS}&q=${part(words)}`, { signal })
  }

  /** A chat to take along, as a file. One try only: the person is told at once that there is none, and asks again. */
  export(id: string, format: ExportFormat): Promise<SavedFile> {
    return this.rest.file(`${CHAT}/sessions/${part(id)}/export?format=${format}`)
  }

  /** What the person thinks of an answer; null takes it back. One try only: who asks shows whether it was kept. */
  judge(
    sessionId: string,
    id: string,
    value: 'up' | 'down' | null,
    comment: string | null = null,
  ): Promise<void> {
    const body = { value, comment }
    return this.rest.call('PUT', `${messagePath(sessionId, id)}/feedback`, { body })
  }

  record(sessionId: string, id: string, signal: AbortSignal): Promise<MessageRecord> {
    return this.rest.call('GET', `${messagePath(sessionId, id)}/record`, { signal, again: true })
  }

  /** A link that carries this user's chats to another browser. */
  makeLink(): Promise<LinkBody> {
    return this.rest.call('POST', `${CHAT}/identity/links`)
  }

  /** The server says by the header `Allow` whether this person may change the list. */
  async documents(signal: AbortSignal): Promise<{ documents: Document[]; writable: boolean }> {
    let writable = true
    const answered = (headers: Headers) => {
      writable = headers.get('Allow')?.includes('POST') ?? true
    }
    const options = { signal, again: true, answered }
    const found = await this.rest.call<{ documents: Document[] }>('GET', 'api/documents', options)
    return { ...found, writable }
  }

  /** One file, so that none is refused for another's sake. */
  upload(
    file: File,
    sent: (share: number) => void,
    signal: AbortSignal,
  ): Promise<{ documents: Document[] }> {
    const form = new FormData()
    form.append('file', file)
    return this.rest.call('POST', 'api/documents', { form, sent, signal, long: true })
  }

  removeDocument(id: string): Promise<void> {
    return this.rest.call('DELETE', `api/documents/${part(id)}`, { again: true })
  }
}
