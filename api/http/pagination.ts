/** Keyset pagination: a cursor names the last row seen, so new rows neither shift the pages nor repeat rows. */
import { Problem } from './problems';

interface Key {
  readonly createdAt: Date;
  readonly id: string;
}

export interface Page<Item> {
  readonly items: Item[];
  /** null on the last page. */
  readonly nextCursor: string | null;
}

/** 1970: no row is older, and Postgres has no year 0. */
const EARLIEST = 0;

const CURSOR =
  /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Opaque to clients. */
export function cursorAfter({ createdAt, id }: Key): string {
  return Buffer.from(`${createdAt.toISOString()} ${id}`).toString('base64url');
}

/** @throws Problem `invalid-request` when the text is not exactly a cursor of {@link cursorAfter} */
export function readCursor(cursor: string): Key {
  const [, time, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  const createdAt = new Date(time ?? '');
  // Comparing the whole cursor excludes what parsers accept and change: 30 February, 24:00, other Base64 of the same bytes.
  if (id === undefined || !(createdAt.getTime() >= EARLIEST) || cursorAfter({ createdAt, id }) !== cursor) {
    const detail = 'is not a cursor of this API; start again without it';
    throw new Problem('invalid-request', `/cursor: ${detail}`, { errors: [{ pointer: '/cursor', detail }] });
  }
  return { createdAt, id };
}

/** @param rows up to `limit` + 1; the last one shows that there is a next page */
export function pageOf<Row extends Key, Item>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(item), nextCursor: rows.length > limit && last ? cursorAfter(last) : null };
}
