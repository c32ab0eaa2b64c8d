export interface Fault {
  /** What went wrong. When the same happens again, that is another object. */
  readonly of: object
  readonly text: string
}

const told = new WeakSet<object>()

/** What nobody has been told of these faults. From now on somebody has. */
export function untold(faults: readonly Fault[]): string[] {
  const news = faults.filter(({ of }) => !told.has(of))
  for (const { of } of news) told.add(of)
  return news.map(({ text }) => text)
}
