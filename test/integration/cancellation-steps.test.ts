/** The order's row decides a cancellation: what requests it, how often, and what runs at the same time do not matter. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { createOrderActivities } from '../../activities/order';
import type { OrderNotice, OrderSteps } from '../../domain/contracts';
import { cancelSagaWorkflowId } from '../../domain/names';
import type { CancellationReason } from '../../domain/order';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';

/** Of the saga that places all orders here. */
const sagaId = 'orders-test';

let databases: TestDatabases;
let db: OrderDatabase;
let steps: OrderSteps;
const notices: OrderNotice[] = [];

beforeAll(async () => {
  databases = await createTestDatabases();
  db = createOrderDatabase(databases.orderUrl);
  steps = createOrderActivities({ db, notify: (notice) => notices.push(notice) });
});
beforeEach(() => {
  notices.length = 0;
});
afterAll(async () => {
  await db.$disconnect();
  await databases.drop();
});

async function pending(): Promise<string> {
  const orderId = randomUUID();
  const order = { orderId, customerId: randomUUID(), totalMinor: 100, currency: 'USD' };
  await steps.createPendingOrders({ sagaId, items: [order] });
  return orderId;
}

async function approved(): Promise<string> {
  const orderId = await pending();
  expect(await approve(orderId)).toMatchObject({ outcome: 'approved' });
  return orderId;
}

/** Repeats a step of one order while another transaction holds its row, as a saga does. */
async function answered<Result extends { readonly outcome: string }>(
  step: () => Promise<Result[]>,
): Promise<Result> {
  for (;;) {
    const [result] = await step();
    if (!result) throw new Error('a step without a result');
    if (result.outcome !== 'busy') return result;
  }
}

const approve = (orderId: string) => answered(() => steps.approveOrders({ sagaId, items: [{ orderId }] }));
const cancel = (orderId: string, reason: CancellationReason, by = sagaId) =>
  answered(() => steps.cancelOrders({ sagaId: by, items: [{ orderId, reason }] }));
const request = (orderId: string, cancellationKey?: string, by = cancelSagaWorkflowId(orderId)) =>
  answered(() => steps.requestCancellations({ sagaId: by, items: [{ orderId, cancellationKey }] }));

async function rowOf(orderId: string) {
  const [row] = await rowsOf(
    databases.adminOrderUrl,
    `SELECT state, cancellation_reason AS reason, cancellation_key AS key, version, saga_id AS owner FROM orders WHERE id = $1`,
    [orderId],
  );
  return row;
}

/** Each event, with the saga that wrote it and the reason in its data. */
async function eventsOf(orderId: string): Promise<unknown[][]> {
  const rows = await rowsOf(
    databases.adminOrderUrl,
    `SELECT sequence, type, data->>'state' AS state, data->>'reason' AS reason, saga_id FROM outbox
     WHERE aggregate_id = $1 ORDER BY sequence`,
    [orderId],
  );
  return rows.map((row, index) => {
    expect(row['sequence']).toBe(index + 1);
    return [row['type'], row['state'], row['reason'], row['saga_id']];
  });
}

const CREATED = ['OrderCreated', 'PENDING', null, sagaId];
const APPROVED = ['OrderApproved', 'APPROVED', null, sagaId];
const requested = (by: string) => ['OrderCancellationRequested', 'CANCELLING', null, by];
const cancelled = (by: string, reason = 'CUSTOMER_REQUEST') => ['OrderCancelled', 'CANCELLED', reason, by];

test('a PENDING order is cancelled at once by its cancelOrderSaga', async () => {
  const [orderId, key] = [await pending(), randomUUID()];
  notices.length = 0;
  const answer = { orderId, outcome: 'cancelled', reason: 'CUSTOMER_REQUEST' };
  expect(await request(orderId, key)).toEqual(answer);
  expect(await rowOf(orderId)).toEqual({
    ...{ state: 'CANCELLED', reason: 'CUSTOMER_REQUEST', key, version: 2, owner: sagaId },
  });
  expect(await eventsOf(orderId)).toEqual([CREATED, cancelled(cancelSagaWorkflowId(orderId))]);
  expect(notices).toMatchObject([{ orderId, kind: 'decided', state: 'CANCELLED', version: 2 }]);
  // Its createOrderSaga finds that out at its next step, whichever that is.
  expect(await approve(orderId)).toEqual({ orderId, outcome: 'wrong-state', state: 'CANCELLED' });
  expect(await cancel(orderId, 'CREDIT_CHECK_TIMEOUT')).toEqual(answer);
  // cancelOrderSaga also asks for its last step where nothing is left to do.
  expect(await cancel(orderId, 'CUSTOMER_REQUEST', cancelSagaWorkflowId(orderId))).toEqual(answer);
  expect(await eventsOf(orderId)).toHaveLength(2);
});

