/** A saga reports the actual outcome of its orders, and only of its own. */
import type { OrderResult } from '../../domain/contracts';
import { isCancelSaga } from '../../domain/names';
import type { SagaResult } from '../../saga/contract';
import type { ModelOrder } from './order-database';
import type { World } from './world';

/** When nothing is under way any more. */
export function wrongResults({ sagas, orders }: World): string[] {
  return [...sagas.values()].flatMap(({ sagaId, outcome }) =>
    outcome && 'result' in outcome && isOfOrders(outcome.result)
      ? outcome.result.outcomes
          .filter((result) => !isTrue(result, sagaId, orders.orders.newest(result.orderId)))
          .map(
            ({ orderId, state }) => `${sagaId} reports ${state} for ${orderId}: wrong, or not its own order`,
          )
      : [],
  );
}

function isTrue(said: OrderResult, sagaId: string, order: ModelOrder | undefined): boolean {
  if (!order) return false;
  if (isCancelSaga(sagaId))
    return said.state === 'CANCELLED' && order.state === 'CANCELLED' && order.reason === said.reason;
  switch (said.state) {
    case 'APPROVED': // afterwards it can be cancelled by a saga of its own
      return order.sagaId === sagaId && (order.state === 'APPROVED' || order.reason === 'CUSTOMER_REQUEST');
    case 'CANCELLED':
      return order.sagaId === sagaId && order.state === 'CANCELLED' && order.reason === said.reason;
    case 'NOT_OWNED':
      return order.sagaId === said.ownedBy && order.sagaId !== sagaId;
    case 'CONFLICT':
      return true;
  }
}

function isOfOrders(result: unknown): result is SagaResult<OrderResult> {
  return (
    typeof result === 'object' && result !== null && 'outcomes' in result && Array.isArray(result.outcomes)
  );
}
