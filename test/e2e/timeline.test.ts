/** The timeline of an order tells what the test did, in order, in both placements. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import { timelineSchema } from '../../api/operators/timeline-json';
import { readConfig } from '../../platform/config';
import type { Placement } from '../../saga/contract';
import { rowsOf } from '../support/databases';
import { NEW } from '../support/encryption-keys';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { allowConnections, holdCustomer, refuseConnections } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

type Timeline = z.infer<typeof timelineSchema>;
type Entry = Timeline['entries'][number];

/** Only what does not depend on the machine. */
function told(entry: Entry): string {
  switch (entry.kind) {
    case 'step-attempted':
      return `${entry.step}: ${entry.outcome ?? 'no answer'}`;
    case 'event-recorded':
    case 'event-published':
      return `${entry.type} ${entry.kind.slice('event-'.length)}`;
    case 'saga-ended':
      return `saga ended: ${entry.outcome ?? entry.status}`;
    default:
      return entry.kind;
  }
}

/** Position of the first such entry. */
function indexOf(entries: readonly Entry[], words: string): number {
  const index = entries.findIndex((entry) => told(entry) === words);
  if (index === -1) throw new Error(`the timeline lacks "${words}": ${entries.map(told).join(', ')}`);
  return index;
}

function expectOrder(entries: readonly Entry[], ...words: readonly string[]): void {
  const indexes = words.map((each) => indexOf(entries, each));
  expect(indexes).toEqual([...indexes].sort((one, other) => one - other));
}

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let system: TestSystem;
  const isColocated = placement === 'colocated';

  beforeAll(async () => {
    const { dataConverter } = readConfig({ PAYLOAD_ENCRYPTION_KEYS: NEW });
    system = await startSystem({ placement, dataConverter });
  });
  afterAll(() => system.stop());

  async function timeline(orderId: unknown): Promise<Timeline> {
    const { status, body } = await call(`${system.url}/ops/orders/${String(orderId)}/timeline`, 'GET');
    expect(status).toBe(200);
    const parsed = timelineSchema.parse(body);
    expect(body).toEqual(parsed);
    const times = parsed.entries.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    return parsed;
  }

  /** Waits until all sagas have ended and all events are published. */
  function finished(orderId: unknown, count: number): Promise<Timeline> {
    return eventually(async () => {
      const found = await timeline(orderId);
      const ends = found.entries.filter(({ kind }) => kind === 'saga-ended').length;
      const own = found.entries.filter((entry) => 'source' in entry && entry.source === '/order-service');
      const isPublished = own.length % 2 === 0;
      const events = found.entries.filter(({ kind }) => kind === 'event-recorded').length;
      const closed = found.sagas.every(({ status }) => status !== 'RUNNING') && ends === found.sagas.length;
      return closed && isPublished && events === count ? found : undefined;
    });
  }

  const publishedAt = async (orderId: unknown) =>
    rowsOf(
      system.databases.adminOrderUrl,
      'SELECT type, occurred_at, published_at FROM outbox WHERE aggregate_id = $1 ORDER BY sequence',
      [orderId],
    );

  test('an order alone is approved, and cancelled afterwards', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const { body: order } = await placeOrder(system.url, customer, '7.00', WAIT);
    const approved = await finished(order['orderId'], 3);
    expect(approved.order).toEqual(order);
    expect(approved.entries.map(told).sort()).toEqual(
      [
        ...['saga-started', 'create as PENDING: created', 'reserve credit: reserved', 'approve: approved'],
        ...['OrderCreated recorded', 'OrderCreated published', 'CreditReserved recorded'],
        ...['OrderApproved recorded', 'OrderApproved published', 'saga ended: APPROVED'],
      ].sort(),
    );
    expect([approved.remaining, approved.unavailable]).toEqual([[], undefined]);
    expect(approved.sagas).toEqual([
      {
        saga: `order-${String(order['orderId'])}`,
        status: 'COMPLETED',
        links: { temporal: approved.order.links.temporal },
      },
    ]);
    const recorded = approved.entries.flatMap((entry) =>
      (entry.kind === 'event-recorded' || entry.kind === 'event-published') &&
      entry.source === '/order-service'
        ? [`${told(entry)} ${entry.at}`]
        : [],
    );
    const rows = (await publishedAt(order['orderId'])).flatMap(({ type, occurred_at, published_at }) => [
      `${String(type)} recorded ${(occurred_at as Date).toISOString()}`,
      `${String(type)} published ${(published_at as Date).toISOString()}`,
    ]);
    expect(recorded.sort()).toEqual(rows.sort());

    await call(`${system.url}/orders/${String(order['orderId'])}/cancel`, 'POST', undefined, WAIT);
    const { entries, sagas, remaining } = await finished(order['orderId'], 6);
    expect(sagas.map(({ saga }) => saga)).toEqual([
      `order-${String(order['orderId'])}`,
      `cancel-order-${String(order['orderId'])}`,
    ]);
    expect(remaining).toEqual([]);
    // The fast path commits the first three events before the saga tells its attempts.
    expectOrder(
      entries,
      ...['saga-started', 'OrderCreated recorded', 'CreditReserved recorded', 'OrderApproved recorded'],
      ...['request cancellation: cancelling', 'OrderCancellationRequested recorded'],
      ...['release credit: released', 'CreditReleased recorded', 'cancel: cancelled'],
      ...['OrderCancelled recorded', 'saga ended: CANCELLED'],
    );
    expect(entries).toHaveLength(approved.entries.length + 10);
  });

  test('a refused order', async () => {
    const customer = await newCustomer(system.url, '1.00');
    const { body: order } = await placeOrder(system.url, customer, '2.00', WAIT);
    const { entries } = await finished(order['orderId'], 3);
    expectOrder(
      entries,
      ...['saga-started', 'OrderCreated recorded', 'CreditLimitExceeded recorded'],
      ...['cancel: cancelled', 'OrderCancelled recorded', 'saga ended: CANCELLED'],
    );
    expect(entries.map(told).filter((words) => words.includes(':'))).toEqual([
      ...['create as PENDING: created', 'reserve credit: rejected', 'cancel: cancelled'],
      'saga ended: CANCELLED',
    ]);
    expect(entries).toContainEqual(
      expect.objectContaining({ kind: 'step-attempted', outcome: 'rejected', reason: 'INSUFFICIENT_CREDIT' }),
    );
  });

  test('in a group: each order has its own outcomes, and the attempts for others are left out', async () => {
    const [held, free] = [await newCustomer(system.url, '10.00'), await newCustomer(system.url, '10.00')];
    const lock = await holdCustomer(system.databases.adminCustomerUrl, held);
    const placed = await Promise.all(
      [held, free, free, held, free, free].map((customer) => placeOrder(system.url, customer, '1.00')),
    );
    const ids = placed.map(({ body }) => String(body['orderId']));
    const timelines = await Promise.all(ids.map(timeline));
    const group = timelines.findIndex(({ sagas }) => sagas[0]?.saga.startsWith('orders-'));
    expect(group).not.toBe(-1);
    const waiting = await eventually(async () => {
      const found = await timeline(ids[3]);
      return found.remaining?.some(({ attempts = 0 }) => attempts > 0) ? found : undefined;
    });
    expect(waiting.remaining).toMatchObject([
      {
        ...{ step: 'reserve credit', state: 'waiting' },
        ...{ failure: expect.stringMatching(/busy/), deadline: expect.any(String) },
      },
      { step: 'approve', state: 'expected' },
    ]);
    await lock.release();
    const freed = await finished(ids[2], 3);
    expect(freed.entries.filter(({ kind }) => kind === 'step-attempted').map(told)).toEqual([
      ...['create as PENDING: created', 'reserve credit: reserved', 'approve: approved'],
    ]);
    const { entries } = await finished(ids[3], 3);
    expect(indexOf(entries, 'reserve credit: reserved')).toBeLessThan(indexOf(entries, 'approve: approved'));
  });

  test('the customer database is away: its retries, what it waits for, and what is missing', async () => {
    const customer = await newCustomer(system.url, '10.00');
    await refuseConnections(system.databases.adminCustomerUrl);
    let during: Timeline;
    let orderId: unknown;
    try {
      ({ orderId } = (await placeOrder(system.url, customer, '1.00')).body);
      during = await eventually(async () => {
        const found = await timeline(orderId);
        const { attempts = 0, nextAttemptAt } = found.remaining?.[0] ?? {};
        // While an attempt is under way, no next one is planned.
        return attempts > 4 && nextAttemptAt !== undefined ? found : undefined;
      });
    } finally {
      await allowConnections(system.databases.adminCustomerUrl);
    }
    expect(during.unavailable).toEqual(['customer-service']);
    expect(during.order.state).toBe('PENDING');
    expect(during.remaining).toEqual([
      {
        ...{ saga: `order-${String(orderId)}`, step: 'reserve credit', state: 'waiting' },
        attempts: expect.any(Number),
        failure: 'reserveCredit: its database is unavailable',
        nextAttemptAt: expect.any(String),
        deadline: expect.any(String),
      },
      { saga: `order-${String(orderId)}`, step: 'approve', state: 'expected' },
    ]);
    const { entries } = await finished(orderId, 3);
    const failed = entries.filter((entry) => entry.kind === 'step-attempted' && entry.failure !== undefined);
    expect(failed.length).toBeGreaterThanOrEqual(isColocated ? 3 : 0);
    const queued = entries.filter((entry) => entry.kind === 'step-attempted' && entry.where === 'task queue');
    expect(queued).toMatchObject([{ step: 'reserve credit', outcome: 'reserved' }]);
    if (isColocated)
      expect(entries).toContainEqual(
        expect.objectContaining({
          kind: 'step-paused',
          step: 'reserve credit',
          reason: 'reserveCredit: its database is unavailable',
        }),
      );
    expectOrder(
      entries,
      ...['create as PENDING: created', 'reserve credit: reserved', 'CreditReserved recorded'],
      ...['approve: approved', 'OrderApproved recorded', 'saga ended: APPROVED'],
    );
  });

  test('an unknown order, and other methods', async () => {
    const path = `${system.url}/ops/orders/${randomUUID()}/timeline`;
    expect((await call(path, 'GET')).status).toBe(404);
    expect((await call(path, 'POST')).status).toBe(405);
  });
});
