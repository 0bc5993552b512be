/** A cancellation is decided by the order's row: what was answered is seen at once, whatever the order's saga is at. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sagaWorkflowId } from '../../domain/names';
import type { Placement } from '../../saga/contract';
import { rowsOf } from '../support/databases';
import { type Answer, call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { violations } from '../support/invariants';
import { holdCustomer } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

/** A full group. */
const GROUP = 50;

/** Requests after each of which a read follows at once. */
const TRIES = 25;

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem({ placement });
  });
  // What it left would run on with the databases of the next one.
  afterEach(() => everySagaHasEnded());
  afterAll(() => system.stop());

  const cancel = (orderId: string, headers: Record<string, string> = {}): Promise<Answer> =>
    call(`${system.url}/orders/${orderId}/cancel`, 'POST', undefined, headers);
  const stateOf = async (orderId: string) =>
    (await call(`${system.url}/orders/${orderId}`, 'GET')).body['state'];
  const place = async (customer: string, headers: Record<string, string> = {}) =>
    String((await placeOrder(system.url, customer, '1.00', headers)).body['orderId']);

  async function everySagaHasEnded(): Promise<void> {
    await eventually(async () => {
      const { count } = await system.client.workflow.count("ExecutionStatus = 'Running'");
      return count === 0 ? true : undefined;
    });
  }

  async function nothingReserved(customer: string): Promise<void> {
    await eventually(async () => {
      const { body } = await call(`${system.url}/customers/${customer}`, 'GET');
      return JSON.stringify(body['reserved']).includes('"0.00"') ? true : undefined;
    });
  }

  test('fifty orders of one waiting group, cancelled at once: each is answered, and read so', async () => {
    const customer = await newCustomer(system.url, '100.00');
    const held = await holdCustomer(system.databases.adminCustomerUrl, customer);
    // While the first is under way the others gather.
    const first = await place(customer);
    const others = await Promise.all(Array.from({ length: GROUP }, () => place(customer)));
    const sagas = await rowsOf(system.databases.adminOrderUrl, 'SELECT DISTINCT saga_id FROM orders');
    expect(sagas.map(({ saga_id: saga }) => saga)).toContainEqual(
      expect.stringMatching(new RegExp(`^orders-.*-${String(GROUP)}$`)),
    );
    const answers = await Promise.all(
      [first, ...others].map(async (orderId) => {
        const { status, body } = await cancel(orderId);
        return [status, body['state'], await stateOf(orderId)];
      }),
    );
    expect(answers).toEqual(Array.from({ length: GROUP + 1 }, () => [202, 'CANCELLED', 'CANCELLED']));
    await held.release();
    await nothingReserved(customer);
    await everySagaHasEnded();
    expect(await violations(system.databases, { client: system.client })).toEqual([]);
  });

  test('a read right after the answer says so, each of many times', async () => {
    const customer = await newCustomer(system.url, '100.00');
    for (let tried = 0; tried < TRIES; tried += 1) {
      const orderId = await place(customer, WAIT);
      const { status, body } = await cancel(orderId);
      const read = await stateOf(orderId);
      expect(status).toBe(202);
      for (const state of [body['state'], read]) expect(state).toMatch(/^CANCELL(ING|ED)$/);
    }
    await nothingReserved(customer);
  });

  test('a second key is refused while the order is CANCELLING, and afterwards; the first one never is', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const orderId = await place(customer, WAIT);
    const held = await holdCustomer(system.databases.adminCustomerUrl, customer);
    const [first, second] = [randomUUID(), randomUUID()].map((key) => ({ 'Idempotency-Key': key }));
    const accepted = await cancel(orderId, first);
    expect([accepted.status, accepted.body['state']]).toEqual([202, 'CANCELLING']);
    const refused = await cancel(orderId, second);
    expect([refused.status, refused.body['type']]).toEqual([409, '/problems/order-cancelled']);
    expect((await cancel(orderId, first)).status).toBe(202);
    expect((await cancel(orderId, second)).status).toBe(409);
    await held.release();
    expect((await cancel(orderId, { ...first, ...WAIT })).status).toBe(200);
    expect((await cancel(orderId, second)).status).toBe(409);
    expect((await cancel(orderId, first)).status).toBe(200);
  });

  test("Temporal's own Cancel of the order's saga is a cancellation like any other", async () => {
    const customer = await newCustomer(system.url, '10.00');
    const held = await holdCustomer(system.databases.adminCustomerUrl, customer);
    const orderId = await place(customer);
    await system.client.workflow.getHandle(sagaWorkflowId([orderId])).cancel();
    await eventually(async () => ((await stateOf(orderId)) === 'CANCELLED' ? true : undefined));
    await held.release();
    await nothingReserved(customer);
    expect((await cancel(orderId)).status).toBe(409);
  });
});
