/** An order that is answered as not processed is never started later. Temporal hangs; the test controls the clock. */
import { afterEach, expect, jest, test } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import { v7 as newUuid } from 'uuid';
import { OpenOrders } from '../../api/orders/open-orders';
import { placeOrder } from '../../api/orders/place-order';
import { Problem } from '../../api/http/problems';
import { CREATE_ORDER } from '../../api/orders/saga-types';
import type { CreateOrderSettings, OrderNotice, OrderRequest } from '../../domain/contracts';
import { sagaWorkflowId } from '../../domain/names';
import { KeyedWaiters } from '../../platform/keyed-waiters';
import { connectTemporal } from '../../platform/temporal';
import { createOrderDatabase } from '../../prisma/order/client';
import { GroupStarter } from '../../saga/host/group-starter';
import { proxyTo } from '../support/cuttable-proxy';
import { createTestDatabases } from '../support/databases';
import { advance, useFakeTimers } from '../support/fake-timers';
import { testServers } from '../support/servers';

/** Cleanup of what was started, last first, also after a failure. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  jest.useRealTimers();
  for (const end of ends.splice(0).reverse()) await end();
});

/** A start call times out after 5 s, and a request after 10 s: the fourth start of one place still waits then. */
const TAKEN = 3;

test('orders in a group may be placed; an order that still waits is not placed, now or later', async () => {
  const databases = await createTestDatabases();
  ends.push(() => databases.drop());
  const db = createOrderDatabase(databases.orderUrl);
  ends.push(() => db.$disconnect());
  const { temporal } = testServers();
  const proxy = await proxyTo(temporal.address);
  ends.push(() => proxy.close());
  const { client, connection } = await connectTemporal({ ...temporal, address: proxy.address });
  ends.push(() => connection.close());
  const starter = new GroupStarter<OrderRequest, CreateOrderSettings>({
    client,
    type: { ...CREATE_ORDER, taskQueue: 'nobody polls this one' },
    input: { placement: 'colocated', settings: { creditCheckTimeoutMs: 30_000 } },
    eagerStart: false,
    groupMax: 1,
    groupsInFlight: 1,
    waitingMax: 10,
  });
  const order = (): OrderRequest => ({
    orderId: newUuid(),
    customerId: newUuid(),
    totalMinor: 100,
    currency: 'USD',
  });
  const notices = new KeyedWaiters<OrderNotice>();
  const orders = Array.from({ length: TAKEN + 1 }, order);

  proxy.stall();
  useFakeTimers();
  const answers = orders.map((each) =>
    placeOrder(
      {
        db,
        starter,
        notices,
        openOrders: new OpenOrders(db, undefined),
        checkSagaRouting: () => Promise.resolve(),
      },
      { order: each, keyed: false, waitMs: 0 },
    ).catch((error: unknown) => error),
  );
  await advance(11_000);
  const problems = (await Promise.all(answers)).map((answer) =>
    answer instanceof Problem ? [answer.problem, answer.detail] : [],
  );
  jest.useRealTimers();

  for (const [index, [problem, detail]] of problems.slice(0, TAKEN).entries()) {
    expect(problem).toBe('temporal-unavailable');
    expect(detail).toContain(`Look for it at /orders/${String(orders[index]?.orderId)}`);
  }
  expect(problems[TAKEN]).toEqual(['overloaded', 'The request was not processed; send it again later.']);
  await proxy.restore();
  expect(await starter.submit(order()).submitted).toBe('started');
  const notPlaced = client.workflow.getHandle(sagaWorkflowId([String(orders[TAKEN]?.orderId)]));
  await expect(notPlaced.describe()).rejects.toBeInstanceOf(WorkflowNotFoundError);
});
