/** Whether the answers that clients received still hold after the faults. Pure. */
import type { Acknowledged } from './acknowledged-order';
import type { Answer } from './retrying-client';

/** The row of an order after the run. */
export interface FinalOrder {
  readonly customerId: string;
  readonly totalMinor: bigint;
  readonly state: string;
  readonly cancellationReason: string | null;
}

/** States that an order may have once its cancellation is accepted. */
const CANCELLATION = new Set(['CANCELLING', 'CANCELLED']);

/**
 * @param order null when there is no row
 * @returns the answers that do not hold
 */
export function brokenGuarantees(
  { orderId, customerId, amount, states, statesAfterCancel, cancelled, refusedToCancel }: Acknowledged,
  order: FinalOrder | null,
): string[] {
  if (!order) return [`${orderId} was acknowledged, and has no row`];
  const { state, cancellationReason } = order;
  const asked = order.customerId === customerId && order.totalMinor === BigInt(amount.replace('.', ''));
  return [
    ...(asked ? [] : [`${orderId} differs from its request`]),
    ...(cancelled && state !== 'CANCELLED' ? [`${orderId} was confirmed as cancelled, and is ${state}`] : []),
    ...[...statesAfterCancel]
      .filter((seen) => !CANCELLATION.has(seen))
      .map((seen) => `${orderId} was confirmed as cancelled, and was ${seen} when it was read after that`),
    ...(refusedToCancel && (state !== 'CANCELLED' || cancellationReason === 'CUSTOMER_REQUEST')
      ? [`${orderId} was answered as already cancelled, and is ${state} (${String(cancellationReason)})`]
      : []),
    ...(states.has('CANCELLED') && state !== 'CANCELLED'
      ? [`${orderId} was CANCELLED, and is ${state}`]
      : []),
    ...(states.has('APPROVED') && state === 'CANCELLED' && cancellationReason !== 'CUSTOMER_REQUEST'
      ? [`${orderId} was APPROVED, and is CANCELLED: ${String(cancellationReason)}`]
      : []),
  ];
}

/** @param order that exists although its client was informed that it is not placed */
export function placedAfterRefusal({ id, state }: { readonly id: string; readonly state: string }): string {
  return `${id} was answered as not placed, and is ${state}`;
}

/**
 * The repeated request, without waiting, must return the order as first answered.
 *
 * @param answer undefined when none arrived in time
 * @returns what does not hold
 */
export function otherAnswer({ orderId }: Acknowledged, answer: Answer | undefined): string[] {
  if (answer?.status === 202 && answer.body['orderId'] === orderId && answer.body['state'] === 'PENDING')
    return [];
  return [`${orderId}: its key was answered ${String(answer?.status)} ${JSON.stringify(answer?.body)}`];
}
