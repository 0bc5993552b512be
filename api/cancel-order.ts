/** `POST /orders/:id/cancel`: works at every moment of an order's life, and any number of times. */
import type { OrderNotice, OrderRequest } from '../domain/contracts';
import type { KeyedWaiters } from '../platform/keyed-waiters';
import type { OrderDatabase } from '../prisma/order/client';
import type { OrderView } from './order-json';
import { findOrder } from './order-reads';
import { orderWhen } from './order-watch';
import { Problem } from './problems';
import { CancellationUnconfirmed, type SagaCanceller } from './saga-canceller';

export interface CancelOrderDependencies {
  readonly db: OrderDatabase;
  readonly canceller: Pick<SagaCanceller, 'requestCancellation' | 'start'>;
  readonly notices: KeyedWaiters<OrderNotice>;
}

export interface Cancelling {
  readonly orderId: string;
  /** UUID made of the Idempotency-Key, if there is one. */
  readonly cancellationKey: string | undefined;
  /** How long to wait until the order is CANCELLED, milliseconds. */
  readonly waitMs: number;
}

/**
 * @returns the order: CANCELLED, or as it is while that is under way
 * @throws Problem `not-found`; `order-cancelled` when somebody else's request, or the saga, came first
 * @throws Problem `temporal-unavailable` when it is not known whether the order will be cancelled
 */
export async function cancelOrder(
  deps: CancelOrderDependencies,
  { orderId, cancellationKey, waitMs }: Cancelling,
): Promise<OrderView> {
  const waitUntil = Date.now() + waitMs;
  const expectation = deps.notices.expect(orderId);
  try {
    const order = await findOrder(deps.db, orderId);
    if (!order) throw new Problem('not-found', `There is no order ${orderId}.`);
    if (order.state === 'CANCELLED') return cancelledBefore(order, cancellationKey);
    await request(deps, order, cancellationKey).catch(unconfirmed);
    return await orderWhen(deps.db, order, expectation, (state) => state === 'CANCELLED', waitUntil);
  } finally {
    expectation.close();
  }
}

/** The same request again gets the same answer; to anybody else the order is cancelled already. */
function cancelledBefore(order: OrderView, cancellationKey: string | undefined): OrderView {
  if (cancellationKey !== undefined && order.cancellationKey === cancellationKey) return order;
  const { orderId, state, reason } = order;
  throw new Problem('order-cancelled', `Order ${orderId} is ${state} (${reason ?? 'without a reason'}).`);
}

async function request(
  { canceller }: CancelOrderDependencies,
  order: OrderView,
  cancellationKey: string | undefined,
): Promise<void> {
  const { orderId, sagaId, state } = order;
  if (state === 'PENDING' && (await canceller.requestCancellation(sagaId, { orderId, cancellationKey })))
    return;
  await canceller.start({ order: requestOf(order), cancellationKey });
}

function requestOf({ orderId, customerId, totalMinor, currency }: OrderView): OrderRequest {
  return { orderId, customerId, totalMinor, currency };
}

function unconfirmed(error: unknown): never {
  if (!(error instanceof CancellationUnconfirmed)) throw error;
  throw new Problem(
    'temporal-unavailable',
    'Whether the order will be cancelled is not known yet. Send the request again: it is cancelled once.',
    { cause: error },
  );
}
