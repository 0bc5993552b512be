/** Records sagas that wait for so long that they continue as new: a history for each of their runs. */
import { describe, expect, test } from '@jest/globals';
import type { OrderRequest } from '../../../domain/contracts';
import type { Placement } from '../../../saga/contract';
import { eventually } from '../../support/http';
import { hold, type Lock } from '../../support/outages';
import { type CancelSaga, type Saga, Stage } from './stage';

/** More than are needed until a run has gathered its events. */
const ORDERS = 50;

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);

  const runOf = async ({ workflowId }: Pick<Saga, 'workflowId'>) => {
    const { runId, raw } = await stage.system.client.workflow.getHandle(workflowId).describe();
    return { runId, length: Number(raw.workflowExecutionInfo?.historyLength) };
  };

  /** Has an operator retry its step until it continues as new. */
  const retryUntilContinued = async (saga: Saga | CancelSaga) => {
    for (;;) {
      const { runId, length } = await runOf(saga);
      if (runId !== saga.firstExecutionRunId) return;
      await stage.retry(saga.workflowId);
      await eventually(async () => {
        const now = await runOf(saga);
        return now.runId !== runId || now.length > length ? true : undefined;
      });
    }
  };

  /** Keeps each of its runs. */
  const keepRuns = async (saga: Saga | CancelSaga, name: string, words: string, runs = 2) => {
    await stage.ended(saga.workflowId);
    let runId: string | null | undefined = saga.firstExecutionRunId;
    let number = 0;
    while (runId) {
      number += 1;
      await stage.keep(
        saga.workflowId,
        `${name}-${String(number)}`,
        `${words} (run ${String(number)})`,
        runId,
      );
      const { events } = await stage.system.client.workflow.getHandle(saga.workflowId, runId).fetchHistory();
      runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    }
    expect(number).toBe(runs);
  };

  const waiting = async (creditCheckTimeoutMs = 60_000) => {
    const order = stage.order(await stage.newCustomer());
    const lock = await stage.holdCustomer(order.customerId);
    const saga = await stage.start([order], { settings: { creditCheckTimeoutMs }, parkAfterMs: 300 });
    await stage.stateIs(order.orderId, 'PENDING');
    return { order, lock, saga };
  };

  /** Rows that are released one after the other, by savepoints of one transaction. */
  const holdInTurn = async (
    orders: readonly OrderRequest[],
  ): Promise<Lock & { next(): Promise<unknown> }> => {
    const lock = await hold(stage.system.databases.adminCustomerUrl, 'SELECT');
    for (const [index, { customerId }] of orders.toReversed().entries()) {
      await lock.query(`SAVEPOINT before_${String(index)}`, []);
      await lock.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [customerId]);
    }
    let left = orders.length;
    return {
      ...lock,
      next: () => {
        left -= 1;
        return lock.query(`ROLLBACK TO SAVEPOINT before_${String(left)}`, []);
      },
    };
  };

  test('the orders of a group get their credit one after the other', async () => {
    const orders = [];
    for (let count = 0; count < ORDERS; count++) orders.push(stage.order(await stage.newCustomer()));
    const lock = await holdInTurn(orders);
    const saga = await stage.start(orders, { settings: { creditCheckTimeoutMs: 60_000 } });
    for (const { orderId } of orders) {
      await stage.stateIs(orderId, 'PENDING');
      await lock.next();
      await stage.stateIs(orderId, 'APPROVED');
      const { runId } = await runOf(saga);
      if (runId !== saga.firstExecutionRunId) break;
    }
    await lock.release();
    await keepRuns(saga, 'long-group', 'the orders of a group get their credit one after the other');
  });

  test('credit is reserved in its second run, or there is no answer in time', async () => {
    const reserved = await waiting();
    await retryUntilContinued(reserved.saga);
    await reserved.lock.release();
    await keepRuns(
      reserved.saga,
      'long-credit',
      'waits for credit so long that it continues as new: approved',
    );

    const late = await waiting(8_000);
    await retryUntilContinued(late.saga);
    await stage.stateIs(late.order.orderId, 'CANCELLED');
    await late.lock.release();
    await keepRuns(
      late.saga,
      'long-timeout',
      'waits for credit so long that it continues as new: no answer in time',
    );
  });

  test("Temporal's Cancel in its first run, and again in its second", async () => {
    const { order, lock, saga } = await waiting();
    await saga.cancel();
    await stage.stateIs(order.orderId, 'CANCELLED');
    await stage.parked(saga.workflowId);
    await retryUntilContinued(saga);
    await stage.system.client.workflow.getHandle(saga.workflowId).cancel();
    await stage.historyHas(saga.workflowId, (event) => event.workflowExecutionCancelRequestedEventAttributes);
    await lock.release();
    await keepRuns(saga, 'long-cancelled', 'cancelled in its first run, and again in its second');
  });

  test('a compensation that is given up in its first run, the record of it made in its second', async () => {
    const { order, lock, saga } = await waiting(1_000);
    await stage.stateIs(order.orderId, 'CANCELLED');
    await stage.parked(saga.workflowId);
    const table = await hold(stage.system.databases.adminOrderUrl, 'LOCK TABLE given_up_steps');
    await stage.giveUp(saga.workflowId);
    await stage.parked(saga.workflowId, 'record that it was given up');
    await retryUntilContinued(saga);
    await table.release();
    await lock.release();
    await keepRuns(
      saga,
      'long-given-up',
      'a step is given up in its first run, and that is recorded in its second',
    );
  });

  test('a cancellation whose release waits, is parked, and is given up in its second run', async () => {
    const order = stage.order(await stage.newCustomer());
    await (await stage.start([order])).result();
    const lock = await stage.holdCustomer(order.customerId);
    const saga = await stage.startCancelling(order, { parkAfterMs: 300 });
    await stage.parked(saga.workflowId);
    await retryUntilContinued(saga);
    await stage.giveUp(saga.workflowId);
    await stage.ended(saga.workflowId);
    await lock.release();
    await keepRuns(
      saga,
      'long-cancellation',
      'an approved order is cancelled; its release is given up in the second run',
    );
  });
});
