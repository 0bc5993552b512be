/** `POST /orders/:id/cancel`: idempotent, and valid in every state of an order. The order's row decides races. */
import type { OrderNotice, OrderToCancel } from '../../domain/contracts';
import type { OrderState } from '../../domain/order';
import type { Expectation, KeyedWaiters } from '../../platform/keyed-waiters';
import type { OrderDatabase } from '../../prisma/order/client';
import type { OrderView } from './order-json';
import { findOrder } from './order-reads';
import { waitForState } from './order-watch';
import { Problem } from '../http/problems';
import { type CancellationStarter, CancellationUnconfirmed } from './cancellation-starter';

/** 8 s for the start and the decision: another worker takes over from a dead one earlier. Normally it takes milliseconds. */
const DECISION_TIMEOUT_MS = 8_000;

export interface CancelOrderDependencies {
  readonly db: OrderDatabase;
  readonly cancellations: Pick<CancellationStarter, 'start'>;
  readonly notices: KeyedWaiters<OrderNotice>;
}

export interface CancelOrderRequest {
  readonly orderId: string;
  /** UUID derived from the Idempotency-Key, if any. */
  readonly cancellationKey: string | undefined;
  /** How long to wait for CANCELLED, milliseconds. */
  readonly waitMs: number;
}

export interface Cancellation {
  /** CANCELLING or CANCELLED. */
  readonly order: OrderView;
  /** The client waited for CANCELLED and the order reached it, or the request repeats the one that cancelled the order. */
  readonly finished: boolean;
}

/**
 * @throws Problem `not-found`
 * @throws Problem `order-cancelled` when another request or the saga has cancelled the order first
 * @throws Problem `temporal-unavailable` when it is unknown whether the order will be cancelled
 */
export async function cancelOrder(
  deps: CancelOrderDependencies,
  { orderId, cancellationKey, waitMs }: CancelOrderRequest,
): Promise<Cancellation> {
  const waitUntil = Date.now() + waitMs;
  const expectation = deps.notices.expect(orderId);
  try {
    const before = await existing(deps.db, orderId);
    if (before.state === 'CANCELLED') return repeated(before, cancellationKey);
    if (before.state === 'CANCELLING') requireOwnCancellation(before, cancellationKey);
    const decideUntil = Date.now() + DECISION_TIMEOUT_MS;
    // An order that is CANCELLING needs the start too: its saga may have failed since.
    await deps.cancellations.start(toCancel(before, cancellationKey)).catch(throwUnconfirmed);
    const order = await waitForDecision(deps, before, expectation, decideUntil);
    requireOwnCancellation(order, cancellationKey);
    if (waitMs === 0) return { order, finished: false };
    const last = await waitForState(deps.db, order, expectation, isCancelled, waitUntil);
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

/** A repeated request with the same key gets the same answer; any other request gets `order-cancelled`. */
function repeated(order: OrderView, cancellationKey: string | undefined): Cancellation {
  if (cancellationKey !== undefined && order.cancellationKey === cancellationKey)
    return { order, finished: true };
  throw alreadyCancelled(order);
}

/** Only the first key cancels an order. @throws Problem `order-cancelled` when that was another request or the saga */
function requireOwnCancellation(order: OrderView, cancellationKey: string | undefined): void {
  const byAnother = cancellationKey !== undefined && order.cancellationKey !== cancellationKey;
  const bySaga = order.state === 'CANCELLED' && order.reason !== 'CUSTOMER_REQUEST';
  if (byAnother || bySaga) throw alreadyCancelled(order);
}

function alreadyCancelled({ orderId, state, reason }: OrderView): Problem {
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

function throwUnconfirmed(error: unknown): never {
  if (error instanceof CancellationUnconfirmed) throw outcomeUnknown(error);
  throw error;
}

function outcomeUnknown(cause?: Error): Problem {
  return new Problem(
    'temporal-unavailable',
    'It is not known yet whether the order will be cancelled. Send the request again: it is safe to repeat.',
    { cause },
  );
}

/**
 * @returns the order from its row: a notice does not have the key of the cancellation
 * @throws Problem `temporal-unavailable` when the saga has not decided in time
 */
async function waitForDecision(
  { db }: CancelOrderDependencies,
  before: OrderView,
  expectation: Expectation<OrderNotice>,
  decideUntil: number,
): Promise<OrderView> {
  if (isDecided(before.state)) return before;
  await waitForState(db, before, expectation, isDecided, decideUntil);
  const order = await existing(db, before.orderId);
  if (!isDecided(order.state)) throw outcomeUnknown();
  return order;
}

function isDecided(state: OrderState): boolean {
  return state === 'CANCELLING' || state === 'CANCELLED';
}

function isCancelled(state: OrderState): boolean {
  return state === 'CANCELLED';
}
