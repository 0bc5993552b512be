import { expect, test } from '@jest/globals';
import { cursorAfter, pageOf, readCursor } from '../../api/http/pagination';

const row = (number: number) => ({
  createdAt: new Date(1_800_000_000_000 + number),
  id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
});

test('a cursor names the last row, in characters that a URL needs not escape', () => {
  const cursor = cursorAfter(row(7));
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(readCursor(cursor)).toEqual(row(7));
});

const encoded = (text: string) => Buffer.from(text).toString('base64url');

test.each([
  ['nothing', ''],
  ['no base64', '%%%'],
  ['another text', encoded('hello')],
  ['an impossible time', encoded(`2026-13-45T00:00:00.000Z ${row(1).id}`)],
  ['a bad id', encoded(`2026-01-01T00:00:00.000Z ${'-'.repeat(36)}`)],
  ['SQL', encoded(`2026-01-01T00:00:00.000Z ' OR 1=1 --`)],
])('a cursor of %s is refused', (_name, cursor) => {
  expect(() => readCursor(cursor)).toThrow('start again without it');
});

test('a page has at most `limit` items, and a cursor only when there are more', () => {
  const rows = [row(3), row(2), row(1)];
  const id = ({ id }: { id: string }) => id;
  expect(pageOf(rows, 2, id)).toEqual({ items: [row(3).id, row(2).id], nextCursor: cursorAfter(row(2)) });
  expect(pageOf(rows, 3, id)).toEqual({ items: rows.map(id), nextCursor: null });
  expect(pageOf([], 3, id)).toEqual({ items: [], nextCursor: null });
});
