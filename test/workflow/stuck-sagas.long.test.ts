/** A saga that makes no progress is something for a person: the audit says so, and why. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { CANCEL_ORDER } from '../../api/orders/saga-types';
import { createOrderActivities } from '../../activities/order';
import {
  cancelSagaWorkflowId,
  CUSTOMER_TASK_QUEUE,
  ORDER_TASK_QUEUE,
  sagaWorkflowId,
} from '../../domain/names';
import type { OrderSteps } from '../../domain/contracts';
import { createLogger } from '../../platform/logger';
import { connectTemporal, installTemporalRuntime, type TemporalLink } from '../../platform/temporal';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { RETRY_STEP } from '../../saga/contract';
import { startOptions, startSaga } from '../../saga/host/start-options';
import { changeModule } from '../../tools/local/changed-bundle';
import { createOrderWorker } from '../../workers/order-worker';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { eventually } from '../support/http';
import { auditOf } from '../support/invariants';
import { operatorCommand } from '../support/operator-command';
import { ordersOf, startOrders } from '../support/saga-workers';
import { testServers } from '../support/servers';
import { ROOT } from '../support/start';

let databases: TestDatabases;
let db: OrderDatabase;
let orderSteps: OrderSteps;
let link: TemporalLink;
let folder: string;

beforeAll(async () => {
  installTemporalRuntime(createLogger('silent'));
  databases = await createTestDatabases();
  db = createOrderDatabase(databases.orderUrl);
  orderSteps = createOrderActivities({ db });
  folder = mkdtempSync(path.join(os.tmpdir(), 'order-saga-stuck-'));
  link = await connectTemporal(testServers().temporal);
});
afterAll(async () => {
  await db.$disconnect();
  await link.connection.close();
  await databases.drop();
  rmSync(folder, { recursive: true, force: true });
});

const bundle = () => readFileSync(testServers().bundlePath, 'utf8');

/** A worker of the order service alone with this workflow code, until `during` is done. */
async function withWorker(code: string, during: () => Promise<void>): Promise<void> {
  const bundlePath = path.join(folder, `${randomUUID()}.js`);
  writeFileSync(bundlePath, code);
  const { connection } = link;
  const { namespace } = testServers().temporal;
  const worker = await createOrderWorker({
    connection,
    namespace,
    bundlePath,
    orderSteps,
    creditSteps: undefined,
  });
  await worker.runUntil(during);
}

/** A saga of each type. @returns their workflow ids */
async function startSagas(placement: 'colocated' | 'distributed' = 'colocated'): Promise<string[]> {
  const [order] = ordersOf(randomUUID(), 1);
  if (!order) throw new TypeError('one order was asked for');
  await startOrders(link.client, [order], { placement });
  const cancelled = { ...order, orderId: randomUUID() };
  await orderSteps.createPendingOrders({ sagaId: 'another', items: [cancelled] });
  const input = { placement, settings: {}, subjects: [cancelled] };
  await startSaga(link.client, CANCEL_ORDER, startOptions(CANCEL_ORDER, input));
  return [sagaWorkflowId([order.orderId]), cancelSagaWorkflowId(cancelled.orderId)];
}

async function foundOf(sagaId: string): Promise<string | undefined> {
  const { violations } = await auditOf(databases, { client: link.client }, 0);
  return violations
    .map(({ words }) => words)
    .find((words) => words.startsWith(`saga ${sagaId} makes no progress`));
}

const whenStuck = async (sagaIds: readonly string[]) =>
  Promise.all(sagaIds.map((sagaId) => eventually(() => foundOf(sagaId))));

