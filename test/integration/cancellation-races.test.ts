/** Concurrent steps of one order: one of them wins, and the answers of all match the row. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { cancelSagaWorkflowId } from '../../domain/names';
import {
  APPROVED,
  cancelled,
  CREATED,
  type OneOrderSteps,
  orderSteps,
  OWNER,
  requested,
} from '../support/order-steps';

/** At least: a bug may need rare timing. A race also runs until each side has won once. */
const ROUNDS = 40;

let on: OneOrderSteps;

beforeAll(async () => {
  on = await orderSteps();
});
afterAll(() => on.end());

test.each([
  ['PENDING', 'pending', { outcome: 'cancelled', reason: 'CUSTOMER_REQUEST' }, 2],
  ['APPROVED', 'approved', { outcome: 'cancelling' }, 3],
] as const)(
  '%s: twenty requests at once and one more have one effect',
  async (_state, placed, answer, version) => {
    const orderId = await on[placed]();
    const answers = await Promise.all(Array.from({ length: 20 }, () => on.request(orderId, randomUUID())));
    for (const each of answers) expect(each).toEqual({ orderId, ...answer });
    const before = await on.rowOf(orderId);
    expect(await on.request(orderId, randomUUID())).toEqual({ orderId, ...answer });
    expect(await on.rowOf(orderId)).toEqual(before);
    expect(before).toMatchObject({ version });
    expect(await on.eventsOf(orderId)).toHaveLength(version);
  },
);

test('a request races the approval, many times: one of them wins, and the answers of both steps match the row', async () => {
  const winners = new Set<unknown>();
  for (let round = 0; round < ROUNDS || winners.size < 2; round++) {
    const orderId = await on.pending();
    const by = cancelSagaWorkflowId(orderId);
    const requestedFirst = round % 2 === 0 ? on.request(orderId) : undefined;
    const [approval, cancellation] = await Promise.all([
      on.approve(orderId),
      requestedFirst ?? on.request(orderId),
    ]);
    const events = await on.eventsOf(orderId);
    winners.add(approval.outcome);
    if (approval.outcome === 'approved') {
      expect(cancellation).toEqual({ orderId, outcome: 'cancelling' });
      expect(events).toEqual([CREATED, APPROVED, requested(by)]);
    } else {
      expect(approval).toEqual({ orderId, outcome: 'wrong-state', state: 'CANCELLED' });
      expect(cancellation).toEqual({ orderId, outcome: 'cancelled', reason: 'CUSTOMER_REQUEST' });
      expect(events).toEqual([CREATED, cancelled(by)]);
    }
  }
});

test('a request races the cancellation for another reason: both answers have the reason of the winner', async () => {
  const winners = new Set<unknown>();
  for (let round = 0; round < ROUNDS || winners.size < 2; round++) {
    const orderId = await on.pending();
    const by = cancelSagaWorkflowId(orderId);
    const requestedFirst = round % 2 === 0 ? on.request(orderId) : undefined;
    const answers = await Promise.all([
      on.cancel(orderId, 'CREDIT_CHECK_FAILED'),
      requestedFirst ?? on.request(orderId),
    ]);
    const reason = String((await on.rowOf(orderId))?.['reason']);
    for (const answer of answers) expect(answer).toEqual({ orderId, outcome: 'cancelled', reason });
    winners.add(reason);
    const winner = reason === 'CUSTOMER_REQUEST' ? by : OWNER;
    expect(await on.eventsOf(orderId)).toEqual([CREATED, cancelled(winner, reason)]);
  }
});

test('a row that another transaction has locked is busy, and the other rows are processed', async () => {
  const [held, free] = [await on.pending(), await on.approved()];
  const items = [{ orderId: held }, { orderId: free }];
  const holder = new Client({ connectionString: on.databases.adminOrderUrl });
  await holder.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM orders WHERE id = $1 FOR UPDATE', [held]);
    const results = await on.steps.requestCancellations({ sagaId: OWNER, items });
    expect(results.map(({ orderId, outcome }) => [orderId, outcome]).sort()).toEqual(
      [
        [held, 'busy'],
        [free, 'cancelling'],
      ].sort(),
    );
    expect(await on.eventsOf(held)).toEqual([CREATED]);
  } finally {
    await holder.end();
  }
  expect(await on.request(held)).toMatchObject({ outcome: 'cancelled' });
});