test('an APPROVED order is CANCELLING until its cancelOrderSaga finishes', async () => {
  const [orderId, key] = [await approved(), randomUUID()];
  const by = cancelSagaWorkflowId(orderId);
  notices.length = 0;
  expect(await request(orderId, key)).toEqual({ orderId, outcome: 'cancelling' });
  expect(await rowOf(orderId)).toEqual({
    ...{ state: 'CANCELLING', reason: null, key, version: 3, owner: sagaId },
  });
  expect(await approve(orderId)).toEqual({ orderId, outcome: 'wrong-state', state: 'CANCELLING' });
  expect(await cancel(orderId, 'CUSTOMER_REQUEST', by)).toMatchObject({ outcome: 'cancelled' });
  expect(await rowOf(orderId)).toMatchObject({
    state: 'CANCELLED',
    reason: 'CUSTOMER_REQUEST',
    key,
    version: 4,
  });
  expect(await eventsOf(orderId)).toEqual([CREATED, APPROVED, requested(by), cancelled(by)]);
  expect(notices.map((notice) => 'state' in notice && [notice.state, notice.version])).toEqual([
    ['CANCELLING', 3],
    ['CANCELLED', 4],
  ]);
});

test.each([
  ['PENDING', pending, { outcome: 'cancelled', reason: 'CUSTOMER_REQUEST' }, 2],
  ['APPROVED', approved, { outcome: 'cancelling' }, 3],
])('%s: twenty requests at once and one more change things once', async (_state, placed, answer, version) => {
  const orderId = await placed();
  const answers = await Promise.all(Array.from({ length: 20 }, () => request(orderId, randomUUID())));
  for (const each of answers) expect(each).toEqual({ orderId, ...answer });
  const before = await rowOf(orderId);
  expect(await request(orderId, randomUUID())).toEqual({ orderId, ...answer });
  expect(await rowOf(orderId)).toEqual(before);
  expect(before).toMatchObject({ version });
  expect(await eventsOf(orderId)).toHaveLength(version);
});

test('the key of the first request is kept, also when the cancellation is finished', async () => {
  const first = randomUUID();
  for (const orderId of [await pending(), await approved()]) {
    const by = cancelSagaWorkflowId(orderId);
    await request(orderId, first);
    await request(orderId, randomUUID());
    expect(await rowOf(orderId)).toMatchObject({ key: first });
    await cancel(orderId, 'CUSTOMER_REQUEST', by);
    await request(orderId, randomUUID());
    expect(await rowOf(orderId)).toMatchObject({ state: 'CANCELLED', key: first });
  }
});

test('a request races the approval, many times: the order takes one way, and both steps are answered by it', async () => {
  for (let round = 0; round < 40; round++) {
    const orderId = await pending();
    const by = cancelSagaWorkflowId(orderId);
    const both = [() => approve(orderId), () => request(orderId)] as const;
    const [approval, cancellation] =
      round % 2 === 0
        ? await Promise.all([both[0](), both[1]()])
        : (await Promise.all([both[1](), both[0]()])).reverse();
    const events = await eventsOf(orderId);
    if (approval?.outcome === 'approved') {
      expect(cancellation).toEqual({ orderId, outcome: 'cancelling' });
      expect(events).toEqual([CREATED, APPROVED, requested(by)]);
    } else {
      expect(approval).toEqual({ orderId, outcome: 'wrong-state', state: 'CANCELLED' });
      expect(cancellation).toEqual({ orderId, outcome: 'cancelled', reason: 'CUSTOMER_REQUEST' });
      expect(events).toEqual([CREATED, cancelled(by)]);
    }
  }
});

