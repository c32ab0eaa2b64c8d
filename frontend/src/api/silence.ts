const LIMIT_MS = 40_000

/** The limit for what takes as long as the line needs: so long without a byte, and the line counts as dead. */
export class Silence {
  private readonly end = new AbortController()
  private timer: ReturnType<typeof setTimeout> | undefined
  readonly signal = this.end.signal

  constructor() {
    this.heard()
  }

  heard(): void {
    this.over()
    this.timer = setTimeout(() => this.end.abort(), LIMIT_MS)
  }

  over(): void {
    clearTimeout(this.timer)
  }

  /** The same answer, which listens while it is being read. */
  during({ body, status, headers }: Response): Response {
    const listening = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (piece, on) => {
        this.heard()
        on.enqueue(piece)
      },
      flush: () => this.over(),
    })
    if (!body) this.over()
    return new Response(body?.pipeThrough(listening) ?? null, { status, headers })
  }
}
