/** Rows that several transactions read and write at once, as Postgres shows them at READ COMMITTED. */

/** Its effects are invisible to others, and its rows are held, until it is committed. */
export class Transaction {
  #open = true;

  get open(): boolean {
    return this.#open;
  }

  commit(): void {
    this.#open = false;
  }
}

interface Version<Row> {
  readonly row: Row;
  /** What others see while the writer is open; undefined when it inserted the row. */
  readonly before: Row | undefined;
  readonly writer: Transaction;
}

export class Table<Row extends object> {
  readonly #versions = new Map<string, Version<Row>>();

  /** The row as this transaction sees it. */
  seen(id: string, by: Transaction): Row | undefined {
    const version = this.#versions.get(id);
    if (!version) return undefined;
    return version.writer.open && version.writer !== by ? version.before : version.row;
  }

  /** Whether another transaction holds the row's lock, or is about to insert it. */
  heldByOther(id: string, by: Transaction): boolean {
    const writer = this.#versions.get(id)?.writer;
    return writer !== undefined && writer !== by && writer.open;
  }

  /** Whether another transaction is about to insert the row: no other transaction sees it or can insert it. */
  beingInserted(id: string, by: Transaction): boolean {
    return this.heldByOther(id, by) && this.#versions.get(id)?.before === undefined;
  }

  /** Locks a row that is there. */
  hold(id: string, by: Transaction): void {
    const version = this.#versions.get(id);
    if (version && version.writer !== by)
      this.#versions.set(id, { row: version.row, before: version.row, writer: by });
  }

  /** Inserts or updates the row; the caller has checked that no other transaction holds it. */
  write(id: string, row: Row, by: Transaction): void {
    const version = this.#versions.get(id);
    const before = version?.writer === by ? version.before : version?.row;
    this.#versions.set(id, { row, before, writer: by });
  }

  /** The newest version of each row, committed or about to be. */
  all(): Row[] {
    const rows: Row[] = [];
    for (const { row } of this.#versions.values()) rows.push(row);
    return rows;
  }

  /** What anybody who looks now sees. */
  committed(): Row[] {
    const rows: Row[] = [];
    for (const { row, before, writer } of this.#versions.values()) {
      const seen = writer.open ? before : row;
      if (seen) rows.push(seen);
    }
    return rows;
  }

  /** The newest version of one row, committed or about to be. */
  newest(id: string): Row | undefined {
    return this.#versions.get(id)?.row;
  }
}