test('a request races the cancellation for another reason: both have the reason of the one that won', async () => {
  for (let round = 0; round < 40; round++) {
    const orderId = await pending();
    const by = cancelSagaWorkflowId(orderId);
    const answers = await Promise.all([request(orderId), cancel(orderId, 'CREDIT_CHECK_FAILED')]);
    const reason = String((await rowOf(orderId))?.['reason']);
    for (const answer of answers) expect(answer).toEqual({ orderId, outcome: 'cancelled', reason });
    const winner = reason === 'CUSTOMER_REQUEST' ? by : sagaId;
    expect(await eventsOf(orderId)).toEqual([CREATED, cancelled(winner, reason)]);
  }
});

test('an order that was cancelled for another reason answers with that reason, and stays as it is', async () => {
  const orderId = await pending();
  await cancel(orderId, 'INSUFFICIENT_CREDIT');
  const before = await rowOf(orderId);
  expect(await request(orderId, randomUUID())).toEqual({
    ...{ orderId, outcome: 'cancelled', reason: 'INSUFFICIENT_CREDIT' },
  });
  expect(await rowOf(orderId)).toEqual(before);
  expect(before).toMatchObject({ key: null, version: 2 });
  expect(await eventsOf(orderId)).toEqual([CREATED, cancelled(sagaId, 'INSUFFICIENT_CREDIT')]);
});

test('each way to CANCELLED starts from its own state, also in one list', async () => {
  const [open, decided, locked, other] = [
    await pending(),
    await approved(),
    await approved(),
    await pending(),
  ];
  await request(locked);
  const of = async (items: readonly (readonly [string, CancellationReason])[]) => {
    const asked = items.map(([orderId, reason]) => ({ orderId, reason }));
    const results = await steps.cancelOrders({ sagaId, items: asked });
    const said = results.map((result): [string, string] => [
      result.orderId,
      'state' in result ? result.state : result.outcome,
    ]);
    return items.map(([orderId]) => new Map(said).get(orderId));
  };
  expect(
    await of([
      [open, 'CUSTOMER_REQUEST'],
      [decided, 'CREDIT_CHECK_TIMEOUT'],
      [decided, 'CUSTOMER_REQUEST'],
      [locked, 'CREDIT_CHECK_TIMEOUT'],
    ]),
  ).toEqual(['PENDING', 'APPROVED', 'APPROVED', 'CANCELLING']);
  expect(
    await of([
      [other, 'UNKNOWN_CUSTOMER'],
      [locked, 'CUSTOMER_REQUEST'],
    ]),
  ).toEqual(['cancelled', 'cancelled']);
  expect(await eventsOf(other)).toEqual([CREATED, cancelled(sagaId, 'UNKNOWN_CUSTOMER')]);
  expect((await eventsOf(locked)).slice(3)).toEqual([cancelled(sagaId)]);
});

test('only its owner and the saga that is named after it may cancel an order', async () => {
  const [orderId, other] = [await pending(), await pending()];
  const missing = { orderId, outcome: 'wrong-state', state: 'MISSING' };
  for (const by of [cancelSagaWorkflowId(other), 'orders-other'])
    expect(await request(orderId, randomUUID(), by)).toEqual(missing);
  expect(await eventsOf(orderId)).toEqual([CREATED]);
  // Temporal's own Cancel reaches the owner.
  expect(await request(orderId, undefined, sagaId)).toMatchObject({ outcome: 'cancelled' });
  expect(await eventsOf(orderId)).toEqual([CREATED, cancelled(sagaId)]);
});

test('a row that another transaction holds is busy, and its neighbours are served', async () => {
  const [held, free] = [await pending(), await approved()];
  const items = [{ orderId: held }, { orderId: free }];
  const holder = new Client({ connectionString: databases.adminOrderUrl });
  await holder.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM orders WHERE id = $1 FOR UPDATE', [held]);
    const results = await steps.requestCancellations({ sagaId, items });
    expect(results.map(({ orderId, outcome }) => [orderId, outcome]).sort()).toEqual(
      [
        [held, 'busy'],
        [free, 'cancelling'],
      ].sort(),
    );
    expect(await eventsOf(held)).toEqual([CREATED]);
  } finally {
    await holder.end();
  }
  expect(await request(held)).toMatchObject({ outcome: 'cancelled' });
});
