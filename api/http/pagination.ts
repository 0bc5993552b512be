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

const CURSOR =
  /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Opaque to clients. */
export function cursorAfter({ createdAt, id }: Key): string {
  return Buffer.from(`${createdAt.toISOString()} ${id}`).toString('base64url');
}

/** @throws Problem `invalid-request` when the text is not a cursor of {@link cursorAfter} */
export function readCursor(cursor: string): Key {
  const [, time, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  const createdAt = new Date(time ?? '');
  if (id === undefined || Number.isNaN(createdAt.getTime())) {
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
