/** Where a row stands among all rows of its session, for those who cannot see it. */
export interface Place {
  readonly 'aria-posinset': number
  readonly 'aria-setsize': number
}
