/** A fault strikes at the moment that it is named after: the lines and the traps on them, on real servers. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { NativeConnection } from '@temporalio/worker';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import { FaultLine } from '../../faults/fault-line';
import { type Caught, type Moment, Trap } from '../../faults/trap';
import type { Step } from '../../faults/steps';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase } from '../../prisma/order/client';
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

async function lineTo(url: string): Promise<FaultLine> {
  const line = new FaultLine(new URL(url));
  await line.listen();
  ends.push(() => {
    line.close();
  });
  return line;
}

/** The order side's steps as a process has them: over a line of its own. */
async function orderProcess() {
  const line = await lineTo(databases.orderUrl);
  const db = createOrderDatabase(line.url);
  ends.push(() => db.$disconnect());
  return { line, steps: createOrderActivities({ db }) };
}

interface Set {
  readonly caught: Caught<string>[];
  readonly trap: Trap<string>;
}

function setTrap(step: Step, moment: Moment, processes: Readonly<Record<string, readonly FaultLine[]>>): Set {
  const caught: Caught<string>[] = [];
  const trap = new Trap<string>(step, moment, (each) => caught.push(each));
  for (const [name, lines] of Object.entries(processes))
    for (const line of lines) line.watch(trap.watcherOf(name));
  return { caught, trap };
}

const whenCaught = ({ caught }: Set) => eventually(() => Promise.resolve(caught[0]));
const states = async () =>
  (await rowsOf(databases.adminOrderUrl, 'SELECT state FROM orders')).map(({ state }) => state);

test('before its statement: the database has not heard of it; cut, it never does', async () => {
  const { line, steps } = await orderProcess();
  const set = setTrap('createPendingOrders', 'before its statement', { one: [line] });
  const step = steps.createPendingOrders({ sagaId, items: [order] });
  const { held, orderIds } = await whenCaught(set);
  expect(orderIds).toEqual([orderId]);
  held.cut();
  await expect(step).rejects.toThrow('away');
  expect(await states()).toEqual([]);
});

test('before its statement, let go when its client is gone: it runs all the same, late', async () => {
  const { line, steps } = await orderProcess();
  const set = setTrap('createPendingOrders', 'before its statement', { one: [line] });
  const step = steps.createPendingOrders({ sagaId, items: [order] });
  const { held } = await whenCaught(set);
  // 7 s: the client's own limit.
  await expect(step).rejects.toThrow('away');
  expect(await states()).toEqual([]);
  held.release();
  await eventually(async () => ((await states()).length === 1 ? true : undefined));
});

test('after its commit: the row is there, and the process knows nothing', async () => {
  const { line, steps } = await orderProcess();
  const set = setTrap('createPendingOrders', 'after its commit, before its reply', { one: [line] });
  let known = false;
  const step = steps.createPendingOrders({ sagaId, items: [order] }).then(() => (known = true));
  const { held } = await whenCaught(set);
  expect(await states()).toEqual(['PENDING']);
  expect(known).toBe(false);
  held.release();
  await step;
});

test('a statement that failed has committed nothing: the next one is caught', async () => {
  const { line, steps } = await orderProcess();
  const set = setTrap('createPendingOrders', 'after its commit, before its reply', { one: [line] });
  await expect(
    steps.createPendingOrders({ sagaId, items: [{ ...order, currency: 'no currency' }] }),
  ).rejects.toThrow('createPendingOrders');
  expect(set.caught).toEqual([]);
  const step = steps.createPendingOrders({ sagaId, items: [order] });
  (await whenCaught(set)).held.release();
  await step;
});

test('after its completion: the process has had the reply, and is at the next step of the same order', async () => {
  const { line, steps } = await orderProcess();
  let completed = false;
  const seen: boolean[] = [];
  const trap = new Trap<string>('createPendingOrders', 'after its completion', ({ held }) => {
    seen.push(completed);
    // What is written just now is held only when this is over.
    void setImmediate().then(() => {
      held.release();
    });
  });
  line.watch(trap.watcherOf('one'));
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
    const { line, steps } = await orderProcess();
    const temporal = await lineTo(`http://${testServers().temporal.address}`);
    const connection = await NativeConnection.connect({ address: temporal.address });
    ends.push(() => connection.close());
    const set = setTrap('approveOrders', 'after its completion', { one: [line, temporal] });
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
  const set = setTrap('createPendingOrders', 'after its commit, before its reply', {
    first: [first.line],
    second: [second.line],
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
  const { line, steps } = await orderProcess();
  const set = setTrap('createPendingOrders', 'after its completion', { one: [line] });
  await steps.createPendingOrders({ sagaId, items: [order] });
  set.trap.close();
  await steps.approveOrders({ sagaId, items: [order] });
  expect(set.caught).toEqual([]);
});

test('the credit steps are told apart, and a slow line keeps the order of what passes', async () => {
  const line = await lineTo(databases.customerUrl);
  const db = createCustomerDatabase(line.url);
  ends.push(() => db.$disconnect());
  const steps = createCustomerActivities({ db });
  line.slow(20);
  const set = setTrap('releaseCredit', 'before its statement', { one: [line] });
  await steps.reserveCredit({ sagaId, items: [order] });
  const step = steps.releaseCredit({ sagaId, items: [order] });
  // It is as fast as before while pieces are under way.
  line.slow(0);
  (await whenCaught(set)).held.release();
  expect(await step).toEqual([{ orderId, outcome: 'released' }]);
  expect(line.waited).toBeGreaterThan(0);
});

test.each([
  ['requestCancellations', 'CANCELLING'],
  ['cancelOrders', 'CANCELLED'],
] as const)('%s is told apart, although both may cancel an order', async (name, state) => {
  const { line, steps } = await orderProcess();
  await steps.createPendingOrders({ sagaId, items: [order] });
  await steps.approveOrders({ sagaId, items: [order] });
  const set = setTrap(name, 'after its commit, before its reply', { one: [line] });
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
  const { line, steps } = await orderProcess();
  line.stall();
  const step = steps.createPendingOrders({ sagaId, items: [order] });
  await eventually(() => Promise.resolve(line.waited > 0 ? true : undefined));
  expect(await states()).toEqual([]);
  line.goOn();
  expect(await step).toEqual([{ orderId, outcome: 'created' }]);
});

test('a line counts what the database refuses, and the connections that it cuts', async () => {
  const { line, steps } = await orderProcess();
  await steps
    .createPendingOrders({ sagaId, items: [{ ...order, currency: 'no currency' }] })
    .catch(() => undefined);
  expect(line.refusals('23514')).toBe(1);
  expect(line.cut()).toBeGreaterThan(0);
  await eventually(() => Promise.resolve(line.cut() === 0 ? true : undefined));
});
