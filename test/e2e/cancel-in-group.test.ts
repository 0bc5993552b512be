/** One order of a group is cancelled, also while the group waits for an unavailable customer service. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { call, eventually, newCustomer, placeOrder } from '../support/http';
import { rowsOf } from '../support/databases';
import { becomesClean } from '../support/invariants';
import { startSystem, type TestSystem } from '../support/system';

const ORDERS = 40;

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ placement: 'distributed' });
});
afterAll(() => system.stop());

interface Row {
  readonly id: string;
  readonly saga: string;
  readonly state: string;
  readonly reason: string;
}

async function orders(): Promise<readonly Row[]> {
  const rows = await rowsOf(
    system.databases.adminOrderUrl,
    `SELECT id, saga_id AS saga, state, coalesce(cancellation_reason, 'none') AS reason
     FROM orders ORDER BY created_at, id`,
  );
  return rows.map(({ id, saga, state, reason }) => ({
    id: String(id),
    saga: String(saga),
    state: String(state),
    reason: String(reason),
  }));
}

test('the other orders of the group are not affected, and are approved when the service has recovered', async () => {
  const customer = await newCustomer(system.url, '100.00');
  await system.stopCustomerService();
  await Promise.all(Array.from({ length: ORDERS }, () => placeOrder(system.url, customer, '1.00')));
  const placed = await orders();
  const saga = placed.find(({ saga: each }) => each.startsWith('orders-'))?.saga ?? 'no group';
  const group = placed.filter((each) => each.saga === saga);
  expect(saga).toMatch(new RegExp(`^orders-[0-9a-f-]{36}-${String(group.length)}$`));
  const [, cancelled] = group;
  if (!cancelled) throw new Error('the group has no second order');

  const answer = await call(`${system.url}/orders/${cancelled.id}/cancel`, 'POST', undefined, {
    Prefer: 'wait=10',
  });
  expect([answer.status, answer.body['state'], answer.body['cancellationReason']]).toEqual([
    200,
    'CANCELLED',
    'CUSTOMER_REQUEST',
  ]);
  expect(answer.body).toMatchObject({ links: { temporal: expect.stringContaining(saga) } });
  expect(await orders()).toEqual(
    placed.map((each) =>
      each.id === cancelled.id ? { ...each, state: 'CANCELLED', reason: 'CUSTOMER_REQUEST' } : each,
    ),
  );
  const events = 'SELECT aggregate_id FROM outbox WHERE sequence > 1';
  expect(await rowsOf(system.databases.adminOrderUrl, events)).toEqual([{ aggregate_id: cancelled.id }]);

  await system.startCustomerService();
  await eventually(async () =>
    (await orders()).every(({ state }) => state !== 'PENDING') ? true : undefined,
  );
  expect(await orders()).toEqual(
    placed.map((each) =>
      each.id === cancelled.id
        ? { ...each, state: 'CANCELLED', reason: 'CUSTOMER_REQUEST' }
        : { ...each, state: 'APPROVED' },
    ),
  );
  await becomesClean(system.databases);
}, 90_000);
