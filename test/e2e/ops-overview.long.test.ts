/** `GET /ops/overview`: the state of the order service, also while parts of it do not answer. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Overview, overviewSchema } from '../../api/operators/overview-json';
import type { Placement } from '../../saga/contract';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { readMetrics } from '../support/metrics';
import { allowConnections, hold, holdCustomer, type Lock, refuseConnections } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;
let customer: string;
const held: Lock[] = [];

async function overview(): Promise<Overview> {
  const { status, body } = await call(`${system.url}/ops/overview`, 'GET');
  expect(status).toBe(200);
  return overviewSchema.parse(body);
}

/** Waits until the overview shows it: parts of it are shared for seconds. */
const becomes = (isSo: (now: Overview) => boolean) =>
  eventually(async () => {
    const now = await overview();
    return isSo(now) ? now : undefined;
  });

const place = async (amount: string, headers: Record<string, string> = WAIT) =>
  String((await placeOrder(system.url, customer, amount, headers)).body['orderId']);

const cancel = (orderId: string, headers: Record<string, string> = {}) =>
  call(`${system.url}/orders/${orderId}/cancel`, 'POST', undefined, headers);

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  beforeAll(async () => {
    system = await startSystem({ placement, history: true, order: { attentionAfterMs: 500 } });
    customer = await newCustomer(system.url, '100.00');
  });
  afterEach(async () => {
    await Promise.all(held.splice(0).map((lock) => lock.release()));
  });
  afterAll(() => system.stop());

  test('without orders everything is there, and zero', async () => {
    const now = await becomes(
      ({ sagas, outbox }) => sagas?.running === 0 && outbox?.unpublished['order'] === 0,
    );
    expect(now.unavailable).toEqual([]);
    expect(now.orders).toMatchObject({ openByState: { PENDING: 0, CANCELLING: 0 }, decidedPerMinute: 0 });
    expect(now.decision).toEqual({ orders: 0, p50Ms: null, p99Ms: null });
    expect(now.groups).toEqual({ underWay: 0, limit: 4, waiting: 0 });
    const services = placement === 'colocated' ? ['order', 'customer'] : ['order'];
    expect(Object.keys(now.outbox?.unpublished ?? {})).toEqual(services);
    expect(now.projection !== undefined).toBe(placement === 'colocated');
  });

  test('decided orders are counted by their outcome, with the time of their decision', async () => {
    await Promise.all([place('1.00'), place('1.00'), place('1000.00')]);
    await cancel(await place('1.00'), WAIT);
    const now = await becomes(
      ({ orders, decision }) => orders?.outcomes.lastHour.CUSTOMER_REQUEST === 1 && decision?.orders === 3,
    );
    const outcomes = { approved: 2, INSUFFICIENT_CREDIT: 1, CUSTOMER_REQUEST: 1, UNKNOWN_CUSTOMER: 0 };
    expect(now.orders?.outcomes).toMatchObject({ lastHour: outcomes, lastDay: outcomes });
    // The order that was cancelled after its approval was decided by the approval.
    const published = await becomes(({ orders }) => (orders?.decidedPerMinute ?? 0) >= 4);
    expect(published.orders?.decidedPerMinute).toBe(4);
    const { p50Ms, p99Ms } = now.decision ?? {};
    expect(p50Ms).toBeGreaterThan(0);
    expect(p99Ms).toBeGreaterThanOrEqual(Number(p50Ms));
  });

  test('groups under way', async () => {
    held.push(await hold(system.databases.adminOrderUrl, 'LOCK TABLE orders IN SHARE MODE'));
    const waiting = [place('1.00'), place('1.00')];
    await becomes(({ groups }) => (groups?.underWay ?? 0) > 0);
    await held.pop()?.release();
    await Promise.all(waiting);
  });

  test('orders that wait, their sagas, and the limits beside their use as in /metrics', async () => {
    held.push(await holdCustomer(system.databases.adminCustomerUrl, customer));
    const waiting = [place('1.00'), place('1.00')];
    const now = await becomes(
      ({ orders, sagas }) => orders?.openByState.PENDING === 2 && (sagas?.running ?? 0) > 0,
    );
    const metrics = await readMetrics(system.url);
    const named = new Map(
      now.limits.map(({ name, used, limit }) => [name.replace('order_saga_', ''), { used, limit }]),
    );
    expect(named.get('orders_in_flight')).toEqual({ used: 2, limit: metrics.get('orders_in_flight_limit') });
    expect(named.get('database_connections{database="order"}')?.limit).toBe(10);
    // Every limit with a use is there: a group's orders have none.
    const limits = [...metrics.keys()].filter((name) => /_limit(\{|$)/.test(name));
    const expected = limits
      .map((name) => name.replace('_limit', ''))
      .filter((name) => name !== 'saga_group_orders');
    expect([...named.keys()].sort()).toEqual(expected.sort());
    await held.pop()?.release();
    await Promise.all(waiting);
  });

  test('a relay that does not publish', async () => {
    held.push(await hold(system.databases.adminOrderUrl, 'SELECT FROM outbox_relay FOR UPDATE'));
    await place('1.00');
    const now = await becomes(({ outbox }) => (outbox?.relayLagMs ?? 0) > 1_000);
    expect(now.outbox?.unpublished['order']).toBe(2);
    if (placement === 'colocated') await becomes(({ projection }) => (projection?.lagMs ?? 0) > 1_000);
  });

  test('a parked saga', async () => {
    const orderId = await place('1.00');
    const release = 'ALTER FUNCTION release_credit';
    await rowsOf(system.databases.adminCustomerUrl, `${release} RENAME TO release_credit_gone`);
    await cancel(orderId);
    const now = await becomes(({ sagas }) => sagas?.parked === 1);
    expect(now.orders?.openByState.CANCELLING).toBe(1);
    await rowsOf(system.databases.adminCustomerUrl, `${release}_gone RENAME TO release_credit`);
  });

  test('without the order database, what the others tell is there', async () => {
    await refuseConnections(system.databases.adminOrderUrl);
    try {
      const now = await becomes(({ orders, decision }) => orders === undefined && decision === undefined);
      expect(now.unavailable).toEqual(expect.arrayContaining(['orderDatabase', 'outbox']));
      expect(now).not.toHaveProperty('outbox');
      expect(now.groups).toMatchObject({ limit: 4 });
      expect(now.sagas).toBeDefined();
      expect(now.limits.length).toBeGreaterThan(5);
    } finally {
      await allowConnections(system.databases.adminOrderUrl);
    }
    await becomes(({ unavailable }) => unavailable.length === 0);
  });
});
