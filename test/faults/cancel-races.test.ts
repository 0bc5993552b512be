/** Cancellations that race with approvals, with each other, with the credit check timeout and with late reservations. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Placement } from '../../saga/contract';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder } from '../support/http';
import { violations } from '../support/invariants';
import { seededRandom } from '../../tools/fault-injection/random';
import { startSystem, type TestSystem } from '../support/system';

const ORDERS = 120;

/** Short, so that timeouts are as likely as cancellations; long enough for approvals on a busy machine. */
const CREDIT_CHECK_TIMEOUT_MS = 1_500;

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem({ placement, order: { creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS } });
  });
  afterAll(() => system.stop());

  test(`${String(ORDERS)} orders, each cancelled at some moment: one outcome each, and all agree`, async () => {
    const random = seededRandom();
    const pause = (below: number) => new Promise((resolve) => setTimeout(resolve, random.below(below)));
    const customers = await Promise.all(Array.from({ length: 6 }, () => newCustomer(system.url, '500.00')));
    const [lockedNow = ''] = customers;
    const holder = new Client({ connectionString: system.databases.adminCustomerUrl });
    await holder.connect();
    const racing = new AbortController();
    const holding = (async () => {
      while (!racing.signal.aborted) {
        await holder.query('BEGIN');
        await holder.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [lockedNow]);
        // Mostly longer than the credit check may take, so that there are timeouts to race with.
        await sleep(CREDIT_CHECK_TIMEOUT_MS);
        await pause(CREDIT_CHECK_TIMEOUT_MS);
        await holder.query('ROLLBACK');
        await pause(100);
      }
    })();
    const statuses = new Map<string, number[]>();
    await Promise.all(
      Array.from({ length: ORDERS }, async () => {
        await pause(4_000);
        const customer =
          (random.below(3) > 0 ? customers[random.below(customers.length)] : lockedNow) ?? lockedNow;
        const placed = await placeOrder(system.url, customer, '1.00');
        expect(placed).toMatchObject({ status: 202 });
        const orderId = String(placed.body['orderId']);
        const cancels = Array.from({ length: random.below(3) }, async () => {
          await pause(500);
          for (;;) {
            const { status } = await call(`${system.url}/orders/${orderId}/cancel`, 'POST');
            // The outcome is unknown: the request is repeated.
            if (status !== 503) return status;
          }
        });
        statuses.set(orderId, await Promise.all(cancels));
      }),
    );
    racing.abort();
    await holding;
    await holder.end();

    const remaining = await eventually(async () => {
      const rows = await rowsOf(
        system.databases.adminOrderUrl,
        "SELECT id FROM orders WHERE state IN ('PENDING', 'CANCELLING')",
      );
      // A saga that has not left its tombstone yet would leave it in the database of the next system.
      const { count } = await system.client.workflow.count("ExecutionStatus = 'Running'");
      const found = rows.length === 0 && count === 0 ? await violations(system.databases) : ['not quiet'];
      return found.length === 0 ? found : undefined;
    }).catch(() => violations(system.databases));
    expect(remaining).toEqual([]);

    const orders = await rowsOf(system.databases.adminOrderUrl, 'SELECT id, state FROM orders');
    expect(orders).toHaveLength(ORDERS);
    const stateOf = new Map(orders.map(({ id, state }) => [String(id), String(state)]));
    for (const [orderId, given] of statuses) {
      for (const status of given) expect([200, 202, 409]).toContain(status);
      if (given.some((status) => status !== 409))
        expect([orderId, stateOf.get(orderId)]).toEqual([orderId, 'CANCELLED']);
    }
    // The intended races have happened.
    const [raced] = await rowsOf(
      system.databases.adminOrderUrl,
      `SELECT count(*) FILTER (WHERE cancellation_reason = 'CREDIT_CHECK_TIMEOUT')::integer AS timeouts,
        count(*) FILTER (WHERE cancellation_reason = 'CUSTOMER_REQUEST')::integer AS requests FROM orders`,
    );
    expect(raced?.['timeouts']).toBeGreaterThan(0);
    expect(raced?.['requests']).toBeGreaterThan(0);
    const ended = await rowsOf(
      system.databases.adminOrderUrl,
      "SELECT aggregate_id AS id, occurred_at AS at FROM outbox WHERE type = 'OrderCancelled'",
    );
    const credit = await rowsOf(
      system.databases.adminCustomerUrl,
      `SELECT aggregate_id AS id, type, occurred_at AS at, data->>'heldMinor' AS held FROM outbox
       WHERE type IN ('CreditReserved', 'CreditReleased')`,
    );
    const tombstones = credit.filter(({ held }) => held === '0');
    const lateReserves = credit.filter(
      ({ id, type, at }) =>
        type === 'CreditReserved' &&
        ended.some((order) => order['id'] === id && Number(order['at']) < Number(at)),
    );
    // Reserved after the order had ended, or kept from it by the tombstone.
    expect(tombstones.length + lateReserves.length).toBeGreaterThan(0);
    const outcomes = new Set([...stateOf.values()]);
    expect(outcomes).toEqual(new Set(['APPROVED', 'CANCELLED']));
  }, 180_000);
});
