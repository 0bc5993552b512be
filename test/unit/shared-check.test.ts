/** How many checks the probes of a process cost, and what they report when a server fails and recovers. */
import { beforeEach, expect, test } from '@jest/globals';
import { readiness } from '../../api/operations/health';
import { SETTING_SHARED_MS, sharedCheck } from '../../api/operations/shared-check';

let nowMs: number;
let checks: number;
let answer: () => Promise<void>;

beforeEach(() => {
  [nowMs, checks] = [0, 0];
  answer = () => Promise.resolve();
});

/** Of a server that the tests let fail. */
function newCheck(sharedMs?: number) {
  return sharedCheck(
    () => {
      checks += 1;
      return answer();
    },
    { now: () => nowMs, ...(sharedMs !== undefined && { sharedMs }) },
  );
}

test('a minute of probes, one every 200 ms, costs one check in two seconds', async () => {
  const ready = readiness({ database: newCheck() });
  for (nowMs = 0; nowMs < 60_000; nowMs += 200)
    expect(await ready()).toEqual({ checks: { database: 'ok' }, reasons: {} });
  expect(checks).toBe(30);
});

test('what only an operator changes is asked every five seconds', async () => {
  const ready = readiness({ sagaRouting: newCheck(SETTING_SHARED_MS) });
  for (nowMs = 0; nowMs < 60_000; nowMs += 200) await ready();
  expect(checks).toBe(12);
});

test('an outage is reported within two seconds, and its end by the next probe', async () => {
  const ready = readiness({ database: newCheck() });
  const status = async () => (await ready()).checks['database'];
  expect(await status()).toBe('ok');
  answer = () => Promise.reject(new Error('refused'));
  nowMs = 2_000;
  expect(await status()).toBe('unavailable');
  answer = () => Promise.resolve();
  expect(await status()).toBe('ok');
  expect(checks).toBe(3);
});

test('concurrent probes share one check, also one that fails', async () => {
  answer = () => Promise.reject(new Error('refused'));
  const check = newCheck();
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => check()));
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  expect(checks).toBe(1);
});

test('a check that never ends answers the probes of its two seconds, and none after them', async () => {
  answer = () => new Promise(() => undefined);
  const check = newCheck();
  const first = check();
  nowMs = 1_900;
  const second = check();
  expect(await Promise.allSettled([first, second])).toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
  ]);
  expect(checks).toBe(1);
  answer = () => Promise.resolve();
  await check();
  expect(checks).toBe(2);
});

test('what a process knows of itself is asked by every probe', async () => {
  let stopping = false;
  const stop = () => (stopping ? Promise.reject(new Error('stopping')) : Promise.resolve());
  const ready = readiness({ database: newCheck(), process: stop });
  expect((await ready()).checks).toEqual({ database: 'ok', process: 'ok' });
  stopping = true;
  expect((await ready()).checks).toEqual({ database: 'ok', process: 'unavailable' });
});
