/** When groups start and give back their places, on a real Temporal server without workers. The test controls the clock. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { v7 as newUuid } from 'uuid';
import { CREATE_ORDER } from '../../api/orders/saga-types';
import type { CreateOrderSettings, OrderRequest } from '../../domain/contracts';
import { sagaWorkflowId } from '../../domain/names';
import { connectTemporal, type TemporalLink } from '../../platform/temporal';
import { GroupStarter, type GroupStarterOptions } from '../../saga/host/group-starter';
import { SagaStarterFull, SagaStartFailed } from '../../saga/host/submission';
import { type CuttableProxy, proxyTo } from '../support/cuttable-proxy';
import { advance, useFakeTimers } from '../support/fake-timers';
import { testServers } from '../support/servers';

/** How long a waiting group keeps its place, and the timeout of a start. */
const PLACE_MS = 1_000;
const START_WITHIN_MS = 5_000;

let link: TemporalLink;
let proxy: CuttableProxy;
let stallable: TemporalLink;

beforeAll(async () => {
  const { temporal } = testServers();
  link = await connectTemporal(temporal);
  proxy = await proxyTo(temporal.address);
  stallable = await connectTemporal({ ...temporal, address: proxy.address });
});
afterAll(async () => {
  await proxy.restore();
  await Promise.all([link.connection.close(), stallable.connection.close()]);
  await proxy.close();
});
beforeEach(() => {
  useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

type Options = Partial<GroupStarterOptions<OrderRequest, CreateOrderSettings>>;

function starterOf(client: Client, options: Options = {}): GroupStarter<OrderRequest, CreateOrderSettings> {
  return new GroupStarter({
    client,
    type: { ...CREATE_ORDER, taskQueue: 'nobody polls this one' },
    input: { placement: 'colocated', settings: { creditCheckTimeoutMs: 30_000 } },
    eagerStart: false,
    groupMax: 1,
    groupsInFlight: 1,
    waitingMax: 10,
    ...options,
  });
}

const order = (): OrderRequest => ({
  orderId: newUuid(),
  customerId: newUuid(),
  totalMinor: 100,
  currency: 'USD',
});

const handleOf = (...orders: OrderRequest[]) =>
  link.client.workflow.getHandle(sagaWorkflowId(orders.map(({ orderId }) => orderId)));

test('a saga without a worker gives its place back after 1 s, and its result is not requested', async () => {
  const starter = starterOf(link.client);
  const [first, second] = [starter.submit(order()), starter.submit(order())];
  await first.submitted;
  await advance(PLACE_MS - 1);
  expect([starter.groupsUnderWay, starter.waiting]).toEqual([1, 1]);
  await advance(1);
  expect(await second.submitted).toBe('started');
});

test('the end that the worker of this process reports gives the place back at once', async () => {
  const starter = starterOf(link.client);
  const ending = order();
  const [first, second] = [starter.submit(ending), starter.submit(order())];
  await first.submitted;
  starter.sagaProgressed(sagaWorkflowId([ending.orderId]), { kind: 'ended' });
  expect(await second.submitted).toBe('started');
});

test('a group that waits for locked rows gives its place back at once, and does not change the usual duration', async () => {
  const starter = starterOf(link.client);
  const [waiting, next, last] = [order(), order(), order()];
  const tickets = [waiting, next, last].map((each) => starter.submit(each));
  await tickets[0]?.submitted;
  starter.sagaProgressed(sagaWorkflowId([waiting.orderId]), {
    kind: 'waits',
    subjectIds: [waiting.orderId],
  });
  expect(await tickets[1]?.submitted).toBe('started');
  await advance(PLACE_MS - 1);
  expect([starter.groupsUnderWay, starter.waiting]).toEqual([1, 1]);
});

test('a group that takes 8 times the usual duration gives its place back', async () => {
  const starter = starterOf(link.client);
  const [ending, waits, last] = [order(), order(), order()];
  const tickets = [ending, waits, last].map((each) => starter.submit(each));
  await tickets[0]?.submitted;
  await advance(20);
  starter.sagaProgressed(sagaWorkflowId([ending.orderId]), { kind: 'ended' });
  await tickets[1]?.submitted;
  await advance(8 * 20 - 1);
  expect([starter.groupsUnderWay, starter.waiting]).toEqual([1, 1]);
  await advance(1);
  expect(await tickets[2]?.submitted).toBe('started');
});

test('waiting subjects start beside a group that has taken twice as long as the last one', async () => {
  const starter = starterOf(link.client, { groupMax: 50, groupsInFlight: 2 });
  const [ending, waits, next] = [order(), order(), order()];
  await starter.submit(ending).submitted;
  await advance(30);
  starter.sagaProgressed(sagaWorkflowId([ending.orderId]), { kind: 'ended' });
  await starter.submit(waits).submitted;
  const ticket = starter.submit(next);
  await advance(2 * 30 - 1);
  expect([starter.groupsUnderWay, starter.waiting]).toEqual([1, 1]);
  await advance(1);
  expect(await ticket.submitted).toBe('started');
});

test('the end of a saga that another process runs gives the place back as well', async () => {
  const starter = starterOf(link.client);
  const ending = order();
  const [first, second] = [starter.submit(ending), starter.submit(order())];
  await first.submitted;
  await handleOf(ending).terminate();
  expect(await second.submitted).toBe('started');
});

test('subjects that wait start in one group; an existing saga is found', async () => {
  const starter = starterOf(link.client, { groupMax: 50 });
  const [alone, one, other] = [order(), order(), order()];
  const tickets = [alone, one, other, alone].map((each) => starter.submit(each));
  await tickets[0]?.submitted;
  await advance(PLACE_MS);
  expect(await tickets[2]?.submitted).toBe('started');
  const { typedSearchAttributes } = await handleOf(one, other, alone).describe();
  expect(typedSearchAttributes.get(CREATE_ORDER.subjectIds)).toEqual(
    [one, other, alone].map(({ orderId }) => orderId),
  );
  const again = starterOf(link.client).submit(alone);
  expect(await again.submitted).toBe('already-started');
});

test('a subject that is withdrawn while it waits is never started; one in a group cannot be withdrawn', async () => {
  const starter = starterOf(link.client);
  const [taken, waiting, next] = [order(), order(), order()];
  const tickets = [taken, waiting, next].map((each) => starter.submit(each));
  await tickets[0]?.submitted;
  expect(tickets.map((ticket) => ticket.withdraw())).toEqual([false, true, true]);
  expect(tickets[1]?.withdraw()).toBe(false);
  expect(starter.waiting).toBe(0);
  await advance(PLACE_MS);
  expect(starter.groupsUnderWay).toBe(0);
  // A later one is started, and not those.
  await starter.submit(order()).submitted;
  for (const withdrawn of [waiting, next])
    await expect(handleOf(withdrawn).describe()).rejects.toBeInstanceOf(WorkflowNotFoundError);
});

test('subjects above the limit of waiting ones are refused at once', () => {
  const starter = starterOf(stallable.client, { waitingMax: 1 });
  starter.submit(order());
  const waiting = starter.submit(order());
  expect(() => starter.submit(order())).toThrow(SagaStarterFull);
  waiting.withdraw();
});

test('a server hangs: the start times out after 5 s, its place is given back, and a late answer is dropped', async () => {
  proxy.stall();
  const starter = starterOf(stallable.client);
  const [hanging, second] = [order(), order()];
  const tickets = [hanging, second].map((each) => starter.submit(each));
  const failures = tickets.map(({ submitted }) => expect(submitted).rejects.toBeInstanceOf(SagaStartFailed));
  await advance(START_WITHIN_MS);
  await failures[0];
  expect([starter.groupsUnderWay, starter.waiting]).toEqual([1, 0]);
  await advance(START_WITHIN_MS);
  await failures[1];
  expect(starter.groupsUnderWay).toBe(0);
  await proxy.restore();
  jest.useRealTimers();
  expect(await starter.submit(order()).submitted).toBe('started');
});

test('a few subjects start beside the groups under way; further ones wait as others do', async () => {
  const starter = starterOf(link.client);
  await starter.submit(order()).submitted;
  const waits = starter.submit(order());
  const beside = { isAwaited: true, startsBeside: true };
  const passing = Array.from({ length: 5 }, () => starter.submit(order(), beside));
  expect(await Promise.all(passing.map(({ submitted }) => submitted))).toEqual(passing.map(() => 'started'));
  expect([starter.groupsUnderWay, starter.waiting]).toEqual([1, 1]);
  expect(passing[0]?.withdraw()).toBe(false);
  starter.submit(order(), beside);
  expect(starter.waiting).toBe(2);
  await advance(PLACE_MS);
  await waits.submitted;
  // Their places are free again.
  expect(await starter.submit(order(), beside).submitted).toBe('started');
});
