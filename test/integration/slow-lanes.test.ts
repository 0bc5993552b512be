/**
 * Orders of a customer whose row stays locked start apart from all others. A real Temporal server, whose sagas no worker
 * runs; the clock and the reports of the sagas are the test's.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { CREATE_ORDER } from '../../api/orders/saga-types';
import type { CreateOrderSettings, OrderRequest } from '../../domain/contracts';
import { sagaWorkflowId } from '../../domain/names';
import { connectTemporal, type TemporalLink } from '../../platform/temporal';
import { GroupStarter, type GroupStarterOptions } from '../../saga/host/group-starter';
import { SagaStarterFull } from '../../saga/host/submission';
import { advance, useFakeTimers } from '../support/fake-timers';
import { testServers } from '../support/servers';

/** A saga that has waited this long makes its lane slow. */
const SLOW_AFTER_MS = 1_000;
/** The next group of slow lanes starts after this time. */
const SLOW_GROUP_EVERY_MS = 1_000;
/** A saga that has reported nothing for this long is no longer followed. */
const FOLLOW_MS = 60_000;

const LOCKED = newUuid();

let link: TemporalLink;
let started: (readonly string[])[];

beforeAll(async () => {
  link = await connectTemporal(testServers().temporal);
});
afterAll(() => link.connection.close());
beforeEach(() => {
  useFakeTimers();
  started = [];
});
afterEach(() => {
  jest.useRealTimers();
});

type Starter = GroupStarter<OrderRequest, CreateOrderSettings>;

function newStarter(options: Partial<GroupStarterOptions<OrderRequest, CreateOrderSettings>> = {}): Starter {
  return new GroupStarter({
    client: link.client,
    type: { ...CREATE_ORDER, taskQueue: 'no worker polls this queue' },
    input: { placement: 'colocated', settings: { creditCheckTimeoutMs: 30_000 } },
    eagerStart: false,
    groupMax: 3,
    groupsInFlight: 1,
    waitingMax: 10,
    onStarted: ({ subjectIds }) => started.push(subjectIds),
    ...options,
  });
}

const order = (customerId = newUuid()): OrderRequest => ({
  orderId: newUuid(),
  customerId,
  totalMinor: 100,
  currency: 'USD',
});

const idsOf = (...orders: OrderRequest[]) => orders.map(({ orderId }) => orderId);

/** Starts a saga that waits for the locked row, until its lane is slow. */
async function slowStarter(
  options: Partial<GroupStarterOptions<OrderRequest, CreateOrderSettings>> = {},
): Promise<{ readonly starter: Starter; readonly waiting: OrderRequest }> {
  const starter = newStarter(options);
  const waiting = order(LOCKED);
  await starter.submit(waiting).submitted;
  starter.sagaProgressed(sagaWorkflowId(idsOf(waiting)), { kind: 'waits', subjectIds: idsOf(waiting) });
  await advance(SLOW_AFTER_MS);
  started = [];
  return { starter, waiting };
}

test('orders of a customer whose saga has waited for a second start together after a second; others start at once', async () => {
  const { starter } = await slowStarter();
  const [one, other, free] = [order(LOCKED), order(LOCKED), order()];
  const [first, second, stranger] = [one, other, free].map((each) => starter.submit(each));
  await stranger?.submitted;
  expect(started).toEqual([idsOf(free)]);
  await advance(SLOW_GROUP_EVERY_MS - 1);
  expect([started.length, starter.waiting]).toEqual([1, 2]);
  await advance(1);
  expect([await first?.submitted, await second?.submitted]).toEqual(['started', 'started']);
  expect(started).toEqual([idsOf(free), idsOf(one, other)]);
});

test('a full group of slow lanes starts at once, and takes no place', async () => {
  const { starter } = await slowStarter();
  const slow = [order(LOCKED), order(LOCKED), order(LOCKED)];
  await Promise.all(slow.map((each) => starter.submit(each).submitted));
  expect([started, starter.groupsUnderWay]).toEqual([[idsOf(...slow)], 0]);
});

test('only the customers whose orders wait are slow, not those of the same group', async () => {
  const starter = newStarter();
  const [alone, waiting, ended] = [order(), order(LOCKED), order()];
  await starter.submit(alone).submitted;
  const group = [waiting, ended].map((each) => starter.submit(each));
  starter.sagaProgressed(sagaWorkflowId(idsOf(alone)), { kind: 'ended' });
  await Promise.all(group.map(({ submitted }) => submitted));
  const sagaId = sagaWorkflowId(idsOf(waiting, ended));
  starter.sagaProgressed(sagaId, { kind: 'waits', subjectIds: idsOf(waiting) });
  await advance(SLOW_AFTER_MS);
  await starter.submit(order(ended.customerId)).submitted;
  const slow = starter.submit(order(LOCKED));
  expect(starter.waiting).toBe(1);
  expect(slow.withdraw()).toBe(true);
});

test('a saga that waits for less than a second makes nothing slow', async () => {
  const starter = newStarter();
  const waiting = order(LOCKED);
  await starter.submit(waiting).submitted;
  const sagaId = sagaWorkflowId(idsOf(waiting));
  starter.sagaProgressed(sagaId, { kind: 'waits', subjectIds: idsOf(waiting) });
  await advance(SLOW_AFTER_MS - 1);
  starter.sagaProgressed(sagaId, { kind: 'ended' });
  await advance(1);
  expect(await starter.submit(order(LOCKED)).submitted).toBe('started');
});

test('the lane is as fast as others once its sagas have ended, or were silent for a minute', async () => {
  const { starter, waiting } = await slowStarter();
  starter.sagaProgressed(sagaWorkflowId(idsOf(waiting)), { kind: 'ended' });
  await advance(0);
  expect(await starter.submit(order(LOCKED)).submitted).toBe('started');

  const { starter: silent } = await slowStarter();
  await advance(FOLLOW_MS);
  expect(await silent.submit(order(LOCKED)).submitted).toBe('started');
});

test('orders of slow lanes count as waiting, and can be withdrawn', async () => {
  const { starter } = await slowStarter({ waitingMax: 1 });
  const slow = starter.submit(order(LOCKED));
  expect(() => starter.submit(order())).toThrow(SagaStarterFull);
  expect(slow.withdraw()).toBe(true);
  await advance(SLOW_GROUP_EVERY_MS);
  expect(started).toEqual([]);
});
