/** The places and the turns of readers. */
import { expect, test } from '@jest/globals';
import { Admission } from '../../api/http/admission';
import { isDatabaseUnavailable, isStatementTimeout } from '../../api/http/database-errors';
import { asProblem } from '../../api/http/problem-handler';
import { Problem } from '../../api/http/problems';
import { Turns } from '../../api/http/turns';

const REJECTION = { problem: 'too-many-readers', detail: 'x' } as const;
const never = () => new Promise<void>(() => undefined);

test('a client takes at most its share of the places', () => {
  const places = new Admission(3, REJECTION, 2);
  void places.run(never, { client: 'a' });
  void places.run(never, { client: 'a' });
  expect(() => {
    places.requireCapacity('a');
  }).toThrow(Problem);
  places.requireCapacity('b');
  void places.run(never, { client: 'b' });
  expect(() => {
    places.requireCapacity('c');
  }).toThrow(Problem);
  expect(places.count).toBe(3);
});

test('a client has few requests beside a client with many', () => {
  const places = new Admission(100, REJECTION);
  const begin = (client: string, count: number) => {
    for (let each = 0; each < count; each += 1) void places.run(never, { client });
  };
  begin('few', 1);
  begin('other', 19);
  expect(places.hasFewBesideMany('few')).toBe(false);
  begin('other', 1);
  expect(places.hasFewBesideMany('few')).toBe(true);
  expect(places.hasFewBesideMany('other')).toBe(false);
  begin('few', 10);
  expect(places.hasFewBesideMany('few')).toBe(false);
});

test('no client has few requests once the other has ended', async () => {
  const places = new Admission(100, REJECTION);
  void places.run(never, { client: 'few' });
  const ends: (() => void)[] = [];
  const others = Array.from({ length: 20 }, () =>
    places.run(() => new Promise<void>((resolve) => ends.push(resolve)), { client: 'other' }),
  );
  expect(places.hasFewBesideMany('few')).toBe(true);
  ends.pop()?.();
  await others.pop();
  expect(places.hasFewBesideMany('few')).toBe(false);
});

test('a caller that leaves frees its place at once, and once, although its work goes on', async () => {
  const places = new Admission(1, REJECTION);
  const caller = new AbortController();
  let finish = (): void => undefined;
  const work = places.run(() => new Promise<void>((resolve) => (finish = resolve)), {
    client: 'a',
    left: caller.signal,
  });
  expect(places.count).toBe(1);
  caller.abort();
  expect(places.count).toBe(0);
  const next = places.run(never, { client: 'a' });
  finish();
  await work;
  expect(places.count).toBe(1);
  void next;
  await expect(places.run(never, { left: AbortSignal.abort() })).rejects.toThrow(Problem);
});

test('few readers continue at once; many in turns, in the order of arrival', async () => {
  const turns = new Turns({ readers: 2, busyReaders: 2, everyMs: 20 });
  const order: number[] = [];
  const began = performance.now();
  const at = Array.from({ length: 7 }, async (_, index) => {
    await turns.next();
    order.push(index);
    return performance.now() - began;
  });
  await Promise.resolve();
  await Promise.resolve();
  expect(order).toEqual([0, 1]);
  const times = await Promise.all(at);
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6]);
  // Two in each of the next turns: the last one in the third.
  expect(times[6]).toBeGreaterThanOrEqual(45);
});

test('fewer continue while the event loop is busy, and none is forgotten', async () => {
  const turns = new Turns({ readers: 4, busyReaders: 1, everyMs: 20 });
  const at: number[] = [];
  const all = Array.from({ length: 10 }, async () => {
    await turns.next();
    at.push(performance.now());
  });
  // Keeps the loop busy until all have had their turn.
  while (at.length < 10) {
    const until = performance.now() + 15;
    while (performance.now() < until);
    await new Promise(setImmediate);
  }
  await Promise.all(all);
  // Four at once, and then one in each turn, not four.
  expect(Number(at[9]) - Number(at[0])).toBeGreaterThanOrEqual(5 * 20 - 5);
});

test('a reader that leaves does not wait for its turn, and takes nobody else’s', async () => {
  const turns = new Turns({ readers: 1, busyReaders: 1, everyMs: 60_000 });
  await turns.next();
  const caller = new AbortController();
  const left = turns.next(caller.signal);
  caller.abort();
  await left;
  await turns.next(AbortSignal.abort());
});

test('a read beyond its time limit is a problem of its own', () => {
  const error = Object.assign(new Error('canceling statement due to statement timeout'), {
    name: 'PrismaClientKnownRequestError',
    code: 'P2010',
    meta: { code: '57014' },
    cause: Object.assign(new Error('x'), { originalCode: '57014' }),
  });
  expect([isStatementTimeout(error), isDatabaseUnavailable(error)]).toEqual([true, true]);
  expect(asProblem(error).problem).toBe('read-timeout');
});
