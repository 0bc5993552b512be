import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { createCustomer } from '../../activities/create-customer';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import type { CreditSteps, OrderRequest, OrderSteps } from '../../domain/contracts';
import type { CustomerEvents, OrderEvents } from '../../domain/events';
import { createCustomerDatabase, type CustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';

let databases: TestDatabases;
let orderDb: OrderDatabase;
let customerDb: CustomerDatabase;
let steps: OrderSteps & CreditSteps;

beforeAll(async () => {
  databases = await createTestDatabases();
  orderDb = createOrderDatabase(databases.orderUrl);
  customerDb = createCustomerDatabase(databases.customerUrl);
  steps = { ...createOrderActivities({ db: orderDb }), ...createCustomerActivities({ db: customerDb }) };
});
afterAll(async () => {
  await orderDb.$disconnect();
  await customerDb.$disconnect();
  await databases.drop();
});

const sagaId = 'order-test';

async function customerWith(limit: number): Promise<string> {
  const customerId = randomUUID();
  await createCustomer(customerDb, { customerId, name: 'Ada', creditLimitMinor: limit, currency: 'USD' });
  return customerId;
}

function orderOf(customerId: string, totalMinor = 100): OrderRequest {
  return { orderId: randomUUID(), customerId, totalMinor, currency: 'USD' };
}

async function events(url: string, orderId: string) {
  return rowsOf(url, 'SELECT sequence, type, data FROM outbox WHERE aggregate_id = $1 ORDER BY sequence', [
    orderId,
  ]);
}

async function reserved(customerId: string): Promise<number> {
  const { reservedMinor } = await customerDb.customer.findUniqueOrThrow({ where: { id: customerId } });
  return Number(reservedMinor);
}

/** Each step of an order on its way to APPROVED, asked for one order. */
const FORWARD = ['createPendingOrders', 'reserveCredit', 'approveOrders'] as const;
type Answers = { orderId: string; outcome: string }[];

async function ask(step: keyof typeof DONE, order: OrderRequest): Promise<string> {
  const { orderId } = order;
  const answers: Answers =
    step === 'cancelOrders'
      ? await steps.cancelOrders({ sagaId, items: [{ orderId, reason: 'CREDIT_CHECK_FAILED' }] })
      : await steps[step]({ sagaId, items: [order] });
  return answers[0]?.outcome ?? 'none';
}

const DONE = {
  createPendingOrders: 'created',
  reserveCredit: 'reserved',
  approveOrders: 'approved',
  cancelOrders: 'cancelled',
  releaseCredit: 'released',
};

test.each([
  [['createPendingOrders']],
  [['createPendingOrders', 'reserveCredit']],
  [['createPendingOrders', 'reserveCredit', 'approveOrders']],
  [['createPendingOrders', 'cancelOrders']],
  [['createPendingOrders', 'reserveCredit', 'cancelOrders', 'releaseCredit']],
  [['releaseCredit']],
] as (keyof typeof DONE)[][][])(
  '%j: the last step twenty times at once and once more changes things once',
  async (path) => {
    const order = orderOf(await customerWith(1_000));
    const last = path.at(-1);
    if (!last) throw new Error('empty path');
    for (const step of path.slice(0, -1)) expect(await ask(step, order)).toBe(DONE[step]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(last, order)));
    // Somebody else may be at the same row: those ask again, as a saga does.
    for (const answer of answers) expect([DONE[last], 'busy']).toContain(answer);
    expect(answers).toContain(DONE[last]);
    expect(await ask(last, order)).toBe(DONE[last]);
    const all = [
      ...(await events(databases.adminOrderUrl, order.orderId)),
      ...(await events(databases.adminCustomerUrl, order.orderId)),
    ];
    expect(all).toHaveLength(path.length);
    expect(await reserved(order.customerId)).toBe(
      path.includes('reserveCredit') && !path.includes('releaseCredit') ? 100 : 0,
    );
  },
);

