/** The order history: a view of both services' events, beside the same question answered by composition. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { historySchema } from '../../api/http/schemas';
import { encodeCursor } from '../../events/cursor';
import { createHistoryDatabase } from '../../prisma/history/client';
import { rebuildView } from '../../projections/order-history/rebuild';
import type { Placement } from '../../saga/contract';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { hold } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

type Story = ReturnType<typeof historySchema.parse>['orders']['items'][number];

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

  async function history(customer: string, query = '', headers: Record<string, string> = {}) {
    const answer = await call(
      `${system.url}/customers/${customer}/order-history${query}`,
      'GET',
      undefined,
      headers,
    );
    expect([answer.status, answer.body]).toEqual([200, answer.body]);
    return historySchema.parse(answer.body);
  }

  /** Page by page. */
  async function wholeHistory(customer: string) {
    const stories: Story[] = [];
    for (let query = '?limit=4'; ;) {
      const { customer: shown, orders } = await history(customer, query);
      stories.push(...orders.items);
      if (orders.nextCursor === null) return { customer: shown, stories };
      query = `?limit=4&cursor=${orders.nextCursor}`;
    }
  }

  /** Waits until the view has what the answer showed. */
  const including = (eTag: string | null) => `?includes=${encodeURIComponent(eTag ?? '')}`;

  test('read your own writes: an order that was just decided is in, with what it went through', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const placed = await placeOrder(system.url, customer, '4.00', WAIT);
    const tag = placed.headers.get('ETag');
    expect(tag).toBe(`"${String(placed.body['orderId'])}.2"`);
    const { orders } = await history(customer, including(tag), WAIT);
    expect(orders.items[0]).toMatchObject({
      orderId: placed.body['orderId'],
      orderTotal: { amount: '4.00', currency: 'USD' },
      state: 'APPROVED',
      createdAt: placed.body['createdAt'],
      updatedAt: placed.body['updatedAt'],
    });
    await eventually(async () => {
      const { customer: shown, orders: now } = await history(customer);
      const types = now.items[0]?.events.map(({ type }) => type).sort() ?? [];
      if (types.length < 3) return undefined;
      expect(types).toEqual(['CreditReserved', 'OrderApproved', 'OrderCreated']);
      expect(shown).toMatchObject({
        name: 'Ada',
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
    const after = await history(customer, including(cancelled.headers.get('ETag')), WAIT);
    expect(after.orders.items[0]).toMatchObject({
      state: 'CANCELLED',
      cancellationReason: 'CUSTOMER_REQUEST',
    });
  });

  test('a cursor of the feed is waited for too; what never comes is not waited for beyond the time', async () => {
    const customer = await newCustomer(system.url, '10.00');
    await placeOrder(system.url, customer, '1.00', WAIT);
    const cursor = await eventually(async () => {
      const { body } = await call(`${system.url}/events?subject=${customer}`, 'GET');
      return (body['items'] as unknown[]).length > 0 ? String(body['nextCursor']) : undefined;
    });
    expect((await history(customer, including(cursor), WAIT)).customer['customerId']).toBe(customer);
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

  test('when all is quiet the view and the composition agree, page by page', async () => {
    const customer = await newCustomer(system.url, '5.00');
    const answers = await Promise.all(
      Array.from({ length: 9 }, () => placeOrder(system.url, customer, '1.00', WAIT)),
    );
    for (const { headers } of answers) await history(customer, including(headers.get('ETag')), WAIT);
    await eventually(async () => {
      const { orders, ...composed } = (
        await call(`${system.url}/customers/${customer}?include=orders`, 'GET')
      ).body;
      const { items } = orders as { items: Record<string, unknown>[] };
      const { customer: shown, stories } = await wholeHistory(customer);
      const facts = ({ orderId, state, cancellationReason }: Partial<Story>) => [
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

  test('rebuilt while the system runs: every row is the same, and the generation tells them apart', async () => {
    const customer = await newCustomer(system.url, '100.00');
    const db = createHistoryDatabase(system.databases.historyUrl);
    const before = (await history(customer, including(`"${customer}.1"`), WAIT)).asOf.generation;
    const load = Array.from({ length: 40 }, () => placeOrder(system.url, customer, '1.00', WAIT));
    const rebuilt = await rebuildView(db, () => undefined);
    expect(rebuilt.generation).toBeGreaterThan(before);
    for (const { headers } of await Promise.all(load)) {
      const { asOf } = await history(customer, including(headers.get('ETag')), WAIT);
      expect(asOf.generation).toBe(rebuilt.generation);
    }
    await eventually(async () =>
      ((await history(customer)).customer['reserved'] as { amount: string }).amount === '40.00'
        ? true
        : undefined,
    );
    const kept = await rowsOf(system.databases.adminHistoryUrl, VIEW);
    const again = await rebuildView(db, () => undefined);
    expect(await rowsOf(system.databases.adminHistoryUrl, VIEW)).toEqual(kept);
    expect(await rowsOf(system.databases.adminHistoryUrl, 'SELECT number FROM generations')).toEqual([
      { number: again.generation },
    ]);
    await db.$disconnect();
  });

  test('what came before a poison event of the same subject, even in the same page, keeps its effect', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const orderId = randomUUID();
    const facts = { orderId, customerId: customer, amountMinor: 100, currency: 'USD' };
    await history(customer, including(`"${customer}.1"`), WAIT);
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
    // Whoever sees the one that was set aside sees what came before it.
    expect(await rowsOf(admin, 'SELECT FROM received_events WHERE subject = $1', [orderId])).toEqual([]);
    await held.release();
    const asked = `${system.url}/customers/${customer}/order-history${including(`"${orderId}.2"`)}`;
    const { headers, body } = await eventually(async () => {
      const answer = await call(asked, 'GET', undefined, WAIT);
      return historySchema.parse(answer.body).asOf.setAside > 0 ? answer : undefined;
    });
    // What was set aside is not in, and never will be by waiting.
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

  test('an event of a type that is not known yet is kept, shown, and changes nothing; what follows is taken in', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const shipped = await placeOrder(system.url, customer, '1.00', WAIT);
    const orderId = String(shipped.body['orderId']);
    await rowsOf(
      system.databases.adminOrderUrl,
      `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data)
       VALUES ('order', $1, 3, 'OrderShipped', '{"parcel":"P-17"}')`,
      [orderId],
    );
    const types = await eventually(async () => {
      const { orders } = await history(customer);
      const found = orders.items[0]?.events.map(({ type }) => type) ?? [];
      return found.includes('OrderShipped') ? found : undefined;
    });
    expect(types.sort()).toEqual(['CreditReserved', 'OrderApproved', 'OrderCreated', 'OrderShipped']);
    const later = await placeOrder(system.url, customer, '1.00', WAIT);
    const { orders } = await history(customer, including(later.headers.get('ETag')), WAIT);
    expect(orders.items.map(({ state }) => state)).toEqual(['APPROVED', 'APPROVED']);
  });

  test('a poison event is set aside and shown, and only its own subject waits; mended, a rebuild takes it in', async () => {
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
    const { orders } = await history(customer, including(placed.headers.get('ETag')), WAIT);
    expect(orders.items.map((order) => order.orderId)).toEqual([placed.body['orderId']]);
    const shown = await eventually(async () => {
      const { asOf } = await history(customer);
      return asOf.setAside === 2 ? asOf : undefined;
    });
    expect(shown.setAsideFirst).toEqual([
      {
        source: '/order-service',
        id: expect.any(String),
        type: 'OrderCreated',
        reason: expect.stringMatching(/^amountMinor: /),
      },
      {
        source: '/order-service',
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
    // As if the code had been mended so that it understands the event.
    await rowsOf(
      system.databases.adminHistoryUrl,
      `UPDATE received_events SET data = jsonb_set(data, '{amountMinor}', '100') WHERE subject = '${orderId}'`,
    );
    const db = createHistoryDatabase(system.databases.historyUrl);
    await rebuildView(db, () => undefined);
    await db.$disconnect();
    const after = await history(customer);
    expect([after.asOf.setAside, after.orders.items.map((order) => order.orderId).includes(orderId)]).toEqual(
      [0, true],
    );
  });
});
