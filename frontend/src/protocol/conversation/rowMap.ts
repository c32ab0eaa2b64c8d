import type { Row } from './state'

const RECENT = 32

/**
 * Rows by id, never changed in place. A growing answer changes with every token: what changed lately lies in a small
 * map of its own, so that a step copies that one and not the thousands of rows of a long session.
 */
export class RowMap {
  private constructor(
    private readonly settled: ReadonlyMap<string, Row>,
    private readonly recent: ReadonlyMap<string, Row>,
  ) {}

  static readonly empty = RowMap.of([])

  static of(rows: Iterable<Row>): RowMap {
    return new RowMap(new Map(Array.from(rows, (row) => [row.message.id, row])), new Map())
  }

  get size(): number {
    let added = 0
    for (const id of this.recent.keys()) if (!this.settled.has(id)) added += 1
    return this.settled.size + added
  }

  get(id: string): Row | undefined {
    return this.recent.get(id) ?? this.settled.get(id)
  }

  has(id: string): boolean {
    return this.get(id) !== undefined
  }

  *values(): IterableIterator<Row> {
    for (const [id, row] of this.settled) yield this.recent.get(id) ?? row
    for (const [id, row] of this.recent) if (!this.settled.has(id)) yield row
  }

  with(row: Row): RowMap {
    if (this.recent.size >= RECENT) return RowMap.of([...this.values(), row])
    return new RowMap(this.settled, new Map(this.recent).set(row.message.id, row))
  }
}
