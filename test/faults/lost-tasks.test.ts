/** A saga whose workers are killed repeatedly does not wait longer each time. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time';
import { CREATE_ORDER_SAGA } from '../../domain/names';
import { WORKFLOW_TASK_TIMEOUT_MS } from '../../saga/limits';
import { testServers } from '../support/servers';

/** After the third timeout a server adds to each next one, first 5 s and then twice as much, unless configured otherwise. */
const TIMES = 6;

/** 5 s, as the servers are configured. */
const MAX_ADDED_MS = 5_000;

/** 70 s: a long poll of a worker ends within a minute. */
const ASKED_FOR_MS = 70_000;

let connection: Connection;
let client: Client;

beforeAll(async () => {
  const { temporal } = testServers();
  connection = await Connection.connect({ address: temporal.address });
  client = new Client({ connection, namespace: temporal.namespace });
});
afterAll(() => connection.close());

test('a workflow task that was lost with six workers reaches another worker within 7 s', async () => {
  const taskQueue = randomUUID();
  const { namespace } = client.options;
  const saga = await client.workflow.start(CREATE_ORDER_SAGA, {
    workflowId: `order-${randomUUID()}`,
    taskQueue,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
    args: [],
  });
  const given: { readonly time: number; readonly timeout: number }[] = [];
  while (given.length < TIMES) {
    const { attempt, history } = await connection.withDeadline(Date.now() + ASKED_FOR_MS, () =>
      connection.workflowService.pollWorkflowTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        identity: 'takes a task, and is gone',
      }),
    );
    if (!attempt) continue;
    expect(attempt).toBe(given.length + 1);
    const scheduled = history?.events?.findLast((event) => event.workflowTaskScheduledEventAttributes);
    given.push({
      time: Date.now(),
      timeout: tsToMs(scheduled?.workflowTaskScheduledEventAttributes?.startToCloseTimeout),
    });
  }
  console.log(JSON.stringify(given.map(({ time, timeout }) => [time - (given[0]?.time ?? 0), timeout])));
  for (const { timeout } of given) {
    expect(timeout).toBeGreaterThan(0);
    expect(timeout).toBeLessThanOrEqual(WORKFLOW_TASK_TIMEOUT_MS + MAX_ADDED_MS);
  }
  await saga.terminate();
});
