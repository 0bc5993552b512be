/**
 * The saga that cancels an approved order:
 *
 *     requestCancellation ──→ releaseCredit ──→ cancelOrder(CUSTOMER_REQUEST)
 *     (APPROVED → CANCELLING)                   (CANCELLING → CANCELLED)
 *
 * CANCELLING is the semantic lock: from then on there is no way but forward, so every step is asked for until
 * it succeeds, and nothing has to be compensated.
 */
import { CancellationScope, setCurrentDetails } from '@temporalio/workflow';
import type { CancelOrderSagaInput, CancelOrderSagaResult } from '../domain/contracts';
import { sagaFailure } from './saga-failures';
import { sagaSteps } from './saga-steps';
import { Turn } from './turn';

/**
 * @returns the order, cancelled: by this saga, or before it could begin
 * @throws ApplicationFailure `OrderInWrongState`, `CompensationFailed` for what only a bug can bring about
 */
export async function cancelOrderSaga(input: CancelOrderSagaInput): Promise<CancelOrderSagaResult> {
  return CancellationScope.nonCancellable(() => run(input));
}

async function run({
  placement,
  order,
  cancellationKey,
}: CancelOrderSagaInput): Promise<CancelOrderSagaResult> {
  const { orderId } = order;
  const steps = sagaSteps({ placement }, new Turn(1), () => undefined);

  setCurrentDetails(`Order ${orderId}: waiting until it can be cancelled`);
  const requested = await steps.requestCancellation({ orderId });
  if (requested.outcome === 'cancelled') return { orderId, state: 'CANCELLED', reason: requested.reason };
  if (requested.outcome === 'wrong-state') {
    throw sagaFailure('OrderInWrongState', `${orderId} cannot be cancelled: it is ${requested.state}`);
  }

  setCurrentDetails(`Order ${orderId}: CANCELLING, its credit being released`);
  const released = await steps.releaseCredit(order);
  if (released.outcome === 'conflict') {
    throw sagaFailure('CompensationFailed', `credit of ${orderId} is reserved with other content`);
  }

  const cancelled = await steps.cancelOrder({ orderId, reason: 'CUSTOMER_REQUEST', cancellationKey });
  if (cancelled.outcome === 'wrong-state') {
    throw sagaFailure('OrderInWrongState', `${orderId} cannot be cancelled: it is ${cancelled.state}`);
  }
  setCurrentDetails(`Order ${orderId}: CANCELLED`);
  return { orderId, state: 'CANCELLED', reason: cancelled.reason };
}
