/** A fault strikes at the moment that it is named after: the proxies and the breakpoints on them, on real servers. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { NativeConnection } from '@temporalio/worker';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase } from '../../prisma/order/client';
import { Breakpoint, type Caught, type Moment } from '../../tools/fault-injection/breakpoint';
import { FaultProxy } from '../../tools/fault-injection/fault-proxy';
import type { Step } from '../../tools/fault-injection/step-recognition';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { eventually } from '../support/http';
import { testServers } from '../support/servers';

const orderId = randomUUID();
const sagaId = `order-${orderId}`;
const order = { orderId, customerId: randomUUID(), totalMinor: 100, currency: 'USD' };

let databases: TestDatabases;
/** Of what was started, the last first, whether the test passed or not. */
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  databases = await createTestDatabases();
  ends.push(() => databases.drop());
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function proxyTo(url: string): Promise<FaultProxy> {
  const proxy = new FaultProxy(new URL(url));
  await proxy.listen();
  ends.push(() => {
    proxy.close();
  });
  return proxy;
}

/** The order side's steps as a process has them: over a line of its own. */
async function orderProcess() {
  const proxy = await proxyTo(databases.orderUrl);
  const db = createOrderDatabase(proxy.url);
  ends.push(() => db.$disconnect());
  return { proxy, steps: createOrderActivities({ db }) };
}

interface Set {
  readonly caught: Caught<string>[];
  readonly breakpoint: Breakpoint<string>;
}

function setBreakpoint(
  step: Step,
  moment: Moment,
  processes: Readonly<Record<string, readonly FaultProxy[]>>,
): Set {
  const caught: Caught<string>[] = [];
  const breakpoint = new Breakpoint<string>(step, moment, (each) => caught.push(each));
  for (const [name, proxies] of Object.entries(processes))
    for (const proxy of proxies) proxy.watch(breakpoint.watcherOf(name));
  return { caught, breakpoint };
}

const whenCaught = ({ caught }: Set) => eventually(() => Promise.resolve(caught[0]));
const states = async () =>
  (await rowsOf(databases.adminOrderUrl, 'SELECT state FROM orders')).map(({ state }) => state);

test('before its statement: the database has not heard of it; cut, it never does', async () => {
  const { proxy, steps } = await orderProcess();
  const set = setBreakpoint('createPendingOrders', 'before its statement', { one: [proxy] });
  const step = steps.createPendingOrders({ sagaId, items: [order] });
  const { held, orderIds } = await whenCaught(set);
  expect(orderIds).toEqual([orderId]);
  held.cut();
  await expect(step).rejects.toThrow('away');
  expect(await states()).toEqual([]);
});

test('before its statement, let go when its client is gone: it runs all the same, late', async () => {
  const { proxy, steps } = await orderProcess();
  const set = setBreakpoint('createPendingOrders', 'before its statement', { one: [proxy] });
  const step = steps.createPendingOrders({ sagaId, items: [order] });
  const { held } = await whenCaught(set);
  // 7 s: the client's own limit.
  await expect(step).rejects.toThrow('away');
  expect(await states()).toEqual([]);
  held.release();
  await eventually(async () => ((await states()).length === 1 ? true : undefined));
});

test('after its commit: the row is there, and the process knows nothing', async () => {
  const { proxy, steps } = await orderProcess();
  const set = setBreakpoint('createPendingOrders', 'after its commit, before its reply', { one: [proxy] });
  let known = false;
  const step = steps.createPendingOrders({ sagaId, items: [order] }).then(() => (known = true));
  const { held } = await whenCaught(set);
  expect(await states()).toEqual(['PENDING']);
  expect(known).toBe(false);
  held.release();
  await step;
});

test('a statement that failed has committed nothing: the next one is caught', async () => {
  const { proxy, steps } = await orderProcess();
  const set = setBreakpoint('createPendingOrders', 'after its commit, before its reply', { one: [proxy] });
  await expect(
    steps.createPendingOrders({ sagaId, items: [{ ...order, currency: 'no currency' }] }),
  ).rejects.toThrow('createPendingOrders');
  expect(set.caught).toEqual([]);
  const step = steps.createPendingOrders({ sagaId, items: [order] });
  (await whenCaught(set)).held.release();
  await step;
});

test('after its completion: the process has had the reply, and is at the next step of the same order', async () => {
  const { proxy, steps } = await orderProcess();
  let completed = false;
  const seen: boolean[] = [];
  const breakpoint = new Breakpoint<string>('createPendingOrders', 'after its completion', ({ held }) => {
    seen.push(completed);
    // What is written just now is held only when this is over.
    void setImmediate().then(() => {
      held.release();
    });
  });
  proxy.watch(breakpoint.watcherOf('one'));
  await steps.createPendingOrders({ sagaId, items: [order] });
  completed = true;
  // Another order's step proves nothing.
  const other = { ...order, orderId: randomUUID() };
  await steps.createPendingOrders({ sagaId: `order-${other.orderId}`, items: [other] });
  await steps.approveOrders({ sagaId: `order-${other.orderId}`, items: [other] });
  expect(seen).toEqual([]);
  await steps.approveOrders({ sagaId, items: [order] });
  expect(seen).toEqual([true]);
});

