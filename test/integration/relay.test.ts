/** Relays and writers at once: a reader of the feed gets each event once, and in order. */
import { expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import type { CloudEvent } from '../../events/cloud-event';
import { publishEvents } from '../../events/publish';
import { ids, OrderOutbox } from '../support/order-outbox';
import { hold } from '../support/outages';

const outbox = new OrderOutbox();

test('a transaction that stays open across a thousand later events: each event is read once, in order', async () => {
  const { at } = await outbox.readOn(undefined);
  const late = newUuid();
  const open = await hold(
    outbox.databases.adminOrderUrl,
    `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, saga_id)
     SELECT 'order', $1::uuid, s, 'OrderCreated', '{}', 'saga' FROM generate_series(1, 3) s`,
    [late],
  );
  const first = ids(500);
  await outbox.place(first);
  await outbox.publishAll();
  const meanwhile = await outbox.readOn(at);
  expect(meanwhile.events.map(({ subject }) => subject).sort()).toEqual([...first].sort());

  const second = ids(500);
  await outbox.place(second);
  await open.release();
  await outbox.publishAll();
  const then = await outbox.readOn(meanwhile.at);
  expect(then.events.map(({ subject }) => subject).sort()).toEqual([...second, late, late, late].sort());
  expect(
    then.events.filter(({ subject }) => subject === late).map(({ aggregateversion }) => aggregateversion),
  ).toEqual([1, 2, 3]);
  const positions = [...meanwhile.events, ...then.events].map(({ sequence }) => Number(sequence));
  expect(positions).toEqual([...positions].sort((one, other) => one - other));
  expect(new Set(positions).size).toBe(1_003);
});

test('relays of several processes and writers at once: nothing is lost, doubled, or out of order', async () => {
  const { at } = await outbox.readOn(undefined);
  const orders = Array.from({ length: 20 }, () => ids(25));
  let writing = true;
  const relays = Array.from({ length: 3 }, async () => {
    while (writing) await publishEvents(outbox.db, 40);
  });
  const { steps } = outbox;
  await Promise.all(
    orders.map(async (group) => {
      await outbox.place(group);
      await steps.approveOrders({ sagaId: 'saga', items: group.map((orderId) => ({ orderId })) });
    }),
  );
  writing = false;
  await Promise.all(relays);
  await outbox.publishAll();
  const { events } = await outbox.readOn(at);
  expect(events).toHaveLength(1_000);
  const versions = new Map<string, number[]>();
  for (const { subject, aggregateversion } of events)
    versions.set(subject, [...(versions.get(subject) ?? []), aggregateversion]);
  expect([...versions.keys()].sort()).toEqual(orders.flat().sort());
  for (const each of versions.values()) expect(each).toEqual([1, 2]);
});

test('a client reads pages while relays publish concurrently: nothing is skipped, and nothing repeated', async () => {
  const start = (await outbox.readOn(undefined)).at;
  const orders = ids(1_500);
  let under = 4;
  const relays = Array.from({ length: 3 }, async () => {
    while (under > 1 || (await publishEvents(outbox.db, 20)) !== 0) await publishEvents(outbox.db, 20);
  });
  const writers = Array.from({ length: 3 }, async (_, writer) => {
    for (let from = writer * 500; from < (writer + 1) * 500; from += 10)
      await outbox.place(orders.slice(from, from + 10));
    under -= 1;
  });
  const seen: CloudEvent[] = [];
  let at = start;
  let pagesBeforeTheEnd = 0;
  while (seen.length < orders.length) {
    const page = await outbox.log.read(at, 7, {});
    seen.push(...page.events);
    at = page.end;
    if (under > 1 && page.events.length > 0) pagesBeforeTheEnd += 1;
  }
  await Promise.all([...writers, ...relays]);
  expect((await outbox.log.read(at, 7, {})).events).toEqual([]);
  expect(seen.map(({ subject }) => subject).sort()).toEqual([...orders].sort());
  const positions = seen.map(({ sequence }) => Number(sequence));
  expect(positions).toEqual([...positions].sort((one, other) => one - other));
  // It did read while they published.
  expect(pagesBeforeTheEnd).toBeGreaterThan(20);
}, 60_000);
