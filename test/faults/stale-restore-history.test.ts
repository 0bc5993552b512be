/**
 * A service's database is restored from an older backup under an order history that has followed it further: the history
 * detects it, drops what the service has lost, keeps what the feed has only pruned, and applies later events.
 */
import { afterEach, expect, test } from '@jest/globals';
import { historySchema } from '../../api/order-history/history-json';
import { rebuildView } from '../../projections/order-history/rebuild';
import { createHistoryDatabase } from '../../prisma/history/client';
import { backUp } from '../support/backups';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { operatorCommand } from '../support/operator-command';
import { allowConnections, refuseConnections } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

class Shop {
  constructor(
    readonly system: TestSystem,
    readonly customer: string,
  ) {}

  async order(): Promise<string> {
    const { status, body } = await placeOrder(this.system.url, this.customer, '1.00', WAIT);
    expect([status, body['state']]).toEqual([201, 'APPROVED']);
    return String(body['orderId']);
  }

  async cancel(orderId: string): Promise<void> {
    const { status } = await call(`${this.system.url}/orders/${orderId}/cancel`, 'POST', undefined, WAIT);
    expect(status).toBe(200);
  }

  async history() {
    return historySchema.parse((await this.read()).body);
  }

  read() {
    return call(`${this.system.url}/customers/${this.customer}/order-history`, 'GET');
  }

  /** States by order, as the history has them; none while it does not know the customer. */
  async states(): Promise<Record<string, string>> {
    const { status, body } = await this.read();
    if (status === 404) return {};
    const { orders } = historySchema.parse(body);
    return Object.fromEntries(orders.items.map(({ orderId, state }) => [orderId, state]));
  }

  async until(states: Record<string, string>): Promise<void> {
    const wanted = JSON.stringify(Object.entries(states).sort());
    let found = '';
    await eventually(async () => {
      found = JSON.stringify(Object.entries(await this.states()).sort());
      return found === wanted ? true : undefined;
    }, 40_000).catch(() => undefined);
    expect(found).toBe(wanted);
  }

  async events(orderId: string): Promise<string[]> {
    const { orders } = await this.history();
    const found = orders.items.find((order) => order.orderId === orderId)?.events ?? [];
    return found.map(({ type }) => type).sort();
  }
}

async function open(): Promise<Shop> {
  const system = await startSystem({ history: true });
  ends.push(() => system.stop());
  return new Shop(system, await newCustomer(system.url, '100.00'));
}

const VIEW = `SELECT to_jsonb(v) - 'generation' AS row FROM order_views v
  UNION ALL SELECT to_jsonb(c) - 'generation' FROM customer_views c ORDER BY 1`;