test('the same order id with other content is told apart by every step that carries content', async () => {
  const order = orderOf(await customerWith(1_000));
  for (const step of FORWARD) await ask(step, order);
  for (const other of [
    { ...order, totalMinor: 101 },
    { ...order, currency: 'EUR' },
    { ...order, customerId: await customerWith(1_000) },
  ]) {
    expect(await ask('createPendingOrders', other)).toBe('conflict');
    expect(await ask('reserveCredit', other)).toBe('conflict');
    expect(await ask('releaseCredit', other)).toBe('conflict');
  }
  expect(await reserved(order.customerId)).toBe(100);
});

test('an order belongs to the saga that created it', async () => {
  const order = orderOf(await customerWith(1_000));
  await ask('createPendingOrders', order);
  const other = { sagaId: 'order-other', items: [order] };
  expect(await steps.createPendingOrders(other)).toEqual([
    { orderId: order.orderId, outcome: 'owned-by-other', sagaId },
  ]);
  expect(await steps.approveOrders(other)).toEqual([
    { orderId: order.orderId, outcome: 'wrong-state', state: 'MISSING' },
  ]);
});

test('a late reserve after its release finds the tombstone and loses', async () => {
  const order = orderOf(await customerWith(1_000));
  expect(await ask('releaseCredit', order)).toBe('released');
  expect(await ask('reserveCredit', order)).toBe('released');
  expect(await reserved(order.customerId)).toBe(0);
  expect(await events(databases.adminCustomerUrl, order.orderId)).toMatchObject([
    { sequence: 1, type: 'CreditReleased', data: { heldMinor: 0 } },
  ]);
});

test('reserve races release, many times: at the end nothing is held', async () => {
  for (let round = 0; round < 30; round++) {
    const order = orderOf(round % 2 ? await customerWith(1_000) : randomUUID());
    const release = async () => {
      while ((await ask('releaseCredit', order)) === 'busy');
    };
    await Promise.all([ask('reserveCredit', order), release(), ask('reserveCredit', order)]);
    const [row] = await rowsOf(
      databases.adminCustomerUrl,
      'SELECT status, version FROM credit_reservations WHERE order_id = $1',
      [order.orderId],
    );
    expect(['RELEASED', 'REJECTED']).toContain(row?.['status']);
    expect(await events(databases.adminCustomerUrl, order.orderId)).toHaveLength(Number(row?.['version']));
    if (round % 2) expect(await reserved(order.customerId)).toBe(0);
  }
});

test('a list is decided in its order, and each order by itself', async () => {
  const [rich, poor] = [await customerWith(1_000), await customerWith(150)];
  const european = { ...orderOf(rich), currency: 'EUR' };
  const orders = [
    orderOf(poor, 100),
    orderOf(rich),
    orderOf(poor, 100),
    orderOf(randomUUID()),
    european,
    orderOf(poor, 50),
  ];
  const results = await steps.reserveCredit({ sagaId, items: orders });
  const told = new Map(
    results.map((result) => [result.orderId, 'reason' in result ? result.reason : result.outcome]),
  );
  expect(orders.map(({ orderId }) => told.get(orderId))).toEqual([
    'reserved',
    'reserved',
    'INSUFFICIENT_CREDIT',
    'UNKNOWN_CUSTOMER',
    'CURRENCY_MISMATCH',
    'reserved',
  ]);
  expect([await reserved(rich), await reserved(poor)]).toEqual([100, 150]);
});

test('forty groups race for one customer, never over the limit and exactly as many as fit', async () => {
  const customer = await customerWith(5_050);
  const groups = Array.from({ length: 40 }, () => Array.from({ length: 5 }, () => orderOf(customer)));
  const outcomes = await Promise.all(
    groups.map(async (orders) => {
      let waiting = orders;
      const settled: string[] = [];
      while (waiting.length > 0) {
        const results = await steps.reserveCredit({ sagaId, items: waiting });
        settled.push(...results.filter(({ outcome }) => outcome !== 'busy').map(({ outcome }) => outcome));
        const busy = new Set(
          results.filter(({ outcome }) => outcome === 'busy').map(({ orderId }) => orderId),
        );
        waiting = waiting.filter(({ orderId }) => busy.has(orderId));
      }
      return settled;
    }),
  );
  const all = outcomes.flat();
  expect([all.filter((o) => o === 'reserved').length, all.filter((o) => o === 'rejected').length]).toEqual([
    50, 150,
  ]);
  expect(await reserved(customer)).toBe(5_000);
});

