/** Waits until an order reaches a state: by the notices of this process, and by its row for changes of other processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderNotice } from '../../domain/contracts';
import type { OrderState } from '../../domain/order';
import type { Expectation } from '../../platform/keyed-waiters';
import type { OrderDatabase } from '../../prisma/order/client';
import { isDatabaseUnavailable } from '../http/database-errors';
import type { OrderView } from './order-json';
import { findOrder } from './order-reads';

/**
 * A request polls the row for changes of other processes: first after 250 ms, because the notice of this process normally
 * comes earlier, then less often, up to 1 s: many waiting requests must not add to the load.
 */
export const FIRST_POLL_MS = 250;
const MAX_POLL_MS = 1_000;

/** @returns the next pause between two polls, milliseconds */
export function longerPause(pauseMs: number): number {
  return Math.min(2 * pauseMs, MAX_POLL_MS);
}

/**
 * 50 ms: requests that poll within this time do so in one turn of the event loop, and Prisma combines reads by id of one
 * turn into one statement. Under load hundreds of requests wait.
 */
const BATCH_MS = 50;

let batch: Promise<void> | undefined;

/** Wait for it before each poll of an order's row. */
export function nextReadBatch(): Promise<void> {
  batch ??= sleep(BATCH_MS).then(() => {
    batch = undefined;
  });
  return batch;
}

type Decision = Extract<OrderNotice, { kind: 'decided' }>;

/**
 * @param order the order as it was read last
 * @param isReached whether the wait ends with this state
 * @param waitUntil epoch milliseconds
 * @returns the order in such a state, or `order` after the timeout
 */
export async function waitForState(
  db: OrderDatabase,
  order: OrderView,
  expectation: Expectation<OrderNotice>,
  isReached: (state: OrderState) => boolean,
  waitUntil: number,
): Promise<OrderView> {
  const decided = (notice: OrderNotice): notice is Decision =>
    notice.kind === 'decided' && isReached(notice.state);
  for (let pause = FIRST_POLL_MS; ; pause = longerPause(pause)) {
    const left = waitUntil - Date.now();
    const notice = await expectation.next(decided, Math.min(left, pause));
    if (notice) {
      const { state, reason, version, updatedAt } = notice;
      return { ...order, state, ...(reason && { reason }), version, updatedAt };
    }
    if (left <= pause) return order;
    await nextReadBatch();
    const row = await findOrder(db, order.orderId).catch(ignoreUnavailable);
    if (row && isReached(row.state)) return row;
  }
}

/**
 * The saga is durable: an unavailable database delays the outcome, and may recover within the time of the request.
 *
 * @throws the error, unless the database is unavailable
 */
export function ignoreUnavailable(error: unknown): undefined {
  if (!isDatabaseUnavailable(error)) throw error;
}