test('no worker has polled for its task: exit code 1, within the default grace', async () => {
  const sagaIds = await startSagas();
  // The list of running sagas may be a second behind.
  await eventually(async () => {
    const { count } = await link.client.workflow.count("ExecutionStatus = 'Running'");
    return count === sagaIds.length ? true : undefined;
  });
  const { code, stdout } = await operatorCommand('audit', [], {
    TEMPORAL_ADDRESS: testServers().temporal.address,
    TEMPORAL_NAMESPACE: testServers().temporal.namespace,
    ORDER_DATABASE_URL: databases.orderUrl,
    CUSTOMER_DATABASE_URL: databases.customerUrl,
  });
  for (const sagaId of sagaIds)
    expect(stdout).toContain(
      `saga ${sagaId} makes no progress: no worker takes its workflow task since event 2`,
    );
  expect(code).toBe(1);
});

test('its task times out again and again', async () => {
  const sagaIds = await startSagas();
  const polling = new AbortController();
  const { namespace } = testServers().temporal;
  const poll = async () => {
    while (!polling.signal.aborted)
      await link.client.workflowService.pollWorkflowTaskQueue({
        namespace,
        taskQueue: { name: ORDER_TASK_QUEUE },
      });
  };
  const polls = Array.from({ length: 4 }, poll);
  for (const words of await whenStuck(sagaIds))
    expect(words).toMatch(/no worker completes its workflow task in time since event 4$/);
  polling.abort();
  // A poll that nobody answers ends with the next task.
  await startSagas();
  await Promise.all(polls.map((each) => each.catch(() => undefined)));
}, 120_000);

test('the code of its workflow fails', async () => {
  const sagaIds = await startSagas();
  await withWorker(changeModule(bundle(), 'workflows/index.ts', ''), async () => {
    for (const words of await whenStuck(sagaIds))
      expect(words).toMatch(/(fails \(WORKFLOW_WORKER_UNHANDLED_FAILURE\)|in time) since event 4$/);
  });
});

test('a saga whose steps wait, and are retried, makes progress; its history does not replay: it makes none', async () => {
  const sagaIds = await startSagas();
  const waits = async () =>
    Promise.all(
      sagaIds.map(async (sagaId) => {
        const { raw } = await link.client.workflow.getHandle(sagaId).describe();
        return Number(raw.workflowExecutionInfo?.historyLength);
      }),
    );
  // The customer service is away: its steps are retried.
  await withWorker(bundle(), async () => {
    await eventually(async () => ((await waits()).every((length) => length > 10) ? true : undefined));
    expect(await Promise.all(sagaIds.map(foundOf))).toEqual([undefined, undefined]);
  });
  const files = ['workflows/create-order-saga.ts', 'workflows/cancel-order-saga.ts'];
  const diverging = files.reduce((code, file) => {
    const source = readFileSync(path.join(ROOT, file), 'utf8');
    return changeModule(code, file, source.replaceAll(/saga\.step\(\w+,/g, 'saga.step(releaseCredit,'));
  }, bundle());
  await withWorker(diverging, async () => {
    for (const sagaId of sagaIds)
      await link.client.workflow.getHandle(sagaId).signal(RETRY_STEP, { by: 'grace' });
    // On a busy machine the first attempt may take longer than its time, and later ones leave no event.
    for (const words of await whenStuck(sagaIds))
      expect(words).toMatch(/(fails \(NON_DETERMINISTIC_ERROR\)|in time) since event \d+$/);
  });
}, 120_000);

test('a step is registered with no worker', async () => {
  const sagaIds = await startSagas('distributed');
  const customers = await Worker.create({
    connection: link.connection,
    namespace: testServers().temporal.namespace,
    taskQueue: CUSTOMER_TASK_QUEUE,
    activities: { another: () => Promise.resolve() },
  });
  await customers.runUntil(() =>
    withWorker(bundle(), async () => {
      expect((await whenStuck(sagaIds)).map((words) => words.split(': ').at(-1))).toEqual([
        'its step reserveCredit fails in code (NotFoundError)',
        'its step releaseCredit fails in code (NotFoundError)',
      ]);
    }),
  );
}, 120_000);
