const HIDDEN_MS = 250

/** One write per animation frame, by a timer while the page is hidden; `now` writes at once. */
export class FrameBatch {
  private frame = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private waiting = false

  constructor(private readonly write: () => void) {}

  soon(): void {
    if (this.waiting) return
    this.waiting = true
    if (typeof document === 'undefined' || document.hidden) {
      this.timer = setTimeout(() => this.now(), HIDDEN_MS)
    } else {
      this.frame = requestAnimationFrame(() => this.now())
      // A page that is hidden before the frame comes would wait until it is seen again.
      this.timer = setTimeout(() => this.now(), HIDDEN_MS)
    }
  }

  now(): void {
    clearTimeout(this.timer)
    if (this.frame) cancelAnimationFrame(this.frame)
    this.frame = 0
    this.waiting = false
    this.write()
  }
}