test.each(['is behind where the history was', 'has gone past where the history was'] as const)(
  'the order database was restored, and its feed %s',
  async (feed) => {
    const shop = await open();
    const { system } = shop;
    const { adminOrderUrl, adminHistoryUrl, historyUrl } = system.databases;
    const pruned = await shop.order();
    await shop.until({ [pruned]: 'APPROVED' });
    await rowsOf(adminOrderUrl, "UPDATE outbox SET published_at = now() - interval '2 days'");
    expect(await rowsOf(adminOrderUrl, "SELECT prune_outbox('1 day', 100) AS pruned")).toEqual([
      { pruned: 2 },
    ]);
    const kept = await shop.order();
    await shop.until({ [pruned]: 'APPROVED', [kept]: 'APPROVED' });
    const backup = await backUp(adminOrderUrl, 'order');
    const lost = [await shop.order(), await shop.order()];
    await shop.cancel(kept);
    const before = { [pruned]: 'APPROVED', [kept]: 'CANCELLED' };
    await shop.until({ ...before, ...Object.fromEntries(lost.map((id) => [id, 'APPROVED'])) });
    const { generation } = (await shop.history()).asOf;

    const goesPast = feed === 'has gone past where the history was';
    if (goesPast) await refuseConnections(adminHistoryUrl);
    await backup.restore();
    await eventually(async () =>
      (await call(`${system.url}/orders`, 'GET')).status === 200 ? true : undefined,
    );
    const since = goesPast
      ? [await shop.order(), await shop.order(), await shop.order(), await shop.order()]
      : [];
    if (goesPast) await allowConnections(adminHistoryUrl);
    const restored = { [pruned]: 'APPROVED', [kept]: 'APPROVED' };
    await shop.until({ ...restored, ...Object.fromEntries(since.map((id) => [id, 'APPROVED'])) });

    // Pruned events are not lost; of the lost orders, the customer service's events remain.
    expect(await shop.events(pruned)).toEqual(['CreditReserved', 'OrderApproved', 'OrderCreated']);
    expect(await shop.events(kept)).toEqual([
      'CreditReleased',
      'CreditReserved',
      'OrderApproved',
      'OrderCreated',
    ]);
    const reserved = `${String(1 + lost.length + since.length)}.00`;
    expect((await shop.history()).customer.reserved.amount).toBe(reserved);
    const gone = await rowsOf(adminHistoryUrl, 'SELECT subject, type FROM lost_events ORDER BY received_id');
    expect(gone.map(({ subject, type }) => [subject, type])).toEqual([
      ...lost.flatMap((id) => [
        [id, 'OrderCreated'],
        [id, 'OrderApproved'],
      ]),
      [kept, 'OrderCancellationRequested'],
      [kept, 'OrderCancelled'],
    ]);
    const current = await eventually(async () => {
      const { asOf } = await shop.history();
      return asOf.time === null ? undefined : asOf;
    });
    expect(current.generation).toBeGreaterThan(generation);

    const view = await rowsOf(adminHistoryUrl, VIEW);
    const db = createHistoryDatabase(historyUrl);
    await rebuildView(db, () => undefined);
    await db.$disconnect();
    expect(await rowsOf(adminHistoryUrl, VIEW)).toEqual(view);

    // The history follows further events, and after the repair all agree.
    const env = {
      ORDER_DATABASE_URL: system.databases.orderUrl,
      CUSTOMER_DATABASE_URL: system.databases.customerUrl,
      ORDER_HISTORY_DATABASE_URL: historyUrl,
      TEMPORAL_ADDRESS: system.settings.temporal?.address ?? '',
      TEMPORAL_NAMESPACE: system.settings.temporal?.namespace ?? '',
    };
    await operatorCommand('repair', ['--apply', '--grace', '0.5'], env);
    await shop.until({
      [pruned]: 'APPROVED',
      [kept]: 'CANCELLED',
      ...Object.fromEntries([...lost, ...since].map((id) => [id, 'APPROVED'])),
    });
    const { code, stdout } = await operatorCommand('audit', ['--grace', '2'], env);
    expect([code, stdout]).toEqual([0, expect.any(String)]);
  },
  180_000,
);

test('the customer database was restored: its events are dropped, and the feed of the order database is followed', async () => {
  const shop = await open();
  const { adminCustomerUrl, adminHistoryUrl } = shop.system.databases;
  const first = await shop.order();
  await shop.until({ [first]: 'APPROVED' });
  const backup = await backUp(adminCustomerUrl, 'customer');
  const second = await shop.order();
  await shop.until({ [first]: 'APPROVED', [second]: 'APPROVED' });
  // The customer service's event may arrive after the order's: an event that was never read is not lost.
  await eventually(async () => ((await shop.events(second)).includes('CreditReserved') ? true : undefined));
  await backup.restore();
  const recovered = await eventually(async () => {
    const { customer, asOf } = await shop.history();
    return customer.reserved.amount === '1.00' && asOf.time !== null ? customer : undefined;
  }, 40_000);
  expect(recovered.reserved.amount).toBe('1.00');
  expect(await shop.events(second)).toEqual(['OrderApproved', 'OrderCreated']);
  expect(await rowsOf(adminHistoryUrl, 'SELECT source, type, subject FROM lost_events')).toEqual([
    { source: expect.stringMatching(/\/customer-service$/), type: 'CreditReserved', subject: second },
  ]);
}, 120_000);
