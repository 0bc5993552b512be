/** Events that the order history cannot apply: they are set aside and shown, and only their subject waits. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { historySchema } from '../../api/order-history/history-json';
import { rebuildView } from '../../projections/order-history/rebuild';
import { createHistoryDatabase } from '../../prisma/history/client';
import type { Placement } from '../../saga/contract';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { eventuallyInHistory, including, readOrderHistory } from '../support/order-history';
import { hold } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem({ placement, history: true });
  });
  afterAll(() => system.stop());

  test('events before a poison event of the same subject keep their effect, even in the same page', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const orderId = randomUUID();
    const facts = { orderId, customerId: customer, amountMinor: 100, currency: 'USD' };
    await readOrderHistory(system.url, customer, including(`"${customer}.1"`), WAIT);
    const held = await hold(system.databases.adminHistoryUrl, 'LOCK TABLE order_views IN SHARE MODE');
    await rowsOf(
      system.databases.adminOrderUrl,
      `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data)
       VALUES ('order', $1, 1, 'OrderCreated', $2), ('order', $1, 2, 'OrderApproved', $3)`,
      [orderId, { ...facts, state: 'PENDING' }, { ...facts, state: 'EATEN' }],
    );
    const admin = system.databases.adminHistoryUrl;
    const waits = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'order_views'::regclass";
    await eventually(async () => ((await rowsOf(admin, waits)).length > 0 ? true : undefined));
    // A reader that sees the event set aside also sees all events before it.
    expect(await rowsOf(admin, 'SELECT FROM received_events WHERE subject = $1', [orderId])).toEqual([]);
    await held.release();
    const asked = `${system.url}/customers/${customer}/order-history${including(`"${orderId}.2"`)}`;
    const { headers, body } = await eventually(async () => {
      const answer = await call(asked, 'GET', undefined, WAIT);
      return historySchema.parse(answer.body).asOf.setAside > 0 ? answer : undefined;
    });
    // The event was set aside, so waiting does not help.
    expect(headers.get('Preference-Applied')).toBeNull();
    expect(historySchema.parse(body).orders.items).toMatchObject([
      { orderId, state: 'PENDING', events: [{ type: 'OrderCreated' }] },
    ]);
    expect(
      (await call(asked.replace('.2%22', '.1%22'), 'GET', undefined, WAIT)).headers.get('Preference-Applied'),
    ).toBe('wait=20');
    await rowsOf(
      system.databases.adminHistoryUrl,
      `UPDATE received_events SET set_aside_reason = NULL WHERE subject = '${orderId}'`,
    );
  });

  test('an event of an unknown type is kept, shown and changes nothing; later events are applied', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const shipped = await placeOrder(system.url, customer, '1.00', WAIT);
    const orderId = String(shipped.body['orderId']);
    await rowsOf(
      system.databases.adminOrderUrl,
      `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data)
       VALUES ('order', $1, 3, 'OrderShipped', '{"parcel":"P-17"}')`,
      [orderId],
    );
    const types = await eventuallyInHistory(system.url, customer, ({ orders }) => {
      const found = orders.items[0]?.events.map(({ type }) => type) ?? [];
      return found.includes('OrderShipped') ? found : undefined;
    });
    expect(types.sort()).toEqual(['CreditReserved', 'OrderApproved', 'OrderCreated', 'OrderShipped']);
    const later = await placeOrder(system.url, customer, '1.00', WAIT);
    const { orders } = await readOrderHistory(
      system.url,
      customer,
      including(later.headers.get('ETag')),
      WAIT,
    );
    expect(orders.items.map(({ state }) => state)).toEqual(['APPROVED', 'APPROVED']);
  });

  test('a poison event is set aside and shown, and only its subject waits; after the fix a rebuild applies it', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const orderId = randomUUID();
    const insert = (sequence: number, type: string, data: object) =>
      rowsOf(
        system.databases.adminOrderUrl,
        "INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data) VALUES ('order', $1, $2, $3, $4)",
        [orderId, sequence, type, data],
      );
    const facts = { orderId, customerId: customer, amountMinor: 100, currency: 'USD' };
    await insert(1, 'OrderCreated', { ...facts, state: 'PENDING', amountMinor: 'much' });
    await insert(2, 'OrderApproved', { ...facts, state: 'APPROVED' });
    const placed = await placeOrder(system.url, customer, '1.00', WAIT);
    const { orders } = await readOrderHistory(
      system.url,
      customer,
      including(placed.headers.get('ETag')),
      WAIT,
    );
    expect(orders.items.map((order) => order.orderId)).toEqual([placed.body['orderId']]);
    const shown = await eventuallyInHistory(system.url, customer, ({ asOf }) =>
      asOf.setAside === 2 ? asOf : undefined,
    );
    expect(shown.setAsideFirst).toEqual([
      {
        source: expect.stringMatching(/^http.*\/order-service$/),
        id: expect.any(String),
        type: 'OrderCreated',
        reason: expect.stringMatching(/^amountMinor: /),
      },
      {
        source: expect.stringMatching(/^http.*\/order-service$/),
        id: expect.any(String),
        type: 'OrderApproved',
        reason: 'an earlier event of the same subject was set aside',
      },
    ]);
    const reasons = await rowsOf(
      system.databases.adminHistoryUrl,
      'SELECT set_aside_reason AS reason FROM received_events WHERE set_aside_reason IS NOT NULL ORDER BY received_id',
    );
    expect(reasons.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^amountMinor: /),
      'an earlier event of the same subject was set aside',
    ]);
    // As if the code had been fixed and understood the event.
    await rowsOf(
      system.databases.adminHistoryUrl,
      `UPDATE received_events SET data = jsonb_set(data, '{amountMinor}', '100') WHERE subject = '${orderId}'`,
    );
    const db = createHistoryDatabase(system.databases.historyUrl);
    await rebuildView(db, () => undefined);
    await db.$disconnect();
    const after = await readOrderHistory(system.url, customer);
    expect([after.asOf.setAside, after.orders.items.map((order) => order.orderId).includes(orderId)]).toEqual(
      [0, true],
    );
  });
});
