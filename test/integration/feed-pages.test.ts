/** The pages of the feed: every event as it was written, filters, and unavailable services. */
import { expect, test } from '@jest/globals';
import { sqltag as sql } from '@prisma/client/runtime/client';
import { v7 as newUuid } from 'uuid';
import { recordEvents } from '../../activities/outbox';
import { EVENT_VERSIONS } from '../../domain/events';
import { CursorOfLostEvents, encodeCursor } from '../../events/cursor';
import { databaseLog } from '../../events/event-log';
import { EventFeed } from '../../events/feed';
import { Notifier } from '../../platform/notifier';
import { createLogger } from '../../platform/logger';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { rowsOf } from '../support/databases';
import { BASE_URI, eventBase } from '../support/event-base';
import { ids, OrderOutbox } from '../support/order-outbox';
import { allowConnections, refuseConnections } from '../support/outages';

const LATER_STATE = { '/customer-service': { feedId: newUuid(), position: 1n } };

const outbox = new OrderOutbox();

test('an event of a type that this code does not know is passed on as it is', async () => {
  const [shipped = '', later = ''] = ids(2);
  const { at } = await outbox.readOn(undefined);
  const data = { orderId: shipped, parcel: 'P-17' };
  await rowsOf(
    outbox.databases.adminOrderUrl,
    `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, saga_id)
     VALUES ('order', $1, 1, 'OrderShipped', $2, 'ship-1')`,
    [shipped, data],
  );
  await outbox.place([later]);
  await outbox.publishAll();
  const { events } = await outbox.readOn(at);
  expect(events.map(({ type }) => type)).toEqual(['OrderShipped', 'OrderCreated']);
  expect(events[0]).toMatchObject({
    source: `${BASE_URI}/order-service`,
    subject: shipped,
    aggregateversion: 1,
    dataschema: `${BASE_URI}/event-schemas/OrderShipped/1`,
    correlationid: 'ship-1',
    data,
  });
});

test('an event has the version that it was written in, whatever the current version is', async () => {
  const [earlier = '', later = ''] = ids(2);
  const { at } = await outbox.readOn(undefined);
  await outbox.place([earlier]);
  const events = sql`SELECT 'order', ${later}::uuid, 1, 'OrderCreated', '{}'::jsonb, 'saga'`;
  await outbox.db.$queryRaw(recordEvents(events, { ...EVENT_VERSIONS, OrderCreated: 2 }));
  await outbox.publishAll();
  expect((await outbox.readOn(at)).events.map(({ subject, dataschema }) => [subject, dataschema])).toEqual([
    [earlier, `${BASE_URI}/event-schemas/OrderCreated/1`],
    [later, `${BASE_URI}/event-schemas/OrderCreated/2`],
  ]);
});

test('the feed omits an unavailable service, and logs it once until it has recovered', async () => {
  const said: Record<string, unknown>[] = [];
  const logger = createLogger('info', {
    write: (line) => {
      said.push(JSON.parse(line) as Record<string, unknown>);
    },
  });
  const customers = createCustomerDatabase(outbox.databases.customerUrl);
  const feed = new EventFeed(
    [outbox.log, databaseLog('/customer-service', customers, new Notifier(), eventBase)],
    logger,
  );
  const unavailable = async () => (await feed.read(undefined, 1)).unavailable;
  try {
    expect(await unavailable()).toEqual([]);
    for (const outage of [1, 2]) {
      await refuseConnections(outbox.databases.adminCustomerUrl);
      for (const _ of [1, 2, 3]) expect(await unavailable()).toEqual(['/customer-service']);
      await allowConnections(outbox.databases.adminCustomerUrl);
      expect(await unavailable()).toEqual([]);
      await expect(feed.read(encodeCursor(LATER_STATE), 1)).rejects.toThrow(
        'is from the feed of another database',
      );
      expect(said.map(({ level, source }) => [level, source])).toEqual(
        Array.from({ length: outage }, () => [
          [40, '/customer-service'],
          [30, '/customer-service'],
        ]).flat(),
      );
    }
  } finally {
    await customers.$disconnect();
  }
});

test('filters: a page is filled with matching events, and the next one skips the others', async () => {
  const [orderId = ''] = ids(1);
  const { at } = await outbox.readOn(undefined);
  await outbox.place([...ids(30), orderId, ...ids(30)]);
  await outbox.steps.approveOrders({ sagaId: 'saga', items: [{ orderId }] });
  await outbox.publishAll();
  const ofOrder = await outbox.log.read(at, 10, { subject: orderId });
  expect(ofOrder.events.map(({ type }) => type)).toEqual(['OrderCreated', 'OrderApproved']);
  expect((await outbox.log.read(ofOrder.end, 10, {})).events).toEqual([]);
  const approved = await outbox.log.read(at, 10, { types: ['OrderApproved'] });
  expect(approved.events.map(({ subject }) => subject)).toEqual([orderId]);
});

test('a cursor of another database, or of events that are lost, is refused', async () => {
  await outbox.place(ids(2));
  await outbox.publishAll();
  const { end } = await outbox.log.read(undefined, 1, {});
  await expect(outbox.log.read({ ...end, feedId: newUuid() }, 1, {})).rejects.toThrow(/another database/);
  for (const lost of [{ position: 1_000_000n }, { eventId: '1-1' }])
    await expect(outbox.log.read({ ...end, ...lost }, 1, {})).rejects.toThrow(CursorOfLostEvents);
  expect((await outbox.log.read(end, 1, {})).events).toHaveLength(1);
});
