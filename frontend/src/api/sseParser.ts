export interface ServerEvent {
  readonly id: string
  readonly event: string
  readonly data: string
}

/** The line format of Server-Sent Events (WHATWG HTML, 9.2.6), fed in pieces of any size. */
export class SseParser {
  private rest = ''
  private data: string[] = []
  private event = ''
  private id = ''

  constructor(private readonly emit: (event: ServerEvent) => void) {}

  push(text: string): void {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/)
    this.rest = lines.pop() ?? ''
    for (const line of lines) this.line(line)
  }

  private line(line: string): void {
    if (line === '') this.dispatch()
    else if (!line.startsWith(':')) this.field(line)
  }

  private field(line: string): void {
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') this.data.push(value)
    else if (field === 'event') this.event = value
    else if (field === 'id') this.id = value
  }

  private dispatch(): void {
    const data = this.data.join('\n')
    if (data !== '') this.emit({ id: this.id, event: this.event || 'message', data })
    this.data = []
    this.event = ''
  }
}
