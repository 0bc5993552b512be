/** A fault takes effect at its moment, on real servers. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { NativeConnection } from '@temporalio/worker';
import { Breakpoint } from '../../tools/fault-injection/breakpoint';
import { FaultLines, ORDER, SAGA_ID, setBreakpoint, whenCaught } from '../support/fault-lines';
import { eventually } from '../support/http';
import { testServers } from '../support/servers';

const lines = new FaultLines();

test('before the statement: the database has not received it; after a cut it never does', async () => {
  const { proxy, steps } = await lines.orderProcess();
  const set = setBreakpoint('createPendingOrders', 'before its statement', { one: [proxy] });
  const step = steps.createPendingOrders({ sagaId: SAGA_ID, items: [ORDER] });
  const { held, orderIds } = await whenCaught(set);
  expect(orderIds).toEqual([ORDER.orderId]);
  held.cut();
  await expect(step).rejects.toThrow('unavailable');
  expect(await lines.states()).toEqual([]);
});

test('before the statement, released after its client has died: the statement still runs, late', async () => {
  const { proxy, steps } = await lines.orderProcess();
  const set = setBreakpoint('createPendingOrders', 'before its statement', { one: [proxy] });
  const step = steps.createPendingOrders({ sagaId: SAGA_ID, items: [ORDER] });
  const { held } = await whenCaught(set);
  // 7 s: the client's own limit.
  await expect(step).rejects.toThrow('unavailable');
  expect(await lines.states()).toEqual([]);
  held.release();
  await eventually(async () => ((await lines.states()).length === 1 ? true : undefined));
});

test('after the commit: the row exists, and the process has no reply', async () => {
  const { proxy, steps } = await lines.orderProcess();
  const set = setBreakpoint('createPendingOrders', 'after its commit, before its reply', { one: [proxy] });
  let known = false;
  const step = steps.createPendingOrders({ sagaId: SAGA_ID, items: [ORDER] }).then(() => (known = true));
  const { held } = await whenCaught(set);
  expect(await lines.states()).toEqual(['PENDING']);
  expect(known).toBe(false);
  held.release();
  await step;
});

test('a statement that failed has committed nothing: the next one is caught', async () => {
  const { proxy, steps } = await lines.orderProcess();
  const set = setBreakpoint('createPendingOrders', 'after its commit, before its reply', { one: [proxy] });
  await expect(
    steps.createPendingOrders({ sagaId: SAGA_ID, items: [{ ...ORDER, currency: 'no currency' }] }),
  ).rejects.toThrow('createPendingOrders');
  expect(set.caught).toEqual([]);
  const step = steps.createPendingOrders({ sagaId: SAGA_ID, items: [ORDER] });
  (await whenCaught(set)).held.release();
  await step;
});

test('after its completion: the process has the reply, and runs the next step of the same order', async () => {
  const { proxy, steps } = await lines.orderProcess();
  let completed = false;
  const seen: boolean[] = [];
  const breakpoint = new Breakpoint<string>('createPendingOrders', 'after its completion', ({ held }) => {
    seen.push(completed);
    // A write in this callback is held only after it returns.
    void setImmediate().then(() => {
      held.release();
    });
  });
  proxy.watch(breakpoint.watcherOf('one'));
  await steps.createPendingOrders({ sagaId: SAGA_ID, items: [ORDER] });
  completed = true;
  // A step of another order does not count.
  const other = { ...ORDER, orderId: randomUUID() };
  await steps.createPendingOrders({ sagaId: `order-${other.orderId}`, items: [other] });
  await steps.approveOrders({ sagaId: `order-${other.orderId}`, items: [other] });
  expect(seen).toEqual([]);
  await steps.approveOrders({ sagaId: SAGA_ID, items: [ORDER] });
  expect(seen).toEqual([true]);
});

test.each(['respondActivityTaskCompleted', 'respondWorkflowTaskCompleted'] as const)(
  'after its completion: the process sends the result by %s, which Temporal has not received',
  async (call) => {
    const { proxy, steps } = await lines.orderProcess();
    const temporal = await lines.lineTo(`http://${testServers().temporal.address}`);
    const connection = await NativeConnection.connect({ address: temporal.address });
    lines.atEnd(() => connection.close());
    const set = setBreakpoint('approveOrders', 'after its completion', { one: [proxy, temporal] });
    await steps.approveOrders({ sagaId: SAGA_ID, items: [ORDER] });
    const sendResult = (outcome: object) => {
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
    // A step of no known order, and a long message, in several frames.
    await expect(
      sendResult({ orderId: randomUUID(), outcome: randomBytes(100_000).toString('base64') }),
    ).rejects.toThrow();
    expect(set.caught).toEqual([]);
    const sent = sendResult({ orderId: ORDER.orderId, outcome: 'approved' }).catch(() => (answered = true));
    const { held, at } = await whenCaught(set);
    expect([at, answered]).toEqual(['temporal', false]);
    // The server has answered, and the answer is lost.
    expect(await held.answered()).toBe(true);
    expect([answered, held.stands()]).toEqual([false, true]);
    held.cut();
    await eventually(() => Promise.resolve(held.stands() ? undefined : true));
    await sent;
  },
);
