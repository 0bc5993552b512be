/** The remaining steps survive Temporal's Cancel, with their pauses and the decisions of operators about them. */
import { describe, expect, test } from '@jest/globals';
import type { Placement } from '../../saga/contract';
import { failedTasks } from '../replay/recording';
import { Stage } from '../replay/record/stage';

const LONG = { settings: { creditCheckTimeoutMs: 60_000 } };

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);

  test("the approved order of a group is cancelled while another one's customer is locked", async () => {
    const [done, waits] = [stage.order(), stage.order(await stage.newCustomer())];
    const lock = await stage.holdCustomer(waits.customerId);
    const saga = await stage.start([done, waits], LONG);
    await stage.stateIs(done.orderId, 'APPROVED');
    await saga.cancel();
    await stage.stateIs(done.orderId, 'CANCELLED');
    await lock.release();
    const { outcomes } = await saga.result();
    expect(outcomes.map(({ state }) => state)).toEqual(['CANCELLED', 'CANCELLED']);
    expect(failedTasks(await saga.fetchHistory())).toEqual([]);
  });

  test.each(['retry', 'giveUp'] as const)(
    'a step of a cancelled saga, and an operator: %s',
    async (decide) => {
      const order = stage.order(await stage.newCustomer());
      const lock = await stage.holdCustomer(order.customerId);
      const saga = await stage.start([order], { ...LONG, parkAfterMs: 300 });
      await stage.stateIs(order.orderId, 'PENDING');
      await saga.cancel();
      await stage.parked(saga.workflowId);
      await stage[decide](saga.workflowId);
      await stage.historyHas(saga.workflowId, (event) => event.workflowExecutionSignaledEventAttributes);
      await lock.release();
      await stage.ended(saga.workflowId);
      expect((await saga.describe()).status.name).toBe(decide === 'retry' ? 'COMPLETED' : 'FAILED');
      expect(failedTasks(await saga.fetchHistory())).toEqual([]);
    },
  );
});
