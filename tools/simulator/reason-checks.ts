/** An order is cancelled only for a reason that applies to it. */
import { CREDIT_REJECTION_REASONS } from '../../domain/order';
import type { ModelOrder } from './order-database';
import type { World } from './world';

/** When nothing is under way any more. */
export function wrongReasons(world: World): string[] {
  return world.orders.orders.all().flatMap((order) => {
    const wrong = wrongReason(order, world);
    return wrong === undefined
      ? []
      : [`${order.orderId} is cancelled for ${String(order.reason)}, and ${wrong}`];
  });
}

function wrongReason(
  { orderId, reason }: ModelOrder,
  { customers, observations: { unwanted, checkFailed, late } }: World,
): string | undefined {
  switch (reason) {
    case null:
      return undefined;
    case 'CUSTOMER_REQUEST':
      return unwanted.has(orderId) ? undefined : 'nothing requested it';
    case 'CREDIT_CHECK_TIMEOUT':
      return late.has(orderId) ? undefined : 'its credit check was not late';
    case 'CREDIT_CHECK_FAILED':
      return checkFailed.has(orderId) ? undefined : 'its credit check had not failed';
    default: {
      const decided = customers.reservations.newest(orderId)?.reason;
      const said = CREDIT_REJECTION_REASONS.find((each) => each === decided);
      return said === reason ? undefined : `the credit check decided ${said ?? 'something else'}`;
    }
  }
}
