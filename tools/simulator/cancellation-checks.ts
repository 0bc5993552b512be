/** Guarantees to clients and operators that cancel orders. */
import { isCancelSaga } from '../../domain/names';
import type { World } from './world';
import { isCancelledOnRequest } from './observations';

/** At every moment: a confirmed cancellation stays visible, and the first committed key stays. */
export function wrongPromises({ orders, observations: { promised, keys } }: World): string[] {
  if (promised.size + keys.size === 0) return [];
  return orders.orders.committed().flatMap((order) => {
    const { orderId, state, cancellationKey } = order;
    const key = keys.get(orderId);
    return [
      ...(promised.has(orderId) && !isCancelledOnRequest(order)
        ? [`the cancellation of ${orderId} was confirmed, and its row says ${state}`]
        : []),
      ...(key !== undefined && key !== cancellationKey
        ? [`${orderId} was cancelled by one key, and has another`]
        : []),
    ];
  });
}

/**
 * At every moment: after `cancelOrderSaga` has cancelled an order, no credit is reserved, and none can be
 * reserved any more.
 */
export function wrongReleases({ orders, customers, sagas }: World): string[] {
  const wrong: string[] = [];
  for (const { sagaId, outcome, orderIds } of sagas.values()) {
    if (!isCancelSaga(sagaId) || !outcome || !('result' in outcome)) continue;
    for (const orderId of orderIds) {
      if (orders.orders.newest(orderId)?.reason !== 'CUSTOMER_REQUEST') continue;
      const credit = customers.reservations.newest(orderId)?.status ?? 'missing, without a tombstone';
      if (credit !== 'RELEASED' && credit !== 'REJECTED')
        wrong.push(`${sagaId} has cancelled it, and the credit of ${orderId} is ${credit}`);
    }
  }
  return wrong;
}

/** At the end: also every order of a saga that was cancelled in Temporal is CANCELLED, but where a step was given up. */
export function wrongCancellations({
  orders,
  observations: { promised, cancelled, givenUp },
}: World): string[] {
  return orders.orders.all().flatMap(({ orderId, sagaId, state }) => {
    if (state === 'CANCELLED' || givenUp.has(orderId)) return [];
    if (promised.has(orderId)) return [`the cancellation of ${orderId} was confirmed, and it is ${state}`];
    return cancelled.get(sagaId)?.includes(orderId)
      ? [`${sagaId} was cancelled in Temporal, and ${orderId} is ${state}`]
      : [];
  });
}
