/** Schemas that several resources use. A schema validates, types and documents a request or an answer. */
import { z } from 'zod';
import { cursorAfter } from './pagination';

/** 100 orders, about 40 KB: bounds the cost of one read. */
const PAGE_MAX = 100;
const PAGE_DEFAULT = 20;

/** Lower case, as in the database: an id has one spelling, and a resource one path. */
export const idSchema = z
  .guid('must be a UUID')
  .toLowerCase()
  .meta({ examples: ['01a2099b-7834-710d-82ac-86033c7036d1'] });

export const idParameters = z.strictObject({ id: idSchema });

/** ISO 8601 in UTC with milliseconds. */
export const timeSchema = z.iso.datetime({ precision: 3 });

/** A query has only texts. Clients and their generators need the number that it stands for. */
const DOCUMENTED_AS_NUMBER = { type: 'integer', pattern: undefined };

/** The query parameter `limit`, 1 to `max`. */
export function limitSchema(max: number, fallback: number) {
  return z
    .string()
    .regex(/^\d{1,3}$/, `must be a whole number from 1 to ${String(max)}`)
    .transform(Number)
    .pipe(z.int().min(1).max(max))
    .default(fallback)
    .meta({
      ...DOCUMENTED_AS_NUMBER,
      minimum: 1,
      maximum: max,
      description: `Default: ${String(fallback)}.`,
    });
}

/** Cursors are opaque: of their form, clients see only that they need no encoding in a URL. */
export const CURSOR_PATTERN = '^[A-Za-z0-9_-]+$';

const CURSOR_EXAMPLE = cursorAfter({
  createdAt: new Date('2026-11-23T18:11:53.956Z'),
  id: '01a2099b-7834-710d-82ac-86033c7036d1',
});

/** The query parameters of a keyset page. */
export const pageParameters = {
  limit: limitSchema(PAGE_MAX, PAGE_DEFAULT),
  cursor: z
    .string()
    .max(200)
    .optional()
    .meta({
      description: '`nextCursor` of the previous page.',
      pattern: CURSOR_PATTERN,
      examples: [CURSOR_EXAMPLE],
    }),
};
