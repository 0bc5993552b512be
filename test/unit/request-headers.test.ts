import { expect, test } from '@jest/globals';
import { validate, version } from 'uuid';
import { idToCreate } from '../../api/http/idempotency';
import { ANYBODY } from '../../api/http/principal';
import { preferredWaitSeconds } from '../../api/http/prefer';

test.each([
  [undefined, 0],
  ['', 0],
  ['wait=5', 5],
  ['WAIT=5', 5],
  ['wait = 5', 5],
  ['wait="5"', 5],
  ['respond-async, wait=10', 10],
  ['respond-async,wait=10;foo=bar', 10],
  ['wait=3, wait=9', 3],
  ['wait=31', 30],
  ['wait=99999999999999999999', 30],
  ['wait=0', 0],
  ['wait', 0],
  ['wait=', 0],
  ['wait=-1', 0],
  ['wait=1.5', 0],
  ['wait=five', 0],
  ['wait="5', 0],
  ['await=5', 0],
  ['return=minimal', 0],
])('Prefer: %j waits %i s', (header, seconds) => {
  expect(preferredWaitSeconds(header)).toBe(seconds);
});

test('without a key every id is new, and ids are ordered by time', () => {
  const ids = Array.from({ length: 100 }, () => idToCreate(ANYBODY, undefined, 'order'));
  expect(new Set(ids.map(({ id }) => id)).size).toBe(100);
  expect(ids.every(({ id, keyed }) => version(id) === 7 && !keyed)).toBe(true);
  expect(ids.map(({ id }) => id).sort()).toEqual(ids.map(({ id }) => id));
});

test('a key always gives the same id, but different ids for a customer and an order', () => {
  const { id, keyed } = idToCreate(ANYBODY, 'a-key', 'order');
  expect([validate(id), version(id), keyed]).toEqual([true, 5, true]);
  expect(idToCreate(ANYBODY, 'a-key', 'order').id).toBe(id);
  expect(idToCreate(ANYBODY, 'a-kez', 'order').id).not.toBe(id);
  expect(idToCreate(ANYBODY, 'a-key', 'customer').id).not.toBe(id);
  // The ids of keys that were sent long ago must not change with a release.
  expect(id).toBe('8905471d-ecb2-5dce-8dc0-5596bd248aaf');
});

test.each([['!'], ['~'], ['x'.repeat(255)], ['"quoted"']])('the key %j is valid', (key) => {
  expect(idToCreate(ANYBODY, key, 'order').keyed).toBe(true);
});

test.each([[''], [' '], ['a b'], ['a, a'], ['x'.repeat(256)], ['caf\u00e9'], ['tab\t'], ['nul\0']])(
  'the key %j is refused',
  (key) => {
    expect(() => idToCreate(ANYBODY, key, 'order')).toThrow('1 to 255 visible ASCII characters');
  },
);