test.each(['respondActivityTaskCompleted', 'respondWorkflowTaskCompleted'] as const)(
  'after its completion: the process tells Temporal the result by %s, which Temporal has not heard',
  async (call) => {
    const { proxy, steps } = await orderProcess();
    const temporal = await proxyTo(`http://${testServers().temporal.address}`);
    const connection = await NativeConnection.connect({ address: temporal.address });
    ends.push(() => connection.close());
    const set = setBreakpoint('approveOrders', 'after its completion', { one: [proxy, temporal] });
    await steps.approveOrders({ sagaId, items: [order] });
    const tell = (outcome: object) => {
      const payloads = [{ data: Buffer.from(JSON.stringify([outcome])) }];
      const taskToken = Buffer.from(`the token of approveOrders`);
      const { namespace } = testServers().temporal;
      const { workflowService: service } = connection;
      return call === 'respondActivityTaskCompleted'
        ? service[call]({ namespace, taskToken, result: { payloads } })
        : service[call]({
            namespace,
            taskToken,
            commands: [{ recordMarkerCommandAttributes: { details: { result: { payloads } } } }],
          });
    };
    let answered = false;
    // Nobody's step, and a long message, in several frames.
    await expect(
      tell({ orderId: randomUUID(), outcome: randomBytes(100_000).toString('base64') }),
    ).rejects.toThrow();
    expect(set.caught).toEqual([]);
    const told = tell({ orderId, outcome: 'approved' }).catch(() => (answered = true));
    const { held, at } = await whenCaught(set);
    expect([at, answered]).toEqual(['temporal', false]);
    // It is answered, and the answer is lost.
    expect(await held.answered()).toBe(true);
    expect([answered, held.stands()]).toEqual([false, true]);
    held.cut();
    await eventually(() => Promise.resolve(held.stands() ? undefined : true));
    await told;
  },
);

test('of several processes one is caught, and the others go on', async () => {
  const [first, second] = [await orderProcess(), await orderProcess()];
  const set = setBreakpoint('createPendingOrders', 'after its commit, before its reply', {
    first: [first.proxy],
    second: [second.proxy],
  });
  const both = [first, second].map(async ({ steps }, index) => {
    const mine = { ...order, orderId: randomUUID() };
    await steps.createPendingOrders({ sagaId: `order-${mine.orderId}`, items: [mine] });
    return index;
  });
  const { held, process } = await whenCaught(set);
  expect(await Promise.race(both)).toBe(process === 'first' ? 1 : 0);
  held.release();
  await Promise.all(both);
  expect(set.caught).toHaveLength(1);
});

test('a trap that is closed catches nobody, also not whose statement it had seen', async () => {
  const { proxy, steps } = await orderProcess();
  const set = setBreakpoint('createPendingOrders', 'after its completion', { one: [proxy] });
  await steps.createPendingOrders({ sagaId, items: [order] });
  set.breakpoint.close();
  await steps.approveOrders({ sagaId, items: [order] });
  expect(set.caught).toEqual([]);
});

test('the credit steps are told apart, and a slow line keeps the order of what passes', async () => {
  const proxy = await proxyTo(databases.customerUrl);
  const db = createCustomerDatabase(proxy.url);
  ends.push(() => db.$disconnect());
  const steps = createCustomerActivities({ db });
  proxy.slow(20);
  const set = setBreakpoint('releaseCredit', 'before its statement', { one: [proxy] });
  await steps.reserveCredit({ sagaId, items: [order] });
  const step = steps.releaseCredit({ sagaId, items: [order] });
  // It is as fast as before while pieces are under way.
  proxy.slow(0);
  (await whenCaught(set)).held.release();
  expect(await step).toEqual([{ orderId, outcome: 'released' }]);
  expect(proxy.waited).toBeGreaterThan(0);
});

test.each([
  ['requestCancellations', 'CANCELLING'],
  ['cancelOrders', 'CANCELLED'],
] as const)('%s is told apart, although both may cancel an order', async (name, state) => {
  const { proxy, steps } = await orderProcess();
  await steps.createPendingOrders({ sagaId, items: [order] });
  await steps.approveOrders({ sagaId, items: [order] });
  const set = setBreakpoint(name, 'after its commit, before its reply', { one: [proxy] });
  const cancelled = steps
    .requestCancellations({ sagaId, items: [order] })
    .then(() => steps.cancelOrders({ sagaId, items: [{ orderId, reason: 'CUSTOMER_REQUEST' }] }));
  const { held, orderIds } = await whenCaught(set);
  expect(orderIds).toEqual([orderId]);
  expect(await states()).toEqual([state]);
  held.release();
  expect(await cancelled).toEqual([{ orderId, outcome: 'cancelled', reason: 'CUSTOMER_REQUEST' }]);
});

test('a stalled line passes nothing, to new connections neither, and all of it when it goes on', async () => {
  const { proxy, steps } = await orderProcess();
  proxy.stall();
  const step = steps.createPendingOrders({ sagaId, items: [order] });
  await eventually(() => Promise.resolve(proxy.waited > 0 ? true : undefined));
  expect(await states()).toEqual([]);
  proxy.goOn();
  expect(await step).toEqual([{ orderId, outcome: 'created' }]);
});

test('a line counts what the database refuses, and the connections that it cuts', async () => {
  const { proxy, steps } = await orderProcess();
  await steps
    .createPendingOrders({ sagaId, items: [{ ...order, currency: 'no currency' }] })
    .catch(() => undefined);
  expect(proxy.refusals('23514')).toBe(1);
  expect(proxy.cut()).toBeGreaterThan(0);
  await eventually(() => Promise.resolve(proxy.cut() === 0 ? true : undefined));
});
