import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rowsOf } from '../support/databases';
import { eventually, newCustomer, placeOrder } from '../support/http';
import { testServers } from '../support/servers';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ order: { sagaGroupsInFlight: 1 } });
});
afterAll(() => system.stop());

/** Polls are open-ended, and describing is what this test does itself. */
const NOT_COUNTED = /^Poll.*TaskQueue$|^Describe|^GetSystemInfo|^RecordWorkerHeartbeat|^ShutdownWorker/;

/** Calls that the Temporal server has answered in our namespace, as it counts them itself. */
async function rpcs(): Promise<Record<string, number>> {
  const { metricsUrl, temporal } = testServers();
  const text = await (await fetch(metricsUrl)).text();
  const counts: Record<string, number> = {};
  const label = `namespace="${temporal.namespace.replaceAll('-', '_')}"`;
  for (const line of text.split('\n')) {
    if (!line.startsWith('service_requests{') || !line.includes('service_name="frontend"')) continue;
    if (!line.includes(label)) continue;
    const [, operation = ''] = /operation="([^"]+)"/.exec(line) ?? [];
    if (!NOT_COUNTED.test(operation)) counts[operation] = Number(line.split(' ').at(-1));
  }
  return counts;
}

/** The server publishes its counts about once a second: read until two readings a while apart agree. */
async function settledRpcs(): Promise<Record<string, number>> {
  let last = await rpcs();
  return eventually(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const now = await rpcs();
    const same = JSON.stringify(now) === JSON.stringify(last);
    last = now;
    return same ? now : undefined;
  });
}

async function ended(sagaId: string): Promise<string> {
  return eventually(async () => {
    const { status } = await system.client.workflow.getHandle(sagaId).describe();
    return status.name === 'RUNNING' ? undefined : status.name;
  });
}

/** The first order takes the only place; those that come meanwhile form a group, or two on a busy machine. */
/** How many sagas are parked: asked by a process every few seconds, however many sagas there are. */
const OF_THE_PROCESS = 'CountWorkflowExecutions';

const FEW = 10;

test.each([
  [1, 'one order'],
  [41, 'one order, then groups of the other forty'],
])('%i approved orders (%s): 8 events, one workflow task, three commits, two RPCs a saga', async (count) => {
  const customer = await newCustomer(system.url, '1000.00');
  const before = await settledRpcs();
  const answers = await Promise.all(
    Array.from({ length: count }, () => placeOrder(system.url, customer, '1.00')),
  );
  const ids = answers.map(({ body }) => String(body['orderId']));
  const rows = await rowsOf(
    system.databases.adminOrderUrl,
    'SELECT id, saga_id FROM orders WHERE id = ANY ($1)',
    [ids],
  );
  const sagas = [...new Set(rows.map((row) => String(row['saga_id'])))];
  const sizes = sagas.map((saga) => rows.filter((row) => row['saga_id'] === saga).length);
  expect(Math.max(...sizes)).toBeGreaterThanOrEqual(count === 1 ? 1 : FEW);
  for (const saga of sagas) expect(await ended(saga)).toBe('COMPLETED');
  const after = await settledRpcs();
  const spent = Object.entries(after)
    .map(([operation, calls]) => [operation, calls - (before[operation] ?? 0)] as const)
    .filter(([operation]) => operation !== OF_THE_PROCESS);
  expect(Object.fromEntries(spent.filter(([, calls]) => calls > 0))).toEqual({
    StartWorkflowExecution: sagas.length,
    RespondWorkflowTaskCompleted: sagas.length,
  });

  for (const saga of sagas) {
    const handle = system.client.workflow.getHandle(saga);
    const { events } = await handle.fetchHistory();
    expect(events).toHaveLength(8);
    expect(events?.filter(({ workflowTaskStartedEventAttributes: task }) => task)).toHaveLength(1);
    const own = rows.filter((row) => row['saga_id'] === saga).map((row) => row['id']);
    const commitsOf = 'SELECT DISTINCT transaction_id FROM outbox WHERE aggregate_id = ANY ($1)';
    const commits = [
      ...(await rowsOf(system.databases.adminOrderUrl, commitsOf, [own])),
      ...(await rowsOf(system.databases.adminCustomerUrl, commitsOf, [own])),
    ];
    expect(commits).toHaveLength(3);
    const { orders } = (await handle.result()) as { orders: { orderId: string; state: string }[] };
    expect(orders.map(({ orderId }) => orderId).sort()).toEqual(own.sort());
    expect(orders.every(({ state }) => state === 'APPROVED')).toBe(true);
  }
});

test('the Temporal UI is told in words what a saga does, and finds it by any of its orders', async () => {
  const customer = await newCustomer(system.url, '2.00');
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => placeOrder(system.url, customer, '1.00')),
  );
  const id = String(answers[3]?.body['orderId']);
  const found = await eventually(async () => {
    for await (const workflow of system.client.workflow.list({ query: `OrderIds = '${id}'` }))
      return workflow;
    return undefined;
  });
  expect(found.type).toBe('createOrderSaga');
  expect(await ended(found.workflowId)).toBe('COMPLETED');
  const handle = system.client.workflow.getHandle(found.workflowId);
  expect(await (await handle.describe()).staticSummary()).toMatch(/^Saga of /);
  const metadata: { currentDetails: string } = await handle.query('__temporal_workflow_metadata');
  expect(metadata.currentDetails).toContain(`| ${id} | `);
  const { events } = await handle.fetchHistory();
  const summaries = events?.flatMap(({ userMetadata }) =>
    userMetadata?.summary?.data ? [Buffer.from(userMetadata.summary.data).toString()] : [],
  );
  expect(summaries?.join()).toMatch(/create as PENDING: .*reserve credit: .*(approve|cancel): /);
});
