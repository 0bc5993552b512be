/** Records a saga as version 0.1.0 ran it before anybody was told of a step that keeps failing. */
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { startService } from '../../../api/service';
import type { Placement } from '../../../domain/contracts';
import { createLogger } from '../../../platform/logger';
import { giveDatabaseBack, takeDatabaseAway } from '../../support/outages';
import { bundleOf, type VersionBundle } from '../../support/versions';
import { Stage } from './stage';

let bundle: VersionBundle;

beforeAll(async () => {
  bundle = await bundleOf('before');
});
afterAll(() => {
  bundle.remove();
});

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);

  test('long failing', async () => {
    const { system } = stage;
    await system.stopService();
    const { bundlePath } = bundle;
    const service = await startService({ ...system.settings, bundlePath }, createLogger('silent'));
    try {
      await takeDatabaseAway(system.databases.adminCustomerUrl);
      const saga = await stage.start([stage.order()], { creditCheckTimeoutMs: 1_000, attentionAfterMs: 300 });
      await stage.historyHas(saga, 'timerStartedEventAttributes', 7);
      await giveDatabaseBack(system.databases.adminCustomerUrl);
      await saga.result();
      await stage.keep(
        saga.workflowId,
        'before-attention',
        'its compensation fails for long, before it was told of; then it succeeds',
      );
    } finally {
      await service.stop();
    }
  });
});
