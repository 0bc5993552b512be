/** Waits for an order to come to a state: by this process's notices, and by its row for what others do. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderNotice } from '../../domain/contracts';
import type { OrderState } from '../../domain/order';
import type { Expectation } from '../../platform/keyed-waiters';
import type { OrderDatabase } from '../../prisma/order/client';
import { databaseIsAway } from '../http/database-errors';
import type { OrderView } from './order-json';
import { findOrder } from './order-reads';

/**
 * The row is looked at for what another process does; this process's notice normally comes first, so not
 * before 250 ms, and ever more rarely up to 1 s: a crowd that waits under load must not add to it.
 */
export const FIRST_LOOK_MS = 250;
export const RAREST_LOOK_MS = 1_000;

/**
 * 50 ms: those who are to look within it look in one turn of the event loop, and Prisma makes one statement of what is
 * asked for by id in one turn. Under load there are hundreds, for whom the notice is on its way.
 */
const TOGETHER_MS = 50;

let together: Promise<void> | undefined;

/** Before a look at an order's row. */
export function lookTogether(): Promise<void> {
  together ??= sleep(TOGETHER_MS).then(() => {
    together = undefined;
  });
  return together;
}

type Decision = Extract<OrderNotice, { kind: 'decided' }>;

/**
 * @param order as it was seen last
 * @param isThere whether the wait is over
 * @param waitUntil epoch milliseconds
 * @returns the order as it is when it is there, or when the time is up
 */
export async function orderWhen(
  db: OrderDatabase,
  order: OrderView,
  expectation: Expectation<OrderNotice>,
  isThere: (state: OrderState) => boolean,
  waitUntil: number,
): Promise<OrderView> {
  const decided = (notice: OrderNotice): notice is Decision =>
    notice.kind === 'decided' && isThere(notice.state);
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(2 * pause, RAREST_LOOK_MS)) {
    const left = waitUntil - Date.now();
    const notice = await expectation.next(decided, Math.min(left, pause));
    if (notice) {
      const { state, reason, version, updatedAt } = notice;
      return { ...order, state, ...(reason && { reason }), version, updatedAt };
    }
    if (left <= pause) return order;
    await lookTogether();
    const row = await findOrder(db, order.orderId).catch(ifAway);
    if (row && isThere(row.state)) return row;
  }
}

/** The saga is durable: a database that went away meanwhile delays what comes of it, and may be back in time. */
export function ifAway(error: unknown): undefined {
  if (!databaseIsAway(error)) throw error;
}
