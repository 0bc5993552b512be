/** Keyset pages: a cursor names the last row seen, so rows that arrive meanwhile neither shift nor repeat. */
import { Problem } from './problems';

interface Key {
  readonly createdAt: Date;
  readonly id: string;
}

const CURSOR = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z) ([0-9a-f-]{36})$/;

/** Opaque to callers. */
export function cursorAfter({ createdAt, id }: Key): string {
  return Buffer.from(`${createdAt.toISOString()} ${id}`).toString('base64url');
}

/** @throws Problem `invalid-request` for anything that is not one of our cursors */
export function readCursor(cursor: string): Key {
  const [, time, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  const createdAt = new Date(time ?? '');
  if (id === undefined || Number.isNaN(createdAt.getTime())) {
    throw new Problem('invalid-request', 'cursor is not one that a page gave; start again without it.');
  }
  return { createdAt, id };
}

/**
 * A page of rows that were read one further than `limit`.
 */
export function pageOf<Row extends Key, Item>(rows: readonly Row[], limit: number, item: (row: Row) => Item) {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(item),
    ...(rows.length > limit && last && { nextCursor: cursorAfter(last) }),
  };
}
