/** The order's row decides a cancellation: reads show it at once, whatever the state of the order's saga. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { CREATE_ORDER } from '../../api/orders/saga-types';
import { sagaWorkflowId } from '../../domain/names';
import type { Placement } from '../../saga/contract';
import { startOptions, startSaga } from '../../saga/host/start-options';
import { type Answer, call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { violations } from '../support/invariants';
import { holdCustomer, type Lock } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

/** A full group. */
const GROUP = 50;

/** Long enough that no order is cancelled by the timeout. */
const CREDIT_CHECK_TIMEOUT_MS = 60_000;

/** Requests after each of which a read follows at once. */
const TRIES = 25;

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let system: TestSystem;
  let held: Lock | undefined;

  beforeAll(async () => {
    system = await startSystem({ placement });
  });
  // Remaining sagas would run with the databases of the next test.
  afterEach(async () => {
    await unlock();
    await everySagaHasEnded();
  });
  afterAll(() => system.stop());

  const cancel = (orderId: string, headers: Record<string, string> = {}): Promise<Answer> =>
    call(`${system.url}/orders/${orderId}/cancel`, 'POST', undefined, headers);
  const stateOf = async (orderId: string) =>
    (await call(`${system.url}/orders/${orderId}`, 'GET')).body['state'];
  const place = async (customer: string, headers: Record<string, string> = {}) =>
    String((await placeOrder(system.url, customer, '1.00', headers)).body['orderId']);

  /** Its orders wait for their credit. */
  async function lock(customer: string): Promise<void> {
    held = await holdCustomer(system.databases.adminCustomerUrl, customer);
  }

  async function unlock(): Promise<void> {
    await held?.release();
    held = undefined;
  }

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

  test('fifty orders of one waiting group, cancelled at once: each answer and each later read shows the cancellation', async () => {
    const customer = await newCustomer(system.url, '100.00');
    await lock(customer);
    const orders = Array.from({ length: GROUP }, () => ({
      orderId: randomUUID(),
      customerId: customer,
      totalMinor: 100,
      currency: 'USD',
    }));
    const settings = { creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS };
    const options = startOptions(CREATE_ORDER, { placement, settings, subjects: orders });
    await startSaga(system.client, CREATE_ORDER, options);
    await eventually(async () => {
      const { body } = await call(`${system.url}/orders?state=PENDING&limit=${String(GROUP)}`, 'GET');
      return (body['items'] as unknown[]).length === GROUP ? true : undefined;
    });
    const answers = await Promise.all(
      orders.map(async ({ orderId }) => {
        const { status, body } = await cancel(orderId);
        return [status, body['state'], await stateOf(orderId)];
      }),
    );
    expect(answers).toEqual(Array.from({ length: GROUP }, () => [202, 'CANCELLED', 'CANCELLED']));
    await unlock();
    await nothingReserved(customer);
    await everySagaHasEnded();
    expect(await violations(system.databases, { client: system.client })).toEqual([]);
  });

  test('a read right after the answer shows the cancellation, each of many times', async () => {
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

  test('a second key is refused while the order is CANCELLING and afterwards; the first key is never refused', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const orderId = await place(customer, WAIT);
    await lock(customer);
    const [first, second] = [randomUUID(), randomUUID()].map((key) => ({ 'Idempotency-Key': key }));
    const accepted = await cancel(orderId, first);
    expect([accepted.status, accepted.body['state']]).toEqual([202, 'CANCELLING']);
    const refused = await cancel(orderId, second);
    expect([refused.status, refused.body['type']]).toEqual([409, '/problems/order-cancelled']);
    expect((await cancel(orderId, first)).status).toBe(202);
    expect((await cancel(orderId, second)).status).toBe(409);
    await unlock();
    expect((await cancel(orderId, { ...first, ...WAIT })).status).toBe(200);
    expect((await cancel(orderId, second)).status).toBe(409);
    expect((await cancel(orderId, first)).status).toBe(200);
  });

  test("Temporal's own Cancel of the order's saga is a cancellation like any other", async () => {
    const customer = await newCustomer(system.url, '10.00');
    await lock(customer);
    const orderId = await place(customer);
    await system.client.workflow.getHandle(sagaWorkflowId([orderId])).cancel();
    await eventually(async () => ((await stateOf(orderId)) === 'CANCELLED' ? true : undefined));
    await unlock();
    await nothingReserved(customer);
    expect((await cancel(orderId)).status).toBe(409);
  });
});
