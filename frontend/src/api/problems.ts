import type { ErrorBody, ErrorFrame } from '../protocol/frames'
import { t } from '../strings'

/** The server said no, and why. `status` is 0 where it said so over the socket. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.message)
    this.name = 'Refusal'
  }
}

/** No answer: the network failed, the request was cut, or a gateway answered in the server's place. */
export class Unreached extends Error {
  constructor(
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(t.unreached, options)
    this.name = 'Unreached'
  }
}

/** What passes by itself, also where a gateway says it and not the server. */
const PASSING = new Set([429, 502, 503, 504])
/** Whoever asks for no wait at all would be asked in a loop. */
const SHORTEST_WAIT_MS = 1000

export async function problemOf(response: Response): Promise<Refusal | Unreached> {
  const body: unknown = await response.json().catch(() => null)
  const known = isErrorBody(body)
  if (PASSING.has(response.status) && !known) return new Unreached(retryAfter(response))
  if (!known) {
    const message = t.answeredWith(response.status)
    return new Refusal(response.status, { code: 'internal', message, retryable: false })
  }
  const after = body.retry_after_ms ?? retryAfter(response)
  return new Refusal(response.status, { ...body, retry_after_ms: after })
}

/** What an answer says. Cut in the middle, or in a gateway's words, it is no answer. */
export async function bodyOf<T>(response: Response): Promise<T> {
  if (!response.ok) throw await problemOf(response)
  if (response.status === 204) return undefined as T
  return response.json().catch((cause) => {
    throw new Unreached(null, { cause })
  })
}

export function refusalOf(frame: ErrorFrame): Refusal {
  return new Refusal(0, frame)
}

/** Worth another try by itself: network, 429, 502 to 504. */
export function isPassing(error: unknown): error is Refusal | Unreached {
  if (error instanceof Unreached) return true
  return error instanceof Refusal && PASSING.has(error.status)
}

export function waitAsked(error: unknown): number | null {
  const body = error instanceof Refusal ? error.body.retry_after_ms : null
  const asked = error instanceof Unreached ? error.retryAfterMs : body
  return asked == null ? null : Math.max(asked, SHORTEST_WAIT_MS)
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN)
  return Number.isFinite(seconds) ? seconds * 1000 : null
}

function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === 'object' && body !== null && 'code' in body && 'message' in body
}

/** Unknown, somebody else's, or deleted: the server does not tell these apart. */
export function isGone(error: unknown): boolean {
  return error instanceof Refusal && (error.status === 404 || error.body.code === 'not_found')
}

/** The browser became somebody else's while this was under way: it must not be done in the other one's name. */
export function becameAnother(): Refusal {
  return new Refusal(401, { code: 'unauthorized', message: t.becameAnother, retryable: false })
}
