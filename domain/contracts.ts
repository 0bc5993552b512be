/**
 * The data that sagas and their steps exchange, as plain JSON: no Date, no BigInt. Money is an integer number of minor
 * units (cents for USD), at most {@link MAX_AMOUNT_MINOR}.
 *
 * Every step takes a list of items and returns one result per item. A step reports the outcome of one order as a result,
 * never as an exception. An exception concerns the whole list: an infrastructure failure, which is retried, or a bug,
 * which is a non-retryable ApplicationFailure.
 */
import type { CancellationReason, CreditRejectionReason, OrderState } from './order';

/** An order as requested. The same id with other content is a conflict. */
export interface OrderRequest {
  readonly orderId: string;
  readonly customerId: string;
  /** Minor units of `currency`, > 0. */
  readonly totalMinor: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
}

/** The settings of `createOrderSaga`. */
export interface CreateOrderSettings {
  /** Deadline of the credit check, milliseconds; without an answer by then the saga cancels the order. */
  readonly creditCheckTimeoutMs: number;
}

/** An order that `cancelOrderSaga` cancels. */
export interface OrderToCancel extends OrderRequest {
  /** UUID derived from the caller's Idempotency-Key, stored with the order that it cancels. */
  readonly cancellationKey?: string | undefined;
}

/** The result of a saga for one order. */
export type OrderResult =
  | { readonly orderId: string; readonly state: 'APPROVED' }
  | { readonly orderId: string; readonly state: 'CANCELLED'; readonly reason: CancellationReason }
  /** The order belongs to another saga, which completes it. */
  | { readonly orderId: string; readonly state: 'NOT_OWNED'; readonly ownedBy: string }
  /** An order with this id and other content exists; nothing was changed. */
  | { readonly orderId: string; readonly state: 'CONFLICT' };

/** An operator's decision to stop retrying a step. */
export interface GivingUp {
  /** UUID; makes the recording idempotent. */
  readonly id: string;
  /** Description of the step. */
  readonly step: string;
  /** The operator's name, as given by the operator. */
  readonly by: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

/** The argument of a step: its items, and the workflow id of the calling saga. */
export interface StepRequest<Item> {
  readonly sagaId: string;
  readonly items: readonly Item[];
}

/**
 * Another transaction holds a row that this order needs. Nothing was changed for this order, and the saga retries it;
 * the other orders of the list have their own results.
 */
export interface Busy {
  readonly orderId: string;
  readonly outcome: 'busy';
}

/** The order id exists with other content; nothing was changed. */
interface Conflict {
  readonly orderId: string;
  readonly outcome: 'conflict';
}

export type CreatePendingResult =
  | Busy
  | Conflict
  /** The order's row exists and belongs to the calling saga. */
  | { readonly orderId: string; readonly outcome: 'created' }
  | { readonly orderId: string; readonly outcome: 'owned-by-other'; readonly sagaId: string };

export type ReserveResult =
  | Busy
  | Conflict
  | { readonly orderId: string; readonly outcome: 'reserved' }
  | { readonly orderId: string; readonly outcome: 'rejected'; readonly reason: CreditRejectionReason }
  /** The reservation was released before this request arrived (a tombstone), and stays released. */
  | { readonly orderId: string; readonly outcome: 'released' };

/** `released` also when nothing was reserved: the step then leaves a tombstone, which defeats a later reserve. */
export type ReleaseResult = Busy | Conflict | { readonly orderId: string; readonly outcome: 'released' };

/** The order is in a state in which the step is not allowed: a bug, with which the saga fails. */
export interface WrongState {
  readonly orderId: string;
  readonly outcome: 'wrong-state';
  /** `MISSING`: the calling saga owns no such order. */
  readonly state: OrderState | 'MISSING';
}

export type ApproveResult = Busy | WrongState | { readonly orderId: string; readonly outcome: 'approved' };

export type CancelResult =
  | Busy
  | WrongState
  | {
      readonly orderId: string;
      readonly outcome: 'cancelled';
      /** The stored reason: that of the first cancellation. */
      readonly reason: CancellationReason;
    };

export interface ApproveOrder {
  readonly orderId: string;
}

export interface GiveUpOrder extends OrderRequest {
  readonly givingUp: GivingUp;
}

export type GiveUpResult = Busy | { readonly orderId: string; readonly outcome: 'given-up' };

/**
 * The reason `CUSTOMER_REQUEST` finishes the cancellation of a CANCELLING order. Every other reason cancels a PENDING
 * order.
 */
export interface CancelOrder {
  readonly orderId: string;
  readonly reason: CancellationReason;
}

export interface CancellationRequest {
  readonly orderId: string;
  /** See {@link OrderToCancel}. */
  readonly cancellationKey?: string | undefined;
}

export type RequestCancellationResult =
  | Busy
  | WrongState
  /** The order was APPROVED and is CANCELLING: the semantic lock until it is CANCELLED. */
  | { readonly orderId: string; readonly outcome: 'cancelling' }
  /** The order is CANCELLED: by this request, or before it; the reason is the stored one. */
  | { readonly orderId: string; readonly outcome: 'cancelled'; readonly reason: CancellationReason };

/** The order service's steps; each is one transaction on the order database. */
export interface OrderSteps {
  createPendingOrders(request: StepRequest<OrderRequest>): Promise<CreatePendingResult[]>;
  approveOrders(request: StepRequest<ApproveOrder>): Promise<ApproveResult[]>;
  cancelOrders(request: StepRequest<CancelOrder>): Promise<CancelResult[]>;
  /** Makes the transition that the order's row allows: PENDING → CANCELLED, APPROVED → CANCELLING. */
  requestCancellations(request: StepRequest<CancellationRequest>): Promise<RequestCancellationResult[]>;
  /** Records operators' decisions; does not change the orders. */
  giveUpOrders(request: StepRequest<GiveUpOrder>): Promise<GiveUpResult[]>;
}

/** The customer service's steps; each is one transaction on the customer database. */
export interface CreditSteps {
  reserveCredit(request: StepRequest<OrderRequest>): Promise<ReserveResult[]>;
  releaseCredit(request: StepRequest<OrderRequest>): Promise<ReleaseResult[]>;
}

/**
 * A step sends a notice within its process, after the commit. An HTTP handler that waits for the order then need not read
 * the database. Times are ISO 8601.
 */
export type OrderNotice =
  /** The order's row is committed, by this saga or earlier with the same content. */
  | {
      readonly orderId: string;
      readonly kind: 'created';
      readonly sagaId: string;
      readonly createdAt: string;
    }
  /** The id belongs to an order with other content. */
  | { readonly orderId: string; readonly kind: 'conflict' }
  /** A transition of the order is committed. */
  | {
      readonly orderId: string;
      readonly kind: 'decided';
      readonly state: 'APPROVED' | 'CANCELLING' | 'CANCELLED';
      readonly reason?: CancellationReason;
      readonly version: number;
      readonly updatedAt: string;
    };
