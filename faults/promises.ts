/** Whether what callers were told is so when the faults are over. Pure. */
import type { Answer } from './client';
import type { Acknowledged } from './load';

/** An order as its row says it is in the end. */
export interface OrderInTheEnd {
  readonly customerId: string;
  readonly totalMinor: bigint;
  readonly state: string;
  readonly cancellationReason: string | null;
}

/**
 * @param order null: there is none
 * @returns what its caller was told, and is not so
 */
export function brokenPromises(
  { orderId, customerId, amount, states, cancelled }: Acknowledged,
  order: OrderInTheEnd | null,
): string[] {
  if (!order) return [`${orderId} was acknowledged, and is not there`];
  const { state, cancellationReason } = order;
  const asked = order.customerId === customerId && order.totalMinor === BigInt(amount.replace('.', ''));
  return [
    ...(asked ? [] : [`${orderId} is not what was asked for`]),
    ...(cancelled && state !== 'CANCELLED' ? [`${orderId} was said to be cancelled, and is ${state}`] : []),
    ...(states.has('CANCELLED') && state !== 'CANCELLED'
      ? [`${orderId} was CANCELLED, and is ${state}`]
      : []),
    ...(states.has('APPROVED') && state === 'CANCELLED' && cancellationReason !== 'CUSTOMER_REQUEST'
      ? [`${orderId} was APPROVED, and is CANCELLED: ${String(cancellationReason)}`]
      : []),
  ];
}

/**
 * The same request again, without waiting, has the order as it was at first.
 *
 * @param answer undefined: there was none in time
 * @returns what is not so
 */
export function otherAnswer({ orderId }: Acknowledged, answer: Answer | undefined): string[] {
  if (answer?.status === 202 && answer.body['orderId'] === orderId && answer.body['state'] === 'PENDING')
    return [];
  return [`${orderId}: its key was answered ${String(answer?.status)} ${JSON.stringify(answer?.body)}`];
}
