/** Orders are accepted whatever the state of the customer service: no order waits for the orders of others. */
import { afterEach, expect, test } from '@jest/globals';
import { type Answer, call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { becomesClean } from '../support/invariants';
import { hold, holdCustomer } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

/** 5 orders a second for 15 s: longer than a request waits for its row, and than every pause before it is parked. */
const ORDERS = 75;
const APART_MS = 200;

/** As many groups as run concurrently. */
const PLACES = 4;

let system: TestSystem;
afterEach(() => system.stop());

/** Sends orders at a constant rate, without waiting for answers. */
async function steadily(customer: string): Promise<Answer[]> {
  const answers: Promise<Answer>[] = [];
  await new Promise<void>((resolve) => {
    const sending = setInterval(() => {
      answers.push(placeOrder(system.url, customer, '1.00'));
      if (answers.length < ORDERS) return;
      clearInterval(sending);
      resolve();
    }, APART_MS);
  });
  return Promise.all(answers);
}

async function allApproved(): Promise<void> {
  await eventually(async () => {
    const { body } = await call(`${system.url}/orders?state=APPROVED&limit=100`, 'GET');
    return (body['items'] as unknown[]).length === ORDERS ? true : undefined;
  });
  await becomesClean(system.databases);
}

const statuses = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))];

test('the table of customers is locked: every order is accepted, and decided afterwards', async () => {
  system = await startSystem();
  const customer = await newCustomer(system.url, '100.00');
  const held = await hold(system.databases.adminCustomerUrl, 'LOCK TABLE customers');
  expect(statuses(await steadily(customer))).toEqual([202]);
  await held.release();
  await allApproved();
});

test('the customer service is stopped: every order is accepted, and decided afterwards', async () => {
  system = await startSystem({ placement: 'distributed' });
  const customer = await newCustomer(system.url, '100.00');
  await system.stopCustomerService();
  expect(statuses(await steadily(customer))).toEqual([202]);
  await system.startCustomerService();
  await allApproved();
});

test.each([
  ['eager', undefined],
  ['not eager', { name: 'intake', versioning: 'auto-upgrade' } as const],
])('waiting groups (%s starts) do not stop the orders of other customers', async (_words, deployment) => {
  system = await startSystem({ ...(deployment && { deployment }), order: { sagaGroupMax: 1 } });
  if (deployment) await makeCurrent(deployment.name);
  const [locked, free] = [await newCustomer(system.url, '10.00'), await newCustomer(system.url, '10.00')];
  const held = await holdCustomer(system.databases.adminCustomerUrl, locked);
  const waiting = await Promise.all(
    Array.from({ length: PLACES }, () => placeOrder(system.url, locked, '1.00')),
  );
  expect(statuses(waiting)).toEqual([202]);
  const { status, body } = await placeOrder(system.url, free, '1.00', WAIT);
  expect([status, body['state']]).toEqual([201, 'APPROVED']);
  await held.release();
});

/** Versioned workers get no eager starts. */
async function makeCurrent(deploymentName: string): Promise<void> {
  const { namespace } = system.client.options;
  await eventually(async () => {
    try {
      const version = { namespace, deploymentName, buildId: system.buildId, ignoreMissingTaskQueues: true };
      await system.client.workflowService.setWorkerDeploymentCurrentVersion(version);
      return true;
    } catch {
      return undefined; // its workers have not been heard of yet
    }
  });
}
