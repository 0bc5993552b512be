/** The worked example of docs/changing-a-saga.md: sagas begun by one version of the code, ended by the next. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type RunningService, startService } from '../../api/service';
import type { Placement } from '../../domain/contracts';
import { NEEDS_ATTENTION_ATTRIBUTE, sagaWorkflowId } from '../../domain/names';
import { createLogger } from '../../platform/logger';
import { call, eventually, newCustomer, placeOrder } from '../support/http';
import { giveDatabaseBack, takeDatabaseAway } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';
import { bundleOf, type VersionBundle } from '../support/versions';
import { replay } from './replaying';

const VERSIONS = ['before', 'patched', 'deprecated', 'removed'] as const;
type Version = (typeof VERSIONS)[number];

/** 50, 100, 200, 400 ms and so on: together well over what is waited before a saga needs attention. */
const ENOUGH_PAUSES = 5;

const bundles = new Map<Version, VersionBundle>();
const bundlePathOf = (version: Version) => String(bundles.get(version)?.bundlePath);

beforeAll(async () => {
  for (const version of VERSIONS) bundles.set(version, await bundleOf(version));
}, 120_000);
afterAll(() => {
  for (const bundle of bundles.values()) bundle.remove();
});

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let system: TestSystem;
  let later: RunningService | undefined;

  afterEach(async () => {
    await later?.stop();
    later = undefined;
    await system.stop();
  });

  /** A saga of the version that cannot release its credit. */
  const parkedBy = async (version: Version) => {
    system = await startSystem({
      placement,
      bundlePath: bundlePathOf(version),
      order: { creditCheckTimeoutMs: 1_000, attentionAfterMs: 500 },
    });
    const customer = await newCustomer(system.url, '10.00');
    await takeDatabaseAway(system.databases.adminCustomerUrl);
    const { body } = await placeOrder(system.url, customer, '1.00');
    const orderId = String(body['orderId']);
    const sagaId = sagaWorkflowId([orderId]);
    const saga = system.client.workflow.getHandle(sagaId);
    await eventually(async () => {
      const state = (await call(`${system.url}/orders/${orderId}`, 'GET')).body['state'];
      return state === 'CANCELLED' ? state : undefined;
    });
    const attention = async () => {
      const { typedSearchAttributes } = await saga.describe();
      return typedSearchAttributes
        .getAll()
        .flatMap(({ key, value }) => (key.name === NEEDS_ATTENTION_ATTRIBUTE ? value : []));
    };
    return { saga, sagaId, attention };
  };

  const handOverTo = async (version: Version) => {
    await system.stopService();
    later = await startService(
      { ...system.settings, bundlePath: bundlePathOf(version) },
      createLogger('silent'),
    );
  };

  const replays = async (version: Version, workflowId: string) => {
    const history = await system.client.workflow.getHandle(workflowId).fetchHistory();
    const [result] = await replay(bundlePathOf(version), [{ workflowId, history }]);
    return result?.error === undefined;
  };

  /** Until its compensation has failed for longer than is told of. */
  const longParked = (saga: Awaited<ReturnType<typeof parkedBy>>['saga']) =>
    eventually(async () => {
      const { events } = await saga.fetchHistory();
      const pauses = events?.filter((event) => event.timerStartedEventAttributes) ?? [];
      return pauses.length > ENOUGH_PAUSES ? true : undefined;
    });

  test('patched: a saga of the code before it goes on under the new code, which tells from then on', async () => {
    const { saga, sagaId, attention } = await parkedBy('before');
    await longParked(saga);
    expect(await attention()).toEqual([]);
    expect(await replays('patched', sagaId)).toBe(true);
    await handOverTo('patched');
    await eventually(async () => ((await attention()).length > 0 ? true : undefined));
    expect(await attention()).toEqual(['release credit']);
    expect((await saga.describe()).status.name).toBe('RUNNING');
    await giveDatabaseBack(system.databases.adminCustomerUrl);
    await saga.result();
    expect(await attention()).toEqual([]);
    expect(await replays('patched', sagaId)).toBe(true);
    expect(await replays('before', sagaId)).toBe(false);
  });

  test('deprecated: only sagas that carry the patch, or never came there, are left; then removed', async () => {
    const first = await parkedBy('patched');
    await eventually(async () => ((await first.attention()).length > 0 ? true : undefined));
    expect(await replays('removed', first.sagaId)).toBe(false);
    expect(await replays('deprecated', first.sagaId)).toBe(true);
    await handOverTo('deprecated');
    await giveDatabaseBack(system.databases.adminCustomerUrl);
    await first.saga.result();
    expect(await replays('deprecated', first.sagaId)).toBe(true);
  });

  test('removed: sagas begun by the deprecated version end without the patch', async () => {
    const { saga, sagaId, attention } = await parkedBy('deprecated');
    await eventually(async () => ((await attention()).length > 0 ? true : undefined));
    await handOverTo('removed');
    await giveDatabaseBack(system.databases.adminCustomerUrl);
    await saga.result();
    expect(await replays('removed', sagaId)).toBe(true);
  });
});
