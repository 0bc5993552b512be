/** What a simulation begins with, and how much may go wrong in it. */
import { createHash } from 'node:crypto';
import type { CreateOrderSagaInput, OrderRequest, Placement } from '../domain/contracts';
import { sagaWorkflowId } from '../domain/names';
import { SAGA_FLAGS } from '../domain/saga-start';
import type { ModelCustomer } from './customer-database';

export interface Scenario {
  readonly customers: readonly Omit<ModelCustomer, 'reservedMinor'>[];
  /** With distinct workflow ids. */
  readonly sagas: readonly CreateOrderSagaInput[];
  /** Ids of the orders that somebody wants cancelled, at any moment after they are there. */
  readonly wishes: readonly string[];
  /** How many unusual things may happen: losses, delays, crashes, held rows, early timers. */
  readonly faults: number;
  /** Whether an operator may use Temporal's Cancel and Terminate (each costs a fault). */
  readonly operator: boolean;
  /** Relay turns while sagas are still running; afterwards it has as many as it needs. */
  readonly relayTurns: number;
}

/** A UUID that is easy to tell from others: customers are `kind` 1, orders `kind` 2. */
export function simulatedId(kind: 1 | 2, number: number): string {
  return `00000000-0000-7000-800${String(kind)}-${String(number).padStart(12, '0')}`;
}

/** A UUID that looks drawn by chance, and is the same for the same words. */
export function simulatedUuid(words: string): string {
  const hash = createHash('sha256').update(words).digest('hex');
  return `00000000-0000-4000-8003-${hash.slice(0, 12)}`;
}

const NAMES = { 1: 'customer', 2: 'order' } as const;

/** Ids replaced by `order A`, `customer A` … */
export function inWords(text: string): string {
  return text
    .replaceAll(/(?:cancel-)?order-(?=00000000-)/g, (prefix) =>
      prefix === 'order-' ? 'saga of ' : 'cancel saga of ',
    )
    .replaceAll(/orders-(?=00000000-)/g, 'group saga of ')
    .replaceAll(/00000000-0000-4000-8003-[\da-f]{12}/g, 'a decision')
    .replaceAll(/00000000-0000-7000-800([12])-(\d{12})/g, (_id, kind: string, digits: string) => {
      const letter = String.fromCharCode('A'.charCodeAt(0) + Number(digits) - 1);
      return `${kind === '1' ? NAMES[1] : NAMES[2]} ${letter}`;
    });
}

/** 100 ms: a second attempt to reserve fits into it. */
const CREDIT_CHECK_TIMEOUT_MS = 100;

/** 50 ms: the second failed attempt of a step raises attention. */
export const ATTENTION_AFTER_MS = 50;

/** Each customer may have 100.00. */
export const LIMIT_MINOR = 10_000;

export function simulatedCustomer(number: number): Omit<ModelCustomer, 'reservedMinor'> {
  return { customerId: simulatedId(1, number), limitMinor: LIMIT_MINOR, currency: 'USD' };
}

export function simulatedOrder(number: number, more: Partial<OrderRequest> = {}): OrderRequest {
  const orderId = simulatedId(2, number);
  return { orderId, customerId: simulatedId(1, 1), totalMinor: 6_000, currency: 'USD', ...more };
}

export function simulatedSaga(
  orders: readonly OrderRequest[],
  placement: Placement = 'colocated',
): CreateOrderSagaInput {
  return {
    placement,
    orders,
    creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS,
    attentionAfterMs: ATTENTION_AFTER_MS,
    ...SAGA_FLAGS,
  };
}

export function placementOf({ sagas: [first] }: Scenario): Placement {
  return first?.placement ?? 'colocated';
}

export function idOf({ orders }: CreateOrderSagaInput): string {
  return sagaWorkflowId(orders.map(({ orderId }) => orderId));
}
