/** Records sagas that come to a step, or to a task queue, a second time: nothing of the first wait is left. */
import { describe, test } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Placement } from '../../../saga/contract';
import { eventually } from '../../support/http';
import { allowConnections, hold, refuseConnections } from '../../support/outages';
import { type Saga, Stage } from './stage';

/** Long enough for the second wait to begin before a timer of the first one fires. */
const PARK_AFTER_MS = 12_000;

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);

  const keepEnded = async ({ workflowId }: Pick<Saga, 'workflowId'>, name: string, words: string) => {
    await stage.ended(workflowId);
    await stage.keep(workflowId, name, words);
  };

  const holdRow = (orderId: string) =>
    hold(stage.system.databases.adminOrderUrl, 'SELECT FROM orders WHERE id = $1 FOR UPDATE', [orderId]);

  /** Waits until the first timer with this summary has fired. */
  const firstTimerFired = (workflowId: string, summary: string) =>
    eventually(async () => {
      const { events } = await stage.system.client.workflow.getHandle(workflowId).fetchHistory();
      const first = events?.find(
        ({ timerStartedEventAttributes, userMetadata }) =>
          timerStartedEventAttributes &&
          userMetadata?.summary &&
          defaultPayloadConverter.fromPayload(userMetadata.summary) === summary,
      );
      const fired = events?.some(({ timerFiredEventAttributes }) =>
        timerFiredEventAttributes?.startedEventId?.equals(first?.eventId ?? 0),
      );
      return fired ? true : undefined;
    }, 30_000);

  test('a service that was away for long has its next step in the saga again', async () => {
    const { adminOrderUrl } = stage.system.databases;
    await refuseConnections(adminOrderUrl);
    const saga = await stage.start([stage.order()]);
    await stage.retriedByServer(saga.workflowId, 'createPendingOrders');
    await allowConnections(adminOrderUrl);
    await keepEnded(
      saga,
      'creation-on-queue',
      'its database is away for so long that the creation goes to its queue; the approval does not',
    );
  });

  test('two orders of a group wait for the same step, one after the other', async () => {
    const customers = [await stage.newCustomer(), await stage.newCustomer()] as const;
    const [first, second] = [stage.order(customers[0]), stage.order(customers[1])] as const;
    const credit = [await stage.holdCustomer(customers[0]), await stage.holdCustomer(customers[1])] as const;
    const saga = await stage.start([first, second], {
      settings: { creditCheckTimeoutMs: 60_000 },
      parkAfterMs: PARK_AFTER_MS,
    });
    for (const { orderId } of [first, second]) await stage.stateIs(orderId, 'PENDING');
    const rows = [await holdRow(first.orderId), await holdRow(second.orderId)] as const;
    await credit[0].release();
    await stage.retry(saga.workflowId);
    await stage.pausesBefore(saga.workflowId, 'approve');
    await rows[0].release();
    await stage.stateIs(first.orderId, 'APPROVED');
    await credit[1].release();
    await stage.retry(saga.workflowId);
    await stage.pausesBefore(saga.workflowId, 'approve', 2);
    await firstTimerFired(saga.workflowId, 'until it is parked: approve');
    await rows[1].release();
    await stage.retry(saga.workflowId);
    await keepEnded(
      saga,
      'waits-twice',
      'two of its orders wait for the same step, one after the other: the second wait is a new one',
    );
  });

  test('its credit check fails permanently when an earlier run has approved the order', async () => {
    const order = stage.order();
    await (await stage.start([order])).result();
    await stage.onCustomers('ALTER FUNCTION reserve_credit RENAME TO reserve_credit_gone');
    const again = await stage.start([order]);
    await stage.ended(again.workflowId);
    await stage.onCustomers('ALTER FUNCTION reserve_credit_gone RENAME TO reserve_credit');
    await keepEnded(
      again,
      'run-again-reserve-failed',
      'run again after it was approved, its credit step fails permanently: it stays approved',
    );
  });
});
