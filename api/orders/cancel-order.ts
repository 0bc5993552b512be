/** `POST /orders/:id/cancel`: works at every moment of an order's life, and any number of times. The row decides. */
import type { OrderNotice, OrderToCancel } from '../../domain/contracts';
import type { OrderState } from '../../domain/order';
import type { Expectation, KeyedWaiters } from '../../platform/keyed-waiters';
import type { OrderDatabase } from '../../prisma/order/client';
import type { OrderView } from './order-json';
import { findOrder } from './order-reads';
import { orderWhen } from './order-watch';
import { Problem } from '../http/problems';
import { type CancellationStarter, CancellationUnconfirmed } from './cancellation-starter';

/**
 * 8 s for the start and the row: longer than another worker needs to take over from one that died. A saga that runs takes
 * milliseconds.
 */
const DECIDED_WITHIN_MS = 8_000;

export interface CancelOrderDependencies {
  readonly db: OrderDatabase;
  readonly cancellations: Pick<CancellationStarter, 'start'>;
  readonly notices: KeyedWaiters<OrderNotice>;
}

export interface Cancelling {
  readonly orderId: string;
  /** UUID made of the Idempotency-Key, if there is one. */
  readonly cancellationKey: string | undefined;
  /** How long to wait until the order is CANCELLED, milliseconds. */
  readonly waitMs: number;
}

export interface Cancellation {
  /** CANCELLING or CANCELLED. */
  readonly order: OrderView;
  /** Whether the request waited until the order was CANCELLED, or repeats one that had it cancelled. */
  readonly finished: boolean;
}

/**
 * @throws Problem `not-found`; `order-cancelled` when another request, or the saga, came first
 * @throws Problem `temporal-unavailable` when it is not known whether the order will be cancelled
 */
export async function cancelOrder(
  deps: CancelOrderDependencies,
  cancelling: Cancelling,
): Promise<Cancellation> {
  const { orderId, cancellationKey, waitMs } = cancelling;
  const waitUntil = Date.now() + waitMs;
  const expectation = deps.notices.expect(orderId);
  try {
    const before = await existing(deps.db, orderId);
    if (before.state === 'CANCELLED') return repeated(before, cancellationKey);
    if (before.state === 'CANCELLING') mustBeOf(before, cancellationKey);
    const decideUntil = Date.now() + DECIDED_WITHIN_MS;
    // Also of an order that is CANCELLING: its saga may have failed since.
    await deps.cancellations.start(toCancel(before, cancellationKey)).catch(unconfirmed);
    const order = await decided(deps, before, expectation, decideUntil);
    mustBeOf(order, cancellationKey);
    if (waitMs === 0) return { order, finished: false };
    const last = await orderWhen(deps.db, order, expectation, isCancelled, waitUntil);
    return { order: last, finished: isCancelled(last.state) };
  } finally {
    expectation.close();
  }
}

async function existing(db: OrderDatabase, orderId: string): Promise<OrderView> {
  const order = await findOrder(db, orderId);
  if (order) return order;
  throw new Problem('not-found', `There is no order ${orderId}.`);
}

/** The same key again gets the same answer; for everybody else the order was cancelled before. */
function repeated(order: OrderView, cancellationKey: string | undefined): Cancellation {
  if (cancellationKey !== undefined && order.cancellationKey === cancellationKey)
    return { order, finished: true };
  throw cancelledBefore(order);
}

/** An order is cancelled for one key at most: the key of the request that came first. */
function mustBeOf(order: OrderView, cancellationKey: string | undefined): void {
  const byAnother = cancellationKey !== undefined && order.cancellationKey !== cancellationKey;
  const bySaga = order.state === 'CANCELLED' && order.reason !== 'CUSTOMER_REQUEST';
  if (byAnother || bySaga) throw cancelledBefore(order);
}

function cancelledBefore({ orderId, state, reason }: OrderView): Problem {
  return new Problem(
    'order-cancelled',
    state === 'CANCELLED'
      ? `Order ${orderId} is CANCELLED (${reason ?? 'without a reason'}).`
      : `Order ${orderId} is ${state} by another request.`,
  );
}

function toCancel(
  { orderId, customerId, totalMinor, currency }: OrderView,
  cancellationKey: string | undefined,
): OrderToCancel {
  return { orderId, customerId, totalMinor, currency, cancellationKey };
}

function unconfirmed(error: unknown): never {
  if (error instanceof CancellationUnconfirmed) throw notKnown(error);
  throw error;
}

function notKnown(cause?: Error): Problem {
  return new Problem(
    'temporal-unavailable',
    'Whether the order will be cancelled is not known yet. Send the request again: it is cancelled once.',
    { cause },
  );
}

/**
 * @returns the row, which says with whose key the order is cancelled: a notice does not
 * @throws Problem `temporal-unavailable` when the saga has not decided in time
 */
async function decided(
  { db }: CancelOrderDependencies,
  before: OrderView,
  expectation: Expectation<OrderNotice>,
  decideUntil: number,
): Promise<OrderView> {
  if (isDecided(before.state)) return before;
  await orderWhen(db, before, expectation, isDecided, decideUntil);
  const order = await existing(db, before.orderId);
  if (!isDecided(order.state)) throw notKnown();
  return order;
}

function isDecided(state: OrderState): boolean {
  return state === 'CANCELLING' || state === 'CANCELLED';
}

function isCancelled(state: OrderState): boolean {
  return state === 'CANCELLED';
}
