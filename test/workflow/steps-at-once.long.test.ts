/**
 * Two steps of a group are under way at once, and each has another step after it. Their results come one by one; to a
 * worker that replays the history they come together.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { replay } from '../replay/replaying';
import { newCustomer } from '../support/http';
import { startOrders } from '../support/saga-workers';
import { testServers } from '../support/servers';
import { twoStepsAtOnce } from '../support/steps-at-once';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;

/** 20: which of two results comes first, and whether they come together, is chance. */
const SAGAS = 20;

describe.each(['colocated', 'distributed'] as const)('%s', (placement) => {
  beforeAll(async () => {
    system = await startSystem({ placement });
  });
  afterAll(() => system.stop());

  async function start(customerId: string) {
    const { workflowId, orders } = await twoStepsAtOnce(system.databases, customerId);
    const saga = await startOrders(system.client, orders, { placement });
    expect(saga.workflowId).toBe(workflowId);
    return saga;
  }

  test('a saga that continues after each of two results continues in the same way in a replay', async () => {
    const customers = await Promise.all(
      Array.from({ length: SAGAS }, () => newCustomer(system.url, '100.00')),
    );
    const histories = await Promise.all(
      customers.map(async (customer) => {
        const saga = await start(customer);
        const { outcomes } = await saga.result();
        expect(outcomes.map(({ state }) => state)).toEqual(['CANCELLED', 'CANCELLED']);
        return { workflowId: saga.workflowId, history: await saga.fetchHistory() };
      }),
    );
    const replayed = await replay(testServers().bundlePath, histories);
    expect(replayed).toHaveLength(SAGAS);
    expect(replayed.flatMap(({ error }) => error?.message ?? [])).toEqual([]);
  });
});
