import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { EVENT_DOCS_PATH, eventDocs } from '../../tools/local/event-docs';
import { EVENT_VERSIONS } from '../../domain/events';
import { BadCursor, decodeCursor, encodeCursor } from '../../events/cursor';
import { EVENT_TYPE_NAMES, EVENT_TYPES, schemaOf } from '../../events/event-types';
import { forgedCursor } from '../support/forged-cursor';

test.each(EVENT_TYPE_NAMES)('the example of %s matches its schema exactly', (type) => {
  const { data, example } = EVENT_TYPES[type];
  expect(data.parse(example)).toEqual(example);
  expect(data.safeParse({ ...example, customerId: 'somebody' }).success).toBe(false);
});

test.each(EVENT_TYPE_NAMES)('every version of %s up to the current one has a schema', (type) => {
  const version = EVENT_VERSIONS[type];
  for (let each = 1; each <= version; each++) expect(schemaOf(EVENT_TYPES[type], each)).toBeDefined();
  expect(schemaOf(EVENT_TYPES[type], version)).toBe(EVENT_TYPES[type].data);
  expect(schemaOf(EVENT_TYPES[type], version + 1)).toBeUndefined();
});

test('the schemas of earlier versions are unchanged', () => {
  const [first, second, third] = [
    z.object({ a: z.int() }),
    z.object({ b: z.int() }),
    z.object({ c: z.int() }),
  ];
  const schemas = [1, 2, 3, 4].map((version) => schemaOf({ data: third, earlier: [first, second] }, version));
  expect(schemas).toEqual([first, second, third, undefined]);
});

test('docs/events.md is current (if not: npm run docs:events)', () => {
  expect(readFileSync(EVENT_DOCS_PATH, 'utf8')).toBe(eventDocs());
});

const feedId = '019f0000-0000-7000-8000-000000000001';

test('a cursor decodes to its positions; other texts are refused', () => {
  const positions = {
    '/order-service': { feedId, position: 12n },
    '/customer-service': { feedId, position: 0n },
  };
  const cursor = encodeCursor(positions);
  expect(decodeCursor(cursor)).toEqual(positions);
  expect(decodeCursor(encodeCursor({}))).toEqual({});
  for (const wrong of ['', 'abc', `${cursor}A`, cursor.slice(1), cursor.toLowerCase()])
    expect(() => decodeCursor(wrong)).toThrow(BadCursor);
});

test.each([
  '',
  '{',
  'null',
  '[]',
  '{"/parcel-service":["019f0000-0000-7000-8000-000000000001","1"]}',
  '{"/order-service":["somewhere","1"]}',
  '{"/order-service":["019f0000-0000-7000-8000-000000000001","-1"]}',
])('a correct digest does not make %p a cursor', (content) => {
  expect(() => decodeCursor(forgedCursor(content))).toThrow(BadCursor);
});
