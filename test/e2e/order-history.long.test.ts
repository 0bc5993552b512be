/** The order history, a view of both services' events, compared with API composition. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeCursor } from '../../events/cursor';
import { rebuildView } from '../../projections/order-history/rebuild';
import { createHistoryDatabase } from '../../prisma/history/client';
import type { Placement } from '../../saga/contract';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import {
  type CustomerHistory,
  eventuallyInHistory,
  including,
  readOrderHistory,
} from '../support/order-history';
import { startSystem, type TestSystem } from '../support/system';

type OrderJson = CustomerHistory['orders']['items'][number];

const VIEW = `SELECT to_jsonb(v) - 'generation' AS row FROM (SELECT * FROM order_views) v
  WHERE generation = (SELECT number FROM generations WHERE current)
  UNION ALL SELECT to_jsonb(c) - 'generation' FROM (SELECT * FROM customer_views) c
  WHERE generation = (SELECT number FROM generations WHERE current) ORDER BY 1`;

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem({ placement, history: true });
  });
  afterAll(() => system.stop());

  /** Page by page. */
  async function wholeHistory(customer: string) {
    const stories: OrderJson[] = [];
    for (let query = '?limit=4'; ;) {
      const { customer: shown, orders } = await readOrderHistory(system.url, customer, query);
      stories.push(...orders.items);
      if (orders.nextCursor === null) return { customer: shown, stories };
      query = `?limit=4&cursor=${orders.nextCursor}`;
    }
  }

  test('read your own writes: an order that was just decided is included, with its events', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const placed = await placeOrder(system.url, customer, '4.00', WAIT);
    const tag = placed.headers.get('ETag');
    expect(tag).toBe(`"${String(placed.body['orderId'])}.2"`);
    const { orders } = await readOrderHistory(system.url, customer, including(tag), WAIT);
    expect(orders.items[0]).toMatchObject({
      orderId: placed.body['orderId'],
      orderTotal: { amount: '4.00', currency: 'USD' },
      state: 'APPROVED',
      createdAt: placed.body['createdAt'],
      updatedAt: placed.body['updatedAt'],
    });
    await eventuallyInHistory(system.url, customer, ({ customer: shown, orders: now }) => {
      const types = now.items[0]?.events.map(({ type }) => type).sort() ?? [];
      if (types.length < 3) return undefined;
      expect(types).toEqual(['CreditReserved', 'OrderApproved', 'OrderCreated']);
      expect(shown).toMatchObject({
        reserved: { amount: '4.00' },
        available: { amount: '6.00' },
      });
      return true;
    });

    const cancelled = await call(
      `${system.url}/orders/${String(placed.body['orderId'])}/cancel`,
      'POST',
      undefined,
      WAIT,
    );
    expect(cancelled.headers.get('ETag')).toBe(`"${String(placed.body['orderId'])}.4"`);
    const after = await readOrderHistory(
      system.url,
      customer,
      including(cancelled.headers.get('ETag')),
      WAIT,
    );
    expect(after.orders.items[0]).toMatchObject({
      state: 'CANCELLED',
      cancellationReason: 'CUSTOMER_REQUEST',
    });
  });

  test('who waits for an order also waits for its customer, whose event comes from another service', async () => {
    const [customerId, orderId] = [randomUUID(), randomUUID()];
    const data = { orderId, customerId, amountMinor: 100, currency: 'USD', state: 'PENDING' };
    await rowsOf(
      system.databases.adminOrderUrl,
      `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data)
       VALUES ('order', $1, 1, 'OrderCreated', $2)`,
      [orderId, data],
    );
    const included = including(`"${orderId}.1"`);
    const applied = 'SELECT FROM order_views WHERE id = $1';
    await eventually(async () =>
      (await rowsOf(system.databases.adminHistoryUrl, applied, [orderId])).length > 0 ? true : undefined,
    );
    const path = `${system.url}/customers/${customerId}/order-history${included}`;
    expect((await call(path, 'GET')).status).toBe(404);
    const waiting = call(path, 'GET', undefined, WAIT);
    await rowsOf(
      system.databases.adminCustomerUrl,
      `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data)
       VALUES ('customer', $1, 1, 'CustomerCreated', $2)`,
      [customerId, { customerId, creditLimitMinor: 1_000, currency: 'USD' }],
    );
    const answer = await waiting;
    expect([answer.status, answer.headers.get('Preference-Applied')]).toEqual([200, 'wait=20']);
    await rowsOf(system.databases.adminOrderUrl, 'DELETE FROM outbox WHERE aggregate_id = $1', [orderId]);
  });

  test('the history waits for a cursor of the feed too, and not longer than requested', async () => {
    const customer = await newCustomer(system.url, '10.00');
    await placeOrder(system.url, customer, '1.00', WAIT);
    const cursor = await eventually(async () => {
      const { body } = await call(`${system.url}/events?subject=${customer}`, 'GET');
      return (body['items'] as unknown[]).length > 0 ? String(body['nextCursor']) : undefined;
    });
    expect(
      (await readOrderHistory(system.url, customer, including(cursor), WAIT)).customer['customerId'],
    ).toBe(customer);
    const never = await call(
      `${system.url}/customers/${customer}/order-history${including(`"${randomUUID()}.1"`)}`,
      'GET',
      undefined,
      { Prefer: 'wait=1' },
    );
    expect([never.status, never.headers.get('Preference-Applied')]).toEqual([200, null]);
    const elsewhere = encodeCursor({ '/order-service': { feedId: randomUUID(), position: 0n } });
    const ofAnother = await call(
      `${system.url}/customers/${customer}/order-history${including(elsewhere)}`,
      'GET',
      undefined,
      { Prefer: 'wait=1' },
    );
    expect([ofAnother.status, ofAnother.headers.get('Preference-Applied')]).toEqual([200, null]);
    const forged = await call(`${system.url}/customers/${customer}/order-history?includes=abc`, 'GET');
    expect([forged.status, forged.body['type']]).toEqual([400, '/problems/invalid-request']);
    expect((await call(`${system.url}/customers/${randomUUID()}/order-history`, 'GET')).status).toBe(404);
  });

  test('when the system is idle, the view and the composition agree, page by page', async () => {
    const customer = await newCustomer(system.url, '5.00');
    const answers = await Promise.all(
      Array.from({ length: 9 }, () => placeOrder(system.url, customer, '1.00', WAIT)),
    );
    for (const { headers } of answers)
      await readOrderHistory(system.url, customer, including(headers.get('ETag')), WAIT);
    await eventually(async () => {
      const {
        orders,
        name: _name,
        ...composed
      } = (await call(`${system.url}/customers/${customer}?include=orders`, 'GET')).body;
      const { items } = orders as { items: Record<string, unknown>[] };
      const { customer: shown, stories } = await wholeHistory(customer);
      const facts = ({ orderId, state, cancellationReason }: Partial<OrderJson>) => [
        orderId,
        state,
        cancellationReason,
      ];
      const [one, other] = [
        [composed, items.map(facts)],
        [shown, stories.map(facts)],
      ].map((all) => JSON.stringify(all));
      return one === other ? true : undefined;
    });
  });

  test('a rebuild while the system runs: every row is the same, and the generation increases', async () => {
    const customer = await newCustomer(system.url, '100.00');
    const db = createHistoryDatabase(system.databases.historyUrl);
    const before = (await readOrderHistory(system.url, customer, including(`"${customer}.1"`), WAIT)).asOf
      .generation;
    const load = Array.from({ length: 40 }, () => placeOrder(system.url, customer, '1.00', WAIT));
    const rebuilt = await rebuildView(db, () => undefined);
    expect(rebuilt.generation).toBeGreaterThan(before);
    for (const { headers } of await Promise.all(load)) {
      const { asOf } = await readOrderHistory(system.url, customer, including(headers.get('ETag')), WAIT);
      expect(asOf.generation).toBe(rebuilt.generation);
    }
    await eventuallyInHistory(system.url, customer, (now) =>
      now.customer.reserved.amount === '40.00' ? true : undefined,
    );
    const kept = await rowsOf(system.databases.adminHistoryUrl, VIEW);
    const again = await rebuildView(db, () => undefined);
    expect(await rowsOf(system.databases.adminHistoryUrl, VIEW)).toEqual(kept);
    expect(await rowsOf(system.databases.adminHistoryUrl, 'SELECT number FROM generations')).toEqual([
      { number: again.generation },
    ]);
    await db.$disconnect();
  });
});
