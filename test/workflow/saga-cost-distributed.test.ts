import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rowsOf } from '../support/databases';
import { newCustomer, placeOrder } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ placement: 'distributed', order: { sagaGroupsInFlight: 1 } });
});
afterAll(() => system.stop());

/** The first order takes the only place; those that come meanwhile form a group, or two on a busy machine. */
const FEW = 10;

test.each([1, 41])(
  '%i approved orders: 13 events, two workflow tasks and three commits per saga',
  async (count) => {
    const customer = await newCustomer(system.url, '1000.00');
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
    for (const saga of sagas) {
      const handle = system.client.workflow.getHandle(saga);
      const { outcomes } = (await handle.result()) as { outcomes: { orderId: string; state: string }[] };
      const own = rows.filter((row) => row['saga_id'] === saga).map((row) => row['id']);
      expect(outcomes.map(({ orderId }) => orderId).sort()).toEqual(own.sort());
      expect(outcomes.every(({ state }) => state === 'APPROVED')).toBe(true);
      const { events } = await handle.fetchHistory();
      expect(events).toHaveLength(13);
      expect(events?.filter(({ workflowTaskStartedEventAttributes: task }) => task)).toHaveLength(2);
      const [remote] =
        events?.flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled ?? []) ?? [];
      expect(remote?.activityType?.name).toBe('reserveCredit');
      expect(remote?.taskQueue?.name).toBe('customer');
      const commitsOf = 'SELECT DISTINCT transaction_id FROM outbox WHERE aggregate_id = ANY ($1)';
      const commits = [
        ...(await rowsOf(system.databases.adminOrderUrl, commitsOf, [own])),
        ...(await rowsOf(system.databases.adminCustomerUrl, commitsOf, [own])),
      ];
      expect(commits).toHaveLength(3);
    }
  },
);
