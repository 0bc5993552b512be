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
import type { CancelOrderSagaInput, CancelOrderSagaResult, OrderRequest } from '../domain/contracts';
import { Attention } from './attention';
import { endGivenUp, handleParkedSteps } from './parked-steps';
import { sagaFailure } from './saga-failures';
import { sagaSteps, type SagaSteps } from './saga-steps';
import { Turn } from './turn';

/**
 * @returns the order, cancelled: by this saga, or before it could begin
 * @throws ApplicationFailure `OrderInWrongState`, `CompensationFailed` for what only a bug can bring about;
 *   `SagaGivenUp` when an operator gave a step up
 */
export async function cancelOrderSaga(input: CancelOrderSagaInput): Promise<CancelOrderSagaResult> {
  return CancellationScope.nonCancellable(() => run(input));
}

async function run({
  placement,
  order,
  cancellationKey,
  attentionAfterMs,
  ...flags
}: CancelOrderSagaInput): Promise<CancelOrderSagaResult> {
  const { orderId } = order;
  const attention = new Attention();
  handleParkedSteps(attention);
  let progress = 'waiting until it can be cancelled';
  const show = () => {
    setCurrentDetails(`${attention.words}Order ${orderId}: ${progress}`);
  };
  const steps = sagaSteps({ placement, attentionAfterMs, ...flags }, new Turn(1), attention, show);
  const note = (words: string) => {
    progress = words;
  };
  const result = await cancel(order, cancellationKey, steps, note).catch((failure: unknown) =>
    endGivenUp(order, failure, steps),
  );
  note(result.state);
  show();
  return result;
}

async function cancel(
  order: OrderRequest,
  cancellationKey: string | undefined,
  steps: SagaSteps,
  note: (words: string) => void,
): Promise<CancelOrderSagaResult> {
  const { orderId } = order;
  const requested = await steps.requestCancellation({ orderId, cancellationKey });
  if (requested.outcome === 'cancelled') return { orderId, state: 'CANCELLED', reason: requested.reason };
  if (requested.outcome === 'wrong-state') {
    throw sagaFailure('OrderInWrongState', `${orderId} cannot be cancelled: it is ${requested.state}`);
  }

  note('CANCELLING, its credit being released');
  const released = await steps.releaseCredit(order);
  if (released.outcome === 'conflict') {
    throw sagaFailure('CompensationFailed', `credit of ${orderId} is reserved with other content`);
  }

  const cancelled = await steps.cancelOrder({ orderId, reason: 'CUSTOMER_REQUEST', cancellationKey });
  if (cancelled.outcome === 'wrong-state') {
    throw sagaFailure('OrderInWrongState', `${orderId} cannot be cancelled: it is ${cancelled.state}`);
  }
  return { orderId, state: 'CANCELLED', reason: cancelled.reason };
}
