/**
 * Like `fetch`, and tells how much of the body has left: a share from 0 to 1. Only XMLHttpRequest knows that.
 * `heard`: something moved, in either direction.
 * The answer becomes a `Response`, so that nobody further up needs to know the difference.
 */
export function sendTelling(
  url: string,
  { method = 'POST', headers, body, signal }: RequestInit,
  tell: (share: number) => void,
  heard: () => void = () => {},
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const leave = () => request.abort()
    request.open(method, url)
    for (const [name, value] of new Headers(headers)) request.setRequestHeader(name, value)
    request.responseType = 'arraybuffer'
    request.upload.onprogress = ({ loaded, total }) => {
      heard()
      tell(total > 0 ? loaded / total : 0)
    }
    request.onprogress = heard
    request.onload = () => resolve(responseOf(request))
    request.onerror = () => reject(new TypeError('network error'))
    request.onabort = () => reject(signal?.reason ?? new DOMException('aborted', 'AbortError'))
    request.onloadend = () => signal?.removeEventListener('abort', leave)
    // Before it is sent, nothing would tell of its end.
    if (signal?.aborted) return reject(signal.reason)
    signal?.addEventListener('abort', leave)
    request.send(body as XMLHttpRequestBodyInit | null)
  })
}

const WITHOUT_BODY = new Set([204, 205, 304])

function responseOf(request: XMLHttpRequest): Response {
  const { status, response } = request
  const headers = new Headers()
  for (const line of request.getAllResponseHeaders().trim().split(/\r?\n/)) {
    const at = line.indexOf(':')
    if (at > 0) headers.append(line.slice(0, at), line.slice(at + 1).trim())
  }
  return new Response(WITHOUT_BODY.has(status) ? null : (response as ArrayBuffer), {
    status,
    headers,
  })
}
