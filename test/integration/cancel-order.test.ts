/** The answers to cancellations, by the order's row. The row and the step are real; the saga only runs the step. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { createOrderActivities } from '../../activities/order';
import { cancelOrder, type Cancellation } from '../../api/orders/cancel-order';
import { Problem } from '../../api/http/problems';
import { CancellationUnconfirmed } from '../../api/orders/cancellation-starter';
import type { OrderNotice, OrderRequest, OrderToCancel } from '../../domain/contracts';
import { cancelSagaWorkflowId, sagaWorkflowId } from '../../domain/names';
import { KeyedWaiters } from '../../platform/keyed-waiters';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { eventually } from '../support/http';
import { hold } from '../support/outages';

let databases: TestDatabases;
let db: OrderDatabase;
const notices = new KeyedWaiters<OrderNotice>();
let steps: ReturnType<typeof createOrderActivities>;

beforeAll(async () => {
  databases = await createTestDatabases();
  db = createOrderDatabase(databases.orderUrl);
  steps = createOrderActivities({
    db,
    notify: (notice) => {
      notices.publish(notice.orderId, notice);
    },
  });
});
afterAll(async () => {
  await db.$disconnect();
  await databases.drop();
});

async function orderIn(state: 'PENDING' | 'APPROVED'): Promise<OrderRequest> {
  const order = { orderId: newUuid(), customerId: newUuid(), totalMinor: 100, currency: 'USD' };
  const sagaId = sagaWorkflowId([order.orderId]);
  await steps.createPendingOrders({ sagaId, items: [order] });
  if (state === 'APPROVED') await steps.approveOrders({ sagaId, items: [order] });
  return order;
}

/** `cancelOrderSaga`, as far as the order's row. */
async function decide({ orderId, cancellationKey }: OrderToCancel): Promise<void> {
  const sagaId = cancelSagaWorkflowId(orderId);
  await steps.requestCancellations({ sagaId, items: [{ orderId, cancellationKey }] });
}

/** Its end; like a saga it tries again while another step has the row. */
async function finish({ orderId }: OrderRequest): Promise<void> {
  const items = [{ orderId, reason: 'CUSTOMER_REQUEST' }] as const;
  await eventually(async () => {
    const [result] = await steps.cancelOrders({ sagaId: cancelSagaWorkflowId(orderId), items });
    return result?.outcome === 'cancelled' ? true : undefined;
  });
}

interface Request {
  readonly key?: string;
  readonly waitMs?: number;
  /** The work of the started saga, which runs asynchronously. */
  readonly saga?: (order: OrderToCancel) => Promise<void>;
}

/** @returns state and whether it is finished, or the problem's name */
async function cancel(
  { orderId }: Pick<OrderRequest, 'orderId'>,
  { key, waitMs = 0, saga = decide }: Request = {},
): Promise<[string, boolean] | string> {
  const cancellations = {
    start: (order: OrderToCancel) => {
      void saga(order);
      return Promise.resolve();
    },
  };
  const cancelling = { orderId, cancellationKey: key, waitMs };
  return cancelOrder({ db, cancellations, notices }, cancelling).then(
    ({ order: { state }, finished }: Cancellation) => [state, finished],
    (error: unknown) => {
      if (error instanceof Problem) return error.problem;
      throw error;
    },
  );
}

const ACCEPTED = ['CANCELLING', false];

test('PENDING becomes CANCELLED by this request; APPROVED becomes CANCELLING; each answer matches the row', async () => {
  expect(await cancel(await orderIn('PENDING'))).toEqual(['CANCELLED', false]);
  const approved = await orderIn('APPROVED');
  expect(await cancel(approved)).toEqual(ACCEPTED);
  expect(await db.order.findUnique({ where: { id: approved.orderId } })).toMatchObject({
    state: 'CANCELLING',
  });
  expect(await cancel({ orderId: newUuid() })).toBe('not-found');
});

test('a waiting request gets CANCELLED, or CANCELLING after its timeout', async () => {
  const order = await orderIn('APPROVED');
  const saga = async (asked: OrderToCancel) => {
    await decide(asked);
    await finish(asked);
  };
  expect(await cancel(order, { waitMs: 20_000, saga })).toEqual(['CANCELLED', true]);
  expect(await cancel(await orderIn('APPROVED'), { waitMs: 1 })).toEqual(ACCEPTED);
  expect(await cancel(await orderIn('PENDING'), { waitMs: 20_000 })).toEqual(['CANCELLED', true]);
});

test('the first key cancels the order; every other key is refused, then and later', async () => {
  const [order, key, other] = [await orderIn('APPROVED'), newUuid(), newUuid()];
  expect(await cancel(order, { key })).toEqual(ACCEPTED);
  expect(await cancel(order, { key: other })).toBe('order-cancelled');
  expect(await cancel(order, { key })).toEqual(ACCEPTED);
  expect(await cancel(order)).toEqual(ACCEPTED);
  await finish(order);
  expect(await cancel(order, { key: other })).toBe('order-cancelled');
  expect(await cancel(order, { key })).toEqual(['CANCELLED', true]);
  expect(await cancel(order)).toBe('order-cancelled');
});

test('two keys at once: the row decides which key cancelled the order, whichever request started the saga', async () => {
  const [order, key, other] = [await orderIn('APPROVED'), newUuid(), newUuid()];
  const saga = () => decide({ ...order, cancellationKey: key });
  const answers = await Promise.all([cancel(order, { key: other, saga }), cancel(order, { key, saga })]);
  expect(answers).toEqual(['order-cancelled', ACCEPTED]);
});

test('an order that is CANCELLING has its saga started again: an earlier one may have failed', async () => {
  const order = await orderIn('APPROVED');
  await decide(order);
  const started: string[] = [];
  const saga = async (asked: OrderToCancel) => {
    started.push(asked.orderId);
    await finish(asked);
  };
  expect(await cancel(order, { saga, waitMs: 20_000 })).toEqual(['CANCELLED', true]);
  expect(started).toEqual([order.orderId]);
});

test("a cancellation is refused when the order's own saga has cancelled it first, for another reason", async () => {
  const order = await orderIn('PENDING');
  const saga = async () => {
    const sagaId = sagaWorkflowId([order.orderId]);
    const items = [{ orderId: order.orderId, reason: 'INSUFFICIENT_CREDIT' }] as const;
    await steps.cancelOrders({ sagaId, items });
  };
  expect(await cancel(order, { saga })).toBe('order-cancelled');
  expect(await cancel(order)).toBe('order-cancelled');
});

test('a decision of another process is read from the row', async () => {
  const order = await orderIn('APPROVED');
  const saga = async () => {
    await rowsOf(
      databases.adminOrderUrl,
      "UPDATE orders SET state = 'CANCELLING', version = 3 WHERE id = $1",
      [order.orderId],
    );
  };
  expect(await cancel(order, { saga })).toEqual(ACCEPTED);
});

test('without a decision within 8 s, or a confirmation of Temporal, the outcome is unknown', async () => {
  const order = await orderIn('APPROVED');
  const row = await hold(databases.adminOrderUrl, 'SELECT FROM orders WHERE id = $1 FOR UPDATE', [
    order.orderId,
  ]);
  expect(await cancel(order)).toBe('temporal-unavailable');
  await row.release();
  const cancellations = { start: () => Promise.reject(new CancellationUnconfirmed('away')) };
  const cancelling = { orderId: order.orderId, cancellationKey: undefined, waitMs: 0 };
  await expect(cancelOrder({ db, cancellations, notices }, cancelling)).rejects.toMatchObject({
    problem: 'temporal-unavailable',
  });
});
