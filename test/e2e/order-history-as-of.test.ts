/** `asOf` of the order history: it never claims more than is known, whichever service is unavailable. */
import { afterEach, expect, test } from '@jest/globals';
import { publishEvents } from '../../events/publish';
import type { SqlDatabase } from '../../events/sql';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase } from '../../prisma/order/client';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem, type TestSystemOptions } from '../support/system';

interface AsOf {
  readonly time: string | null;
  readonly lagMs: number | null;
}

/** Cleanup of what a test started, last first, also after a failure. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function begin(options: TestSystemOptions): Promise<TestSystem> {
  const system = await startSystem({ ...options, history: true });
  ends.push(() => system.stop());
  return system;
}

async function history({ url }: TestSystem, customer: string, includes?: string | null) {
  const query = includes == null ? '' : `?includes=${encodeURIComponent(includes)}`;
  const { status, headers, body } = await call(
    `${url}/customers/${customer}/order-history${query}`,
    'GET',
    undefined,
    WAIT,
  );
  return {
    status,
    isIncluded: headers.get('Preference-Applied') !== null,
    asOf: body['asOf'] as AsOf,
    reserved: (body['customer'] as { reserved: { amount: string } } | undefined)?.reserved.amount,
  };
}

const timeOf = ({ time }: AsOf) => (time === null ? Number.NaN : Date.parse(time));

/** @param nudge publishes an event, so that the consumer does not wait for one until the feed's timeout */
async function untilFollowed(
  system: TestSystem,
  customer: string,
  to: number,
  nudge?: () => Promise<unknown>,
): Promise<void> {
  await eventually(async () => {
    await nudge?.();
    const { status, asOf } = await history(system, customer);
    return status === 200 && timeOf(asOf) >= to ? true : undefined;
  });
}

/** Expects a time of at most `since`, and a lag that matches it. */
function expectBehind(asOf: AsOf, since: number): void {
  const now = Date.now();
  expect(timeOf(asOf)).toBeLessThanOrEqual(since);
  expect(asOf.lagMs).toBeLessThanOrEqual(now - timeOf(asOf));
  expect(timeOf(asOf) + Number(asOf.lagMs)).toBeGreaterThan(since);
}

test('while a service is unavailable, the history does not claim to be current, whatever the other service publishes', async () => {
  const system = await begin({ placement: 'distributed' });
  const customer = await newCustomer(system.url, '10.00');
  await untilFollowed(system, customer, Date.now(), () => newCustomer(system.url, '1.00'));
  await system.stopCustomerService();
  const away = Date.now();
  const placed = await placeOrder(system.url, customer, '1.00');
  const order = `"${String(placed.body['orderId'])}.1"`;
  const { isIncluded, asOf } = await history(system, customer, order);
  expect(isIncluded).toBe(true);
  expectBehind(asOf, away);
  await system.startCustomerService();
  await untilFollowed(system, customer, Date.now());
}, 120_000);

test('while no relay publishes the committed events of a service, the history does not claim to have them', async () => {
  const system = await begin({ outbox: { relaysHere: false, retentionMs: 3_600_000 } });
  const orders = createOrderDatabase(system.databases.orderUrl);
  const customers = createCustomerDatabase(system.databases.customerUrl);
  ends.push(() => Promise.all([orders.$disconnect(), customers.$disconnect()]));
  const publish = async (db: SqlDatabase) => {
    while ((await publishEvents(db, 100)) !== 0);
  };
  const publishAnother = async () => {
    await newCustomer(system.url, '1.00');
    await publish(customers);
    await publish(orders);
  };
  const customer = await newCustomer(system.url, '10.00');
  await publish(customers);
  await publish(orders);
  await untilFollowed(system, customer, Date.now(), publishAnother);

  const committed = Date.now();
  const placed = await placeOrder(system.url, customer, '1.00', WAIT);
  expect(placed.body['state']).toBe('APPROVED');
  await publish(customers);
  const asOf = await eventually(async () => {
    const shown = await history(system, customer);
    return shown.reserved === '1.00' ? shown.asOf : undefined;
  });
  expectBehind(asOf, committed);
  await publish(orders);
  await publish(customers);
  await untilFollowed(system, customer, committed, publishAnother);
  expect((await history(system, customer, placed.headers.get('ETag'))).isIncluded).toBe(true);
}, 120_000);
