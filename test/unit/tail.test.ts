/** Readers at the end of a log share its reads and its waits. */
import { expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import type { CloudEvent } from '../../events/cloud-event';
import { CursorOfLostEvents, type LogPosition } from '../../events/cursor';
import type { EventLog } from '../../events/event-log';
import { sequenceOf } from '../../events/sequence';
import { Tail } from '../../events/tail';
import { Notifier } from '../../platform/notifier';
import { BASE_URI } from '../support/event-base';
import { eventually } from '../support/http';

const FEED = newUuid();
const SUBJECTS = [newUuid(), newUuid()] as const;
const EVENTS_MAX = 10;
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

/** A log in memory that counts its reads and its waits. */
class CountedLog implements EventLog {
  readonly source = '/order-service';
  readonly events: CloudEvent[] = [];
  readonly published = new Notifier();
  reads = 0;
  waits = 0;
  failure: Error | undefined;

  publish(count: number): void {
    for (let each = 0; each < count; each++) {
      const position = this.events.length + 1;
      this.events.push({
        specversion: '1.0',
        id: `e${String(position)}`,
        source: `${BASE_URI}${this.source}`,
        type: position % 2 === 0 ? 'OrderApproved' : 'OrderCreated',
        subject: SUBJECTS[position % 2 === 0 ? 0 : 1],
        time: '2026-01-01T00:00:00.000Z',
        datacontenttype: 'application/json',
        dataschema: `${BASE_URI}/event-schemas/OrderCreated/1`,
        partitionkey: SUBJECTS[0],
        sequence: sequenceOf(BigInt(position)),
        aggregateversion: 1,
        traceparent: TRACEPARENT,
        data: {},
      });
    }
    this.published.notify();
  }

  read: EventLog['read'] = async (after, limit, { types, subject }) => {
    this.reads += 1;
    await Promise.resolve();
    if (this.failure) throw this.failure;
    const seen = this.published.count;
    const matching = this.events
      .filter(({ sequence }) => BigInt(sequence) > (after?.position ?? 0n))
      .filter(({ type }) => types?.includes(type) ?? true)
      .filter((event) => subject === undefined || event.subject === subject);
    const events = matching.slice(0, limit);
    const last = events.length < limit ? this.events.at(-1) : events.at(-1);
    return {
      events,
      end: { feedId: FEED, position: BigInt(last?.sequence ?? 0), eventId: last?.id },
      completeTo: events.length < limit ? new Date(0) : undefined,
      startsAfter: 0n,
      more: (timeoutMs, signal) => {
        this.waits += 1;
        return this.published.wait(seen, timeoutMs, signal);
      },
    };
  };
}

const NO_PAUSES = { eachReaderMs: 0, longestMs: 0 };

function tailOf(log: CountedLog, freshMs = 0): Tail {
  return new Tail(log, { eventsMax: EVENTS_MAX, freshMs, pauses: NO_PAUSES });
}

const at = (position: number): LogPosition => ({
  feedId: FEED,
  position: BigInt(position),
  ...(position > 0 && { eventId: `e${String(position)}` }),
});

test('it reads as the log does, from every position, with every filter and limit', async () => {
  const log = new CountedLog();
  const tail = tailOf(log);
  for (const published of [0, 3, 1, 30, 2]) {
    log.publish(published);
    await tail.read(undefined, 100, {});
    for (let from = 0; from <= log.events.length; from++)
      for (const filter of [{}, { types: ['OrderApproved'] }, { subject: SUBJECTS[1] }, { types: [] }])
        for (const limit of [1, 2, 100]) {
          const expected = await log.read(at(from), limit, filter);
          const page = await tail.read(at(from), limit, filter);
          const more = expect.any(Function);
          expect([from, filter, limit, page]).toEqual([from, filter, limit, { ...expected, more }]);
        }
  }
});

test('a thousand readers that wait: one wait, and one read for each publication', async () => {
  const log = new CountedLog();
  log.publish(3);
  const tail = tailOf(log, 60_000);
  await tail.read(undefined, 100, {});
  const before = log.reads;
  const readers = Array.from({ length: 1_000 }, async () => {
    const page = await tail.read(at(3), 100, {});
    await page.more(30_000, new AbortController().signal);
    return (await tail.read(page.end, 100, {})).events.map(({ id }) => id);
  });
  await eventually(() => Promise.resolve(log.waits > 0 ? true : undefined));
  log.publish(2);
  expect(await Promise.all(readers)).toEqual(readers.map(() => ['e4', 'e5']));
  expect([log.reads - before, log.waits]).toEqual([1, 1]);
});

test('the wait of the process ends with the last reader, and begins again with the next', async () => {
  const log = new CountedLog();
  const tail = tailOf(log);
  await tail.read(undefined, 100, {});
  for (const round of [1, 2, 3]) {
    const over = new AbortController();
    const page = await tail.read(at(round - 1), 100, {});
    const left = page.more(30_000, over.signal);
    over.abort();
    await left;
    const next = (await tail.read(at(round - 1), 100, {})).more(30_000, new AbortController().signal);
    log.publish(1);
    await next;
  }
});

test('a position that is not in memory is the matter of the log: another feed, another event, a later one', async () => {
  const log = new CountedLog();
  log.publish(5);
  const tail = tailOf(log, 60_000);
  await tail.read(undefined, 100, {});
  for (const position of [
    { ...at(5), feedId: newUuid() },
    { ...at(5), eventId: 'x' },
    at(6),
    at(1),
    undefined,
  ]) {
    const before = log.reads;
    await tail.read(position, 100, {});
    expect([position, log.reads - before]).toEqual([position, 1]);
  }
});

test('when the log fails, waiting readers are woken and get its error; afterwards they share again', async () => {
  const log = new CountedLog();
  log.publish(1);
  const tail = tailOf(log);
  await tail.read(undefined, 100, {});
  const page = await tail.read(at(1), 100, {});
  const woken = page.more(30_000, new AbortController().signal);
  log.failure = new CursorOfLostEvents('is of events that are lost');
  log.published.notify();
  await woken;
  await expect(tail.read(page.end, 100, {})).rejects.toThrow(CursorOfLostEvents);
  log.failure = undefined;
  expect((await tail.read(at(1), 100, {})).events).toEqual([]);
  expect((await tail.read(at(1), 100, {})).events).toEqual([]);
});

test.each([
  [1, 20],
  [3, 60],
  [50, 100],
])('%i readers that wait get events at most every %i ms', async (readers, pauseMs) => {
  const log = new CountedLog();
  const pauses = { eachReaderMs: 20, longestMs: 100 };
  const tail = new Tail(log, { eventsMax: EVENTS_MAX, freshMs: 0, pauses });
  await tail.read(undefined, 100, {});
  const times: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const page = await tail.read(at(log.events.length), 100, {});
    const waits = Array.from({ length: readers }, () => page.more(5_000, new AbortController().signal));
    // The first pause counts from the read before, however long ago that was.
    log.publish(1);
    await Promise.all(waits);
    times.push(performance.now());
  }
  const [first = 0, , , last = 0] = times;
  expect(last - first).toBeGreaterThanOrEqual(3 * pauseMs - 15);
  // One reader does not wait as long as fifty do.
  if (readers === 1) expect(last - first).toBeLessThan(3 * pauses.longestMs);
});
