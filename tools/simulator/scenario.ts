/** What a simulation begins with, and how much may go wrong in it. */
import { createHash } from 'node:crypto';
import type { CreateOrderSettings, OrderRequest, OrderToCancel } from '../../domain/contracts';
import { sagaWorkflowId } from '../../domain/names';
import type { Placement, SagaInput } from '../../saga/contract';
import { CONTINUE_AFTER_EVENTS, LOCAL_ATTEMPTS } from '../../saga/workflow/limits';
import type { ModelCustomer } from './customer-database';

/** Of `createOrderSaga`, and of `cancelOrderSaga`. */
export type CreateInput = SagaInput<OrderRequest, CreateOrderSettings>;
export type CancelInput = SagaInput<OrderToCancel>;

/** A client that cancels an order. */
export interface Wish {
  readonly orderId: string;
  /** Made of the caller's Idempotency-Key. */
  readonly key: string | undefined;
}

export interface Scenario {
  readonly customers: readonly Omit<ModelCustomer, 'reservedMinor'>[];
  /** With distinct workflow ids. */
  readonly sagas: readonly CreateInput[];
  /** Of callers, each at any moment after the order is there. */
  readonly wishes: readonly Wish[];
  /** How many unusual things may happen: losses, delays, crashes, held rows, early timers. */
  readonly faults: number;
  /** Whether an operator may use Temporal's Cancel and Terminate (each costs a fault). */
  readonly operator: boolean;
  /** Relay turns while sagas are still running; afterwards it has as many as it needs. */
  readonly relayTurns: number;
  /** Events that a run counts before it continues as new as soon as it may: 200 in the product, 0 for every such moment. */
  readonly continuesAfter: number;
  /** Whether each saga of one order takes the fast path, too. */
  readonly fastPath: boolean;
  /** Local attempts in a row that fail before a step goes to its task queue: 3 in the product. */
  readonly localAttempts: number;
}

/** What the engine's own limits are. */
export const AS_IN_THE_PRODUCT = {
  continuesAfter: CONTINUE_AFTER_EVENTS,
  localAttempts: LOCAL_ATTEMPTS,
} as const;

/** A UUID that is easy to recognise: customers are `kind` 1, orders `kind` 2. */
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

/** 50 ms: a step that must succeed is parked when it has been tried for the second time, or about then. */
const PARK_AFTER_MS = 50;

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
): CreateInput {
  return {
    placement,
    subjects: orders,
    settings: { creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS },
    parkAfterMs: PARK_AFTER_MS,
  };
}

/** Parked as late as the scenario's first saga. */
export function simulatedCancellation(order: OrderToCancel, { sagas }: Scenario): CancelInput {
  const { placement = 'colocated', parkAfterMs = PARK_AFTER_MS } = sagas[0] ?? {};
  return { placement, subjects: [order], settings: {}, parkAfterMs };
}

export function placementOf({ sagas: [first] }: Scenario): Placement {
  return first?.placement ?? 'colocated';
}

export function idOf({ subjects }: CreateInput): string {
  return sagaWorkflowId(subjects.map(({ orderId }) => orderId));
}
