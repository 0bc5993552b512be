/** The order's row decides a cancellation, whatever requests it and in which order the steps come. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cancelSagaWorkflowId } from '../../domain/names';
import type { CancellationReason } from '../../domain/order';
import {
  APPROVED,
  cancelled,
  CREATED,
  type OneOrderSteps,
  orderSteps,
  OWNER,
  requested,
} from '../support/order-steps';

let on: OneOrderSteps;

beforeAll(async () => {
  on = await orderSteps();
});
afterAll(() => on.end());

test('a PENDING order is cancelled at once by its cancelOrderSaga', async () => {
  const [orderId, key] = [await on.pending(), randomUUID()];
  on.notices.length = 0;
  const answer = { orderId, outcome: 'cancelled', reason: 'CUSTOMER_REQUEST' };
  expect(await on.request(orderId, key)).toEqual(answer);
  expect(await on.rowOf(orderId)).toEqual({
    ...{ state: 'CANCELLED', reason: 'CUSTOMER_REQUEST', key, version: 2, owner: OWNER },
  });
  expect(await on.eventsOf(orderId)).toEqual([CREATED, cancelled(cancelSagaWorkflowId(orderId))]);
  expect(on.notices).toMatchObject([{ orderId, kind: 'decided', state: 'CANCELLED', version: 2 }]);
  // Its createOrderSaga finds the cancellation at its next step.
  expect(await on.approve(orderId)).toEqual({ orderId, outcome: 'wrong-state', state: 'CANCELLED' });
  expect(await on.cancel(orderId, 'CREDIT_CHECK_TIMEOUT')).toEqual(answer);
  // cancelOrderSaga also runs its last step when nothing is left to do.
  expect(await on.cancel(orderId, 'CUSTOMER_REQUEST', cancelSagaWorkflowId(orderId))).toEqual(answer);
  expect(await on.eventsOf(orderId)).toHaveLength(2);
});

test('an APPROVED order is CANCELLING until its cancelOrderSaga ends', async () => {
  const [orderId, key] = [await on.approved(), randomUUID()];
  const by = cancelSagaWorkflowId(orderId);
  on.notices.length = 0;
  expect(await on.request(orderId, key)).toEqual({ orderId, outcome: 'cancelling' });
  expect(await on.rowOf(orderId)).toEqual({
    ...{ state: 'CANCELLING', reason: null, key, version: 3, owner: OWNER },
  });
  expect(await on.approve(orderId)).toEqual({ orderId, outcome: 'wrong-state', state: 'CANCELLING' });
  expect(await on.cancel(orderId, 'CUSTOMER_REQUEST', by)).toMatchObject({ outcome: 'cancelled' });
  expect(await on.rowOf(orderId)).toMatchObject({
    state: 'CANCELLED',
    reason: 'CUSTOMER_REQUEST',
    key,
    version: 4,
  });
  expect(await on.eventsOf(orderId)).toEqual([CREATED, APPROVED, requested(by), cancelled(by)]);
  expect(on.notices.map((notice) => 'state' in notice && [notice.state, notice.version])).toEqual([
    ['CANCELLING', 3],
    ['CANCELLED', 4],
  ]);
});

test('the key of the first request is kept, also when the cancellation is finished', async () => {
  const first = randomUUID();
  for (const orderId of [await on.pending(), await on.approved()]) {
    const by = cancelSagaWorkflowId(orderId);
    await on.request(orderId, first);
    await on.request(orderId, randomUUID());
    expect(await on.rowOf(orderId)).toMatchObject({ key: first });
    await on.cancel(orderId, 'CUSTOMER_REQUEST', by);
    await on.request(orderId, randomUUID());
    expect(await on.rowOf(orderId)).toMatchObject({ state: 'CANCELLED', key: first });
  }
});

test('an order that was cancelled for another reason keeps that reason, and the step returns it', async () => {
  const orderId = await on.pending();
  await on.cancel(orderId, 'INSUFFICIENT_CREDIT');
  const before = await on.rowOf(orderId);
  expect(await on.request(orderId, randomUUID())).toEqual({
    ...{ orderId, outcome: 'cancelled', reason: 'INSUFFICIENT_CREDIT' },
  });
  expect(await on.rowOf(orderId)).toEqual(before);
  expect(before).toMatchObject({ key: null, version: 2 });
  expect(await on.eventsOf(orderId)).toEqual([CREATED, cancelled(OWNER, 'INSUFFICIENT_CREDIT')]);
});

test('each transition to CANCELLED starts from its own state, also in one list', async () => {
  const [open, decided, locked, other] = [
    await on.pending(),
    await on.approved(),
    await on.approved(),
    await on.pending(),
  ];
  await on.request(locked);
  const of = async (items: readonly (readonly [string, CancellationReason])[]) => {
    const asked = items.map(([orderId, reason]) => ({ orderId, reason }));
    const results = await on.steps.cancelOrders({ sagaId: OWNER, items: asked });
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
  expect(await on.eventsOf(other)).toEqual([CREATED, cancelled(OWNER, 'UNKNOWN_CUSTOMER')]);
  expect((await on.eventsOf(locked)).slice(3)).toEqual([cancelled(OWNER)]);
});

test('only the saga that owns an order and its cancelOrderSaga may cancel it', async () => {
  const [orderId, other] = [await on.pending(), await on.pending()];
  const missing = { orderId, outcome: 'wrong-state', state: 'MISSING' };
  for (const by of [cancelSagaWorkflowId(other), 'orders-other'])
    expect(await on.request(orderId, randomUUID(), by)).toEqual(missing);
  expect(await on.eventsOf(orderId)).toEqual([CREATED]);
  // Temporal's own Cancel reaches the owner.
  expect(await on.request(orderId, undefined, OWNER)).toMatchObject({ outcome: 'cancelled' });
  expect(await on.eventsOf(orderId)).toEqual([CREATED, cancelled(OWNER)]);
});
