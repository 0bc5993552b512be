/** Records sagas as they ran before a change that was made with `patched`, where they would meet it now. */
import { describe, test } from '@jest/globals';
import type { Placement } from '../../../domain/contracts';
import { REQUEST_CANCELLATION, sagaWorkflowId } from '../../../domain/names';
import { giveDatabaseBack, takeDatabaseAway } from '../../support/outages';
import { Stage } from './stage';

describe.each<Placement>(['colocated', 'distributed'])('%s, before', (placement) => {
  describe('somebody was told of a step that keeps failing', () => {
    const stage = new Stage(placement, 'before');

    test('its compensation fails for long', async () => {
      const { adminCustomerUrl } = stage.system.databases;
      await takeDatabaseAway(adminCustomerUrl);
      const saga = await stage.start([stage.order()], { creditCheckTimeoutMs: 1_000, attentionAfterMs: 300 });
      await stage.historyHas(saga, 'timerStartedEventAttributes', 7);
      await giveDatabaseBack(adminCustomerUrl);
      await saga.result();
      await stage.keep(
        saga.workflowId,
        'before-attention',
        'its compensation fails for long, before it was told of; then it succeeds',
      );
    });
  });

  describe('an accepted cancellation held though the order was approved', () => {
    const stage = new Stage(placement, 'before-cancel-approved');

    test('its worker is killed while it approves', async () => {
      const { orderId, lock } = await stage.killWhileItApproves();
      const sagaId = sagaWorkflowId([orderId]);
      const accepted = stage.update(sagaId, REQUEST_CANCELLATION, { orderId });
      await lock.release();
      await accepted;
      await stage.ended(sagaId);
      await stage.stateIs(orderId, 'APPROVED');
      await stage.keep(
        sagaId,
        'before-cancel-approved',
        'its cancellation is accepted, a dead worker approves it, and it was left approved',
      );
    });
  });
});
