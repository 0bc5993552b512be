/** A parked step whose attempt hangs when an operator retries it: a newer attempt replaces it, and answers. */
import { expect, test } from '@jest/globals';
import { NEEDS_ATTENTION_ATTRIBUTE, PARKED_MEMO } from '../../saga/contract';
import { hold } from '../support/outages';
import { Stage } from '../replay/record/stage';

const stage = new Stage('distributed');

test('the attempt that hangs is cancelled, and nothing is parked after the newer one has answered', async () => {
  const order = stage.order();
  await (await stage.start([order])).result();
  await stage.system.stopCredit();
  const saga = await stage.startCancelling(order, { parkAfterMs: 1_000 });
  await stage.parked(saga.workflowId);
  const table = await hold(stage.system.databases.adminCustomerUrl, 'LOCK TABLE credit_reservations');
  await stage.system.startCredit();
  await stage.someoneWaitsForCredit();
  // It finishes its tasks, and accepts no new ones.
  const stopped = stage.system.stopCredit();
  await stage.retry(saga.workflowId);
  await stage.historyHas(saga.workflowId, (event) => event.activityTaskCancelRequestedEventAttributes);
  await table.release();
  await stopped;
  await stage.system.startCredit();
  await saga.result();
  const { memo, typedSearchAttributes } = await saga.describe();
  expect(memo?.[PARKED_MEMO]).toBeUndefined();
  expect(typedSearchAttributes.getAll().map(({ key }) => key.name)).not.toContain(NEEDS_ATTENTION_ATTRIBUTE);
});
