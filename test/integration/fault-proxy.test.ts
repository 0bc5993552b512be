/** A breakpoint stops its step and no other; a line slows down, stalls, and counts errors. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { FaultLines, ORDER, SAGA_ID, setBreakpoint, whenCaught } from '../support/fault-lines';
import { eventually } from '../support/http';

const proxies = new FaultLines();

test('one of several processes stops at the breakpoint, and the others continue', async () => {
  const [first, second] = [await proxies.orderProcess(), await proxies.orderProcess()];
  const set = setBreakpoint('createPendingOrders', 'after its commit, before its reply', {
    first: [first.proxy],
    second: [second.proxy],
  });
  const both = [first, second].map(async ({ steps }, index) => {
    const mine = { ...ORDER, orderId: randomUUID() };
    await steps.createPendingOrders({ sagaId: `order-${mine.orderId}`, items: [mine] });
    return index;
  });
  const { held, process } = await whenCaught(set);
  expect(await Promise.race(both)).toBe(process === 'first' ? 1 : 0);
  held.release();
  await Promise.all(both);
  expect(set.caught).toHaveLength(1);
});

test('a closed breakpoint stops no process, even if it has seen its statement', async () => {
  const { proxy, steps } = await proxies.orderProcess();
  const set = setBreakpoint('createPendingOrders', 'after its completion', { one: [proxy] });
  await steps.createPendingOrders({ sagaId: SAGA_ID, items: [ORDER] });
  set.breakpoint.close();
  await steps.approveOrders({ sagaId: SAGA_ID, items: [ORDER] });
  expect(set.caught).toEqual([]);
});

test('the credit steps are distinguished, and a slow connection keeps the order of its messages', async () => {
  const { proxy, steps } = await proxies.customerProcess();
  proxy.slow(20);
  const set = setBreakpoint('releaseCredit', 'before its statement', { one: [proxy] });
  await steps.reserveCredit({ sagaId: SAGA_ID, items: [ORDER] });
  const step = steps.releaseCredit({ sagaId: SAGA_ID, items: [ORDER] });
  // The data that is already delayed is passed on without more delay.
  proxy.slow(0);
  (await whenCaught(set)).held.release();
  expect(await step).toEqual([{ orderId: ORDER.orderId, outcome: 'released' }]);
  expect(proxy.waited).toBeGreaterThan(0);
});

test.each([
  ['requestCancellations', 'CANCELLING'],
  ['cancelOrders', 'CANCELLED'],
] as const)('%s is distinguished, although both may cancel an order', async (name, state) => {
  const { proxy, steps } = await proxies.orderProcess();
  await steps.createPendingOrders({ sagaId: SAGA_ID, items: [ORDER] });
  await steps.approveOrders({ sagaId: SAGA_ID, items: [ORDER] });
  const set = setBreakpoint(name, 'after its commit, before its reply', { one: [proxy] });
  const cancelled = steps.requestCancellations({ sagaId: SAGA_ID, items: [ORDER] }).then(() =>
    steps.cancelOrders({
      sagaId: SAGA_ID,
      items: [{ orderId: ORDER.orderId, reason: 'CUSTOMER_REQUEST' }],
    }),
  );
  const { held, orderIds } = await whenCaught(set);
  expect(orderIds).toEqual([ORDER.orderId]);
  expect(await proxies.states()).toEqual([state]);
  held.release();
  expect(await cancelled).toEqual([
    { orderId: ORDER.orderId, outcome: 'cancelled', reason: 'CUSTOMER_REQUEST' },
  ]);
});

test('a stalled line delays all data, also of new connections, until it resumes', async () => {
  const { proxy, steps } = await proxies.orderProcess();
  proxy.stall();
  const step = steps.createPendingOrders({ sagaId: SAGA_ID, items: [ORDER] });
  await eventually(() => Promise.resolve(proxy.waited > 0 ? true : undefined));
  expect(await proxies.states()).toEqual([]);
  proxy.resume();
  expect(await step).toEqual([{ orderId: ORDER.orderId, outcome: 'created' }]);
});

test('a line counts the errors of the database and the connections that it cuts', async () => {
  const { proxy, steps } = await proxies.orderProcess();
  await steps
    .createPendingOrders({ sagaId: SAGA_ID, items: [{ ...ORDER, currency: 'no currency' }] })
    .catch(() => undefined);
  expect(proxy.refusals('23514')).toBe(1);
  expect(proxy.cut()).toBeGreaterThan(0);
  await eventually(() => Promise.resolve(proxy.cut() === 0 ? true : undefined));
});
