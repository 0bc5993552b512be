/** The audit after pruning: it reports missing events, but no pruned ones. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Sql } from '@prisma/client/runtime/client';
import { v7 as newUuid } from 'uuid';
import { createCustomer } from '../../activities/create-customer';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import { audit } from '../../ops/audit/audit';
import { cancelSagaWorkflowId } from '../../domain/names';
import { pruneEvents, publishEvents } from '../../events/publish';
import type { SqlDatabase } from '../../events/sql';
import { createCustomerDatabase, type CustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';

const ALL = 1_000;

let databases: TestDatabases;
let orders: OrderDatabase;
let customers: CustomerDatabase;
let customerId: string;

beforeEach(async () => {
  databases = await createTestDatabases();
  orders = createOrderDatabase(databases.orderUrl);
  customers = createCustomerDatabase(databases.customerUrl);
  customerId = newUuid();
  await createCustomer(customers, { customerId, name: 'Ada', creditLimitMinor: 10_000, currency: 'USD' });
});
afterEach(async () => {
  await Promise.all([orders.$disconnect(), customers.$disconnect()]);
  await databases.drop();
});

const requestOf = (orderId: string) => ({ orderId, customerId, totalMinor: 100, currency: 'USD' });

/** As a saga does it. */
async function approved(): Promise<string> {
  const request = requestOf(newUuid());
  const asked = { sagaId: 'saga', items: [request] };
  const steps = { ...createOrderActivities({ db: orders }), ...createCustomerActivities({ db: customers }) };
  await steps.createPendingOrders(asked);
  await steps.reserveCredit(asked);
  expect(await steps.approveOrders(asked)).toEqual([{ orderId: request.orderId, outcome: 'approved' }]);
  return request.orderId;
}

async function cancel(orderId: string): Promise<void> {
  const asked = { sagaId: cancelSagaWorkflowId(orderId), items: [requestOf(orderId)] };
  const steps = { ...createOrderActivities({ db: orders }), ...createCustomerActivities({ db: customers }) };
  await steps.requestCancellations(asked);
  await steps.releaseCredit(asked);
  await steps.cancelOrders({ ...asked, items: [{ orderId, reason: 'CUSTOMER_REQUEST' }] });
}

async function publish(): Promise<void> {
  for (const db of [orders, customers]) await publishEvents(db, ALL);
}

async function prune(): Promise<void> {
  for (const db of [orders, customers]) await pruneEvents(db, 0, ALL);
}

async function found(db: SqlDatabase = orders): Promise<string[][]> {
  const { violations } = await audit(
    { databases: { orders: db, customers, history: undefined }, client: undefined },
    { graceMs: 0 },
  );
  return violations.map(({ subject, words }) => [subject, words]);
}

const remove = (url: string, orderId: string, sequence: number) =>
  rowsOf(url, 'DELETE FROM outbox WHERE aggregate_id = $1 AND sequence = $2', [orderId, sequence]);

test('pruned events are not missing: all events of an order, or the first ones', async () => {
  await approved();
  const later = await approved();
  await publish();
  await prune();
  expect(await found()).toEqual([]);
  await cancel(later);
  expect(await found()).toEqual([]);
  await publish();
  expect(await found()).toEqual([]);
});

test('later events are missing: a first one, a last one, one in the middle, all', async () => {
  await approved();
  await publish();
  await prune();
  await approved();
  await publish();
  const [first, last, between, none] = [
    await approved(),
    await approved(),
    await approved(),
    await approved(),
  ];
  await publish();
  await cancel(between);
  await remove(databases.adminOrderUrl, first, 1);
  await remove(databases.adminOrderUrl, last, 2);
  await remove(databases.adminOrderUrl, between, 2);
  for (const sequence of [1, 2]) await remove(databases.adminOrderUrl, none, sequence);
  await remove(databases.adminCustomerUrl, none, 1);
  const expected = [
    [first, 'there is a gap before OrderApproved (2)'],
    [last, 'its row is not what its events say: state APPROVED, not PENDING; version 2, not 1'],
    [between, 'there is a gap before OrderCancellationRequested (3)'],
    [none, 'it has no events'],
    [none, 'its reservation has no events'],
  ];
  expect((await found()).sort()).toEqual(expected.sort());
});

test('the first pruning while the audit runs', async () => {
  await approved();
  await publish();
  let pruned = false;
  const pruning: SqlDatabase = {
    $queryRaw: async <Rows>(query: Sql) => {
      // The row has been read, and its events are about to be.
      if (!pruned && /FROM outbox\s+WHERE aggregate_id = ANY/.test(query.sql)) {
        pruned = true;
        await prune();
      }
      return orders.$queryRaw<Rows>(query);
    },
  };
  expect(await found(pruning)).toEqual([]);
  expect(pruned).toBe(true);
});
