/** Workflow code pays for no stack traces of promises; errors keep theirs, and the stack trace query says so. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { bundleWorkflows } from '../../workers/workflow-bundle';
import { ordersOf, type SagaWorkers, startSagaWorkers } from '../support/saga-workers';
import { testServers } from '../support/servers';
import type { traced } from '../support/traced-workflow';

let workers: SagaWorkers;
beforeAll(async () => {
  workers = await startSagaWorkers();
});
afterAll(() => workers.stop());

test('no stack trace of a promise is recorded, and an error has all its frames', async () => {
  const taskQueue = `traced-${randomUUID()}`;
  const worker = await Worker.create({
    connection: workers.link.connection,
    namespace: testServers().temporal.namespace,
    taskQueue,
    workflowBundle: await bundleWorkflows(require.resolve('../support/traced-workflow')),
  });
  const { framesOfError, tracedPromises } = await worker.runUntil(
    workers.link.client.workflow.execute<typeof traced>('traced', { taskQueue, workflowId: taskQueue }),
  );
  expect(tracedPromises).toBe(0);
  expect(framesOfError).toBeGreaterThan(2);
});

test('the stack trace query of a saga says in one line why it has none', async () => {
  const saga = await workers.start(ordersOf(await workers.newCustomer(), 1));
  await saga.result();
  expect(await saga.query('__stack_trace')).toBe(
    'Sagas record no stack traces of promises, because they cost a third of the rate. The current details say what the saga waits for.',
  );
});
