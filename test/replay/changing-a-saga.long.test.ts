/**
 * The worked example of docs/changing-a-saga.md: sagas begun by one version of the code, ended by the next. Distributed:
 * the new step belongs to a service of its own.
 */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type RunningService, startService } from '../../api/service';
import { RETRY_STEP, type RetryStepRequest } from '../../saga/contract';
import { createLogger } from '../../platform/logger';
import { rowsOf } from '../support/databases';
import { type FraudService, startFraudService } from '../support/fraud-service';
import { eventually, newCustomer } from '../support/http';
import { holdCustomer, type Lock } from '../support/outages';
import { type OrderSagaHandle, type OrderSagaInput, ordersOf, startOrders } from '../support/saga-workers';
import { startSystem, type TestSystem } from '../support/system';
import { bundleOf, type VersionBundle } from '../support/workflow-versions';
import { replay } from './replaying';

const VERSIONS = ['before', 'patched', 'deprecated', 'removed'] as const;
type Version = (typeof VERSIONS)[number];

const SHORT_TIMEOUT = { settings: { creditCheckTimeoutMs: 200 } };

const bundles = new Map<Version, VersionBundle>();
const bundlePathOf = (version: Version) => String(bundles.get(version)?.bundlePath);
let fraud: FraudService;

beforeAll(async () => {
  for (const version of VERSIONS) bundles.set(version, await bundleOf(version));
  fraud = await startFraudService();
}, 120_000);
afterAll(async () => {
  await fraud.stop();
  for (const bundle of bundles.values()) bundle.remove();
});

interface Begun {
  readonly orderId: string;
  readonly saga: OrderSagaHandle;
  readonly lock: Lock;
}

let system: TestSystem;
let later: RunningService | undefined;

afterEach(async () => {
  await later?.stop();
  later = undefined;
  await system.stop();
});

const startWith = async (version: Version) => {
  system = await startSystem({ placement: 'distributed', bundlePath: bundlePathOf(version) });
};

/** A saga that waits for credit, because its customer's row is held; or for a later step. */
const begin = async (options?: Partial<OrderSagaInput>, until = 'reserveCredit'): Promise<Begun> => {
  const customer = await newCustomer((later ?? system).url, '10.00');
  const lock = await holdCustomer(system.databases.adminCustomerUrl, customer);
  const [order] = ordersOf(customer, 1);
  if (!order) throw new Error('there is one order');
  const saga = await startOrders(system.client, [order], { placement: 'distributed', ...options });
  await eventually(async () => ((await askedFor(saga)).includes(until) ? true : undefined));
  return { orderId: order.orderId, saga, lock };
};

/** The steps of the saga's last run that went to a task queue. */
const askedFor = async ({ workflowId }: OrderSagaHandle) => {
  const { events } = await system.client.workflow.getHandle(workflowId).fetchHistory();
  return events?.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name) ?? [];
};

const handOverTo = async (version: Version) => {
  await system.stopService();
  later = await startService(
    { ...system.settings, bundlePath: bundlePathOf(version) },
    createLogger('silent'),
  );
};

const replays = async (version: Version, { workflowId }: OrderSagaHandle) => {
  const history = await system.client.workflow.getHandle(workflowId).fetchHistory();
  const [result] = await replay(bundlePathOf(version), [{ workflowId, history }]);
  return result?.error === undefined;
};

const approved = async ({ orderId, saga, lock }: Begun) => {
  await lock.release();
  expect(await saga.result()).toEqual({ outcomes: [{ orderId, state: 'APPROVED' }] });
};

test('patched: a saga past the new step continues without it; new sagas have it', async () => {
  await startWith('before');
  const old = await begin();
  expect(await replays('patched', old.saga)).toBe(true);
  expect(await replays('removed', old.saga)).toBe(false);
  await handOverTo('patched');
  await approved(old);
  expect(fraud.checked).not.toContain(old.orderId);
  expect(await replays('patched', old.saga)).toBe(true);
  const next = await begin();
  await approved(next);
  expect(fraud.checked).toContain(next.orderId);
  expect(await replays('patched', next.saga)).toBe(true);
  expect(await replays('before', next.saga)).toBe(false);
});

test('deprecated: only sagas with the patch, or that ended before it, are left; then removed', async () => {
  await startWith('patched');
  const begun = await begin();
  expect(await replays('removed', begun.saga)).toBe(false);
  expect(await replays('deprecated', begun.saga)).toBe(true);
  await handOverTo('deprecated');
  await approved(begun);
  expect(await replays('deprecated', begun.saga)).toBe(true);
});

test('removed: sagas of the deprecated version end without the patch', async () => {
  await startWith('deprecated');
  const begun = await begin();
  await handOverTo('removed');
  await approved(begun);
  expect(fraud.checked).toContain(begun.orderId);
  expect(await replays('removed', begun.saga)).toBe(true);
});

test('an older saga that continues as new with the new code runs the new step, and repeats the later ones', async () => {
  await startWith('before');
  const onCustomers = (statement: string) => rowsOf(system.databases.adminCustomerUrl, statement);
  await onCustomers('ALTER FUNCTION release_credit RENAME TO release_credit_gone');
  const { orderId, saga, lock } = await begin(SHORT_TIMEOUT, 'releaseCredit');
  expect(fraud.checked).not.toContain(orderId);
  await handOverTo('patched');
  // An operator's retries make its run long: it continues as new after seconds instead of hours.
  await eventually(async () => {
    await saga.signal<[RetryStepRequest]>(RETRY_STEP, { by: 'grace' });
    return fraud.checked.has(orderId) ? true : undefined;
  }, 30_000);
  await lock.release();
  await onCustomers('ALTER FUNCTION release_credit_gone RENAME TO release_credit');
  // The order's row, and not the run that asks once more, says why it was cancelled.
  expect(await saga.result()).toEqual({
    outcomes: [{ orderId, state: 'CANCELLED', reason: 'CREDIT_CHECK_TIMEOUT' }],
  });
  expect(await replays('patched', saga)).toBe(true);
  const [reserved] = await onCustomers('SELECT sum(reserved_minor)::int AS minor FROM customers');
  expect(reserved).toEqual({ minor: 0 });
});