test('a customer whose row is locked is busy, and the others in the list are served', async () => {
  const [locked, free] = [await customerWith(1_000), await customerWith(1_000)];
  const holder = new Client({ connectionString: databases.adminCustomerUrl });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [locked]);
  const orders = [orderOf(locked), orderOf(free)];
  const results = await steps.reserveCredit({ sagaId, items: orders });
  expect(results.map(({ outcome }) => outcome).sort()).toEqual(['busy', 'reserved']);
  await holder.query('ROLLBACK');
  await holder.end();
  expect((await steps.reserveCredit({ sagaId, items: orders })).map(({ outcome }) => outcome)).toEqual([
    'reserved',
    'reserved',
  ]);
});

test('a step for one order or for forty is one commit on its database', async () => {
  for (const count of [1, 40]) {
    const orders = await Promise.all(
      Array.from({ length: count }, async () => orderOf(await customerWith(1_000))),
    );
    const outboxBefore = await rowsOf(databases.adminOrderUrl, 'SELECT DISTINCT transaction_id FROM outbox');
    await steps.createPendingOrders({ sagaId, items: orders });
    await steps.reserveCredit({ sagaId, items: orders });
    await steps.approveOrders({ sagaId, items: orders });
    const outboxAfter = await rowsOf(databases.adminOrderUrl, 'SELECT DISTINCT transaction_id FROM outbox');
    expect(outboxAfter.length - outboxBefore.length).toBe(2);
    const ids = orders.map(({ orderId }) => orderId);
    const credit = await rowsOf(
      databases.adminCustomerUrl,
      'SELECT DISTINCT transaction_id FROM outbox WHERE aggregate_id = ANY ($1)',
      [ids],
    );
    expect(credit).toHaveLength(1);
  }
});

test('the events hold what a consumer needs, in the shapes that the domain says', async () => {
  const order = orderOf(await customerWith(1_000));
  for (const step of FORWARD) await ask(step, order);
  const { orderId, customerId, totalMinor: amountMinor, currency } = order;
  const facts = { orderId, customerId, amountMinor, currency };
  const created: OrderEvents['OrderCreated'] = { ...facts, state: 'PENDING' };
  const approved: OrderEvents['OrderApproved'] = { ...facts, state: 'APPROVED' };
  const credited: CustomerEvents['CreditReserved'] = facts;
  expect(await events(databases.adminOrderUrl, orderId)).toEqual([
    { sequence: 1, type: 'OrderCreated', data: created },
    { sequence: 2, type: 'OrderApproved', data: approved },
  ]);
  expect(await events(databases.adminCustomerUrl, orderId)).toEqual([
    { sequence: 1, type: 'CreditReserved', data: credited },
  ]);
});

test('each of several orders that are given up at once has a decision and an event of its own', async () => {
  const orders = [orderOf(randomUUID()), orderOf(randomUUID()), orderOf(randomUUID())];
  const items = orders.map((order) => ({
    ...order,
    givingUp: {
      ...{ id: randomUUID(), step: 'release credit', by: 'grace', reason: 'OPS-1742' },
      at: '2026-11-28T12:00:00.000Z',
    },
  }));
  for (const asked of [items, items.slice(0, 2), items])
    expect(await steps.giveUpOrders({ sagaId, items: asked })).toEqual(
      asked.map(({ orderId }) => ({ orderId, outcome: 'given-up' })),
    );
  for (const { orderId, customerId, totalMinor: amountMinor, currency, givingUp } of items) {
    const { id, ...decision } = givingUp;
    expect(
      await rowsOf(
        databases.adminOrderUrl,
        'SELECT id, saga_id, step, by, reason FROM given_up_steps WHERE order_id = $1',
        [orderId],
      ),
    ).toEqual([{ id, saga_id: sagaId, step: decision.step, by: decision.by, reason: decision.reason }]);
    expect(await events(databases.adminOrderUrl, id)).toEqual([
      {
        ...{ sequence: 1, type: 'SagaStepGivenUp' },
        data: { orderId, customerId, amountMinor, currency, ...decision },
      },
    ]);
  }
});
