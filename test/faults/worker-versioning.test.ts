/** Temporal's Worker Versioning: which version resumes a saga when another one is deployed. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type RunningService, startService } from '../../api/service';
import { sagaWorkflowId } from '../../domain/names';
import type { WorkerDeployment } from '../../platform/config';
import { createLogger } from '../../platform/logger';
import { NEEDS_ATTENTION_ATTRIBUTE } from '../../saga/contract';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { allowConnections, refuseConnections } from '../support/outages';
import { testServers } from '../support/servers';
import { startServiceProcess } from '../support/service-process';
import { freePort } from '../../tools/local/free-port';
import { startSystem, type TestSystem } from '../support/system';
import { bundleOf, type VersionBundle } from '../support/workflow-versions';

let green: VersionBundle;
let system: TestSystem;
let next: RunningService | undefined;

beforeAll(async () => {
  green = await bundleOf('one-step-more');
}, 120_000);
afterAll(() => {
  green.remove();
});
afterEach(async () => {
  await next?.stop();
  next = undefined;
  await system.stop();
});

const buildIdOf = (service: { readonly workflows: { readonly buildId: string } | undefined }) =>
  String(service.workflows?.buildId);

/** What an operator does with `temporal worker deployment set-current-version`. */
async function makeCurrent(deploymentName: string, buildId: string, allowNoPollers = false): Promise<void> {
  const { namespace } = testServers().temporal;
  await eventually(async () => {
    try {
      await system.client.workflowService.setWorkerDeploymentCurrentVersion({
        namespace,
        deploymentName,
        buildId,
        ignoreMissingTaskQueues: true,
        allowNoPollers,
      });
      return true;
    } catch {
      return undefined; // its workers have not been heard of yet
    }
  });
}

/** Of the worker that completed the saga's last task; waits for the first. */
function versionOf(sagaId: string): Promise<string> {
  return eventually(async () => {
    const { raw } = await system.client.workflow.getHandle(sagaId).describe();
    return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? undefined;
  });
}

/** A saga that blue, the current code, has started and cannot end; then green is deployed and made current. */
async function parkedDuringUpgrade(deployment: WorkerDeployment) {
  system = await startSystem({
    deployment,
    order: { creditCheckTimeoutMs: 1_000, attentionAfterMs: 500 },
  });
  const blueId = system.buildId;
  await makeCurrent(deployment.name, blueId);
  const customer = await newCustomer(system.url, '10.00');
  const { body: approved } = await placeOrder(system.url, customer, '1.00', WAIT);
  expect(approved['state']).toBe('APPROVED');
  expect(await versionOf(sagaWorkflowId([String(approved['orderId'])]))).toBe(blueId);

  await refuseConnections(system.databases.adminCustomerUrl);
  const { body } = await placeOrder(system.url, customer, '1.00', { Prefer: 'wait=10' });
  expect(body['state']).toBe('CANCELLED');
  const sagaId = sagaWorkflowId([String(body['orderId'])]);
  next = await startService({ ...system.settings, bundlePath: green.bundlePath }, createLogger('silent'));
  const greenId = buildIdOf(next);
  expect(greenId).not.toBe(blueId);
  await makeCurrent(deployment.name, greenId);
  return { sagaId, customer, blueId, greenId, green: next };
}

test('pinned: a saga ends on the version that started it; new sagas start on the current version', async () => {
  const { sagaId, customer, blueId, greenId, green } = await parkedDuringUpgrade({
    name: 'pinned-orders',
    versioning: 'pinned',
  });
  await allowConnections(system.databases.adminCustomerUrl);
  const saga = system.client.workflow.getHandle(sagaId);
  await saga.result();
  expect(await versionOf(sagaId)).toBe(blueId);
  // Whichever process answers.
  for (const url of [green.url, system.url]) {
    const { body } = await placeOrder(url, customer, '1.00', WAIT);
    expect(body['state']).toBe('APPROVED');
    expect(await versionOf(sagaWorkflowId([String(body['orderId'])]))).toBe(greenId);
  }
});

test('auto-upgrade: a running saga resumes with the current version', async () => {
  const { sagaId, greenId } = await parkedDuringUpgrade({
    name: 'upgraded-orders',
    versioning: 'auto-upgrade',
  });
  const saga = system.client.workflow.getHandle(sagaId);
  await eventually(async () => {
    const { typedSearchAttributes } = await saga.describe();
    const isVisible = typedSearchAttributes
      .getAll()
      .some(({ key }) => key.name === NEEDS_ATTENTION_ATTRIBUTE);
    return isVisible ? true : undefined;
  });
  await allowConnections(system.databases.adminCustomerUrl);
  await saga.result();
  expect(await versionOf(sagaId)).toBe(greenId);
});

test('/readyz reports the version, with the deployment and without', async () => {
  system = await startSystem({ deployment: { name: 'versioned-orders', versioning: 'pinned' } });
  const { body } = await call(`${system.url}/readyz`, 'GET');
  expect(body['workflows']).toEqual({ buildId: system.buildId, deployment: 'versioned-orders' });
  expect(system.buildId).toMatch(/^[0-9a-f]{12}$/);
  next = await startService({ ...system.settings, deployment: undefined }, createLogger('silent'));
  expect((await call(`${next.url}/readyz`, 'GET')).body['workflows']).toEqual({ buildId: system.buildId });
});

test('a versioned process reports its version in /readyz, in its log and in the saga', async () => {
  system = await startSystem();
  await system.stopService();
  // Before, the process would not be ready.
  await makeCurrent('asked-orders', system.buildId, true);
  const { orderUrl, customerUrl } = system.databases;
  const service = await startServiceProcess(await freePort(), {
    SERVICES: 'order,customer',
    ORDER_DATABASE_URL: orderUrl,
    CUSTOMER_DATABASE_URL: customerUrl,
    WORKER_DEPLOYMENT_NAME: 'asked-orders',
    WORKER_VERSIONING: 'pinned',
  });
  try {
    const workflows = { buildId: system.buildId, deployment: 'asked-orders' };
    expect((await call(`${service.url}/readyz`, 'GET')).body['workflows']).toEqual(workflows);
    expect(service.output()).toContain(`"workflows":${JSON.stringify(workflows)}`);
    const customer = await newCustomer(service.url, '10.00');
    const { body } = await placeOrder(service.url, customer, '1.00', WAIT);
    expect(body['state']).toBe('APPROVED');
    const sagaId = sagaWorkflowId([String(body['orderId'])]);
    expect(await versionOf(sagaId)).toBe(system.buildId);
    const { events } = await system.client.workflow.getHandle(sagaId).fetchHistory();
    const tasks = events?.flatMap((event) => event.workflowTaskCompletedEventAttributes ?? []);
    expect(tasks?.at(-1)?.deploymentVersion).toMatchObject({
      deploymentName: 'asked-orders',
      buildId: system.buildId,
    });
  } finally {
    await service.stop();
  }
});
