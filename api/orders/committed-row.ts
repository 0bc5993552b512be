/** Waits until the row of a new order is committed, by this process or by another one. */
import type { OrderNotice, OrderRequest } from '../../domain/contracts';
import type { Expectation } from '../../platform/keyed-waiters';
import type { OrderDatabase } from '../../prisma/order/client';
import { Problem } from '../http/problems';
import type { OrderView } from './order-json';
import { findOrder } from './order-reads';
import { FIRST_POLL_MS, ignoreUnavailable, longerPause, nextReadBatch } from './order-watch';

/** 10 s for the row: with a longer delay the database or Temporal is unavailable, and few clients wait longer. */
const COMMIT_TIMEOUT_MS = 10_000;

export interface NewOrder {
  readonly order: OrderRequest;
  /** Whether the id is derived from an Idempotency-Key, so that the order may already exist. */
  readonly keyed: boolean;
}

/** @returns the order when its row is committed; undefined after the timeout */
export async function waitForRow(
  db: OrderDatabase,
  { order, keyed }: NewOrder,
  expectation: Expectation<OrderNotice>,
  progress: { readonly started: boolean; readonly over: boolean },
): Promise<OrderView | undefined> {
  const deadline = Date.now() + COMMIT_TIMEOUT_MS;
  for (let pause = FIRST_POLL_MS; Date.now() < deadline; pause = longerPause(pause)) {
    const notice = await expectation.next(isAboutRow, pause);
    // The request has its answer: it must not cost further reads.
    if (progress.over) return undefined;
    // A new id has one order. With an id from a key, the notice may be about a request with other content; only the row
    // has the content that was committed.
    if (notice?.kind === 'created' && !keyed) {
      const { sagaId, createdAt } = notice;
      return { ...order, state: 'PENDING', version: 1, createdAt, updatedAt: createdAt, sagaId };
    }
    if (!notice) {
      // There is no row before the start. An order that another process has placed is found after it.
      if (!progress.started) continue;
      await nextReadBatch();
    }
    const row = await findOrder(db, order.orderId).catch(ignoreUnavailable);
    if (row) return requireSameContent(row, order);
  }
  return undefined;
}

function isAboutRow(notice: OrderNotice): notice is Extract<OrderNotice, { kind: 'created' | 'conflict' }> {
  return notice.kind !== 'decided';
}

/** @throws Problem `idempotency-key-reused` */
export function requireSameContent(existing: OrderView, requested: OrderRequest): OrderView {
  const same =
    existing.customerId === requested.customerId &&
    existing.totalMinor === requested.totalMinor &&
    existing.currency === requested.currency;
  if (same) return existing;
  throw new Problem(
    'idempotency-key-reused',
    'An order with other content was placed with this Idempotency-Key.',
  );
}
