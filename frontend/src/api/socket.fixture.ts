import type { ClientFrame, ServerFrame } from '../protocol/frames'

/** A browser's WebSocket without a network: the test is the server. */
export class FakeSocket {
  static readonly OPEN = 1
  static made: FakeSocket[] = []
  readyState = 0
  sent: ClientFrame[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    FakeSocket.made.push(this)
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  close(): void {
    this.readyState = 3
  }

  open(frameBytes = 0): this {
    this.readyState = FakeSocket.OPEN
    this.onopen?.()
    const limits = {
      ...{ message_chars: 32_000, frame_bytes: frameBytes, messages_per_minute: 0 },
      ...{ generations_per_user: 0, sessions_per_connection: 32 },
    }
    this.say({ type: 'welcome', limits, user_id: 'u' })
    return this
  }

  say(frame: ServerFrame | { type: string }): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
}
