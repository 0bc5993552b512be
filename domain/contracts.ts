/**
 * What the sagas and their steps exchange, as plain JSON: no Date, no BigInt. Money is an integer number of minor
 * units (cents for USD), at most {@link MAX_AMOUNT_MINOR}.
 *
 * Every step takes a list of items and returns one result per item. What concerns one order is that order's result,
 * never an exception: an exception concerns the whole list (infrastructure, retried; or a bug, a non-retryable
 * ApplicationFailure).
 */
import type { CancellationReason, CreditRejectionReason, OrderState } from './order';

/** An order as it was asked for; the same id with any other content is a conflict. */
export interface OrderRequest {
  readonly orderId: string;
  readonly customerId: string;
  /** Minor units of `currency`, > 0. */
  readonly totalMinor: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
}

/** What `createOrderSaga` is configured with. */
export interface CreateOrderSettings {
  /** How long the Customer Service may stay away before the order is cancelled; milliseconds. */
  readonly creditCheckTimeoutMs: number;
}

/** An order that `cancelOrderSaga` cancels. */
export interface OrderToCancel extends OrderRequest {
  /** UUID made of the caller's Idempotency-Key, kept with the order that it cancels. */
  readonly cancellationKey?: string | undefined;
}

/** How a saga left one order. */
export type OrderResult =
  | { readonly orderId: string; readonly state: 'APPROVED' }
  | { readonly orderId: string; readonly state: 'CANCELLED'; readonly reason: CancellationReason }
  /** The order belongs to another saga, which drives it. */
  | { readonly orderId: string; readonly state: 'NOT_OWNED'; readonly ownedBy: string }
  /** An order with this id and other content exists; it was left alone. */
  | { readonly orderId: string; readonly state: 'CONFLICT' };

/** An operator's decision to stop retrying a step. */
export interface GivingUp {
  /** UUID: the same decision is recorded once. */
  readonly id: string;
  /** The step in words. */
  readonly step: string;
  /** Who decided, as they called themselves. */
  readonly by: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A step's argument: its items, and the workflow id of the saga that asks. */
export interface StepRequest<Item> {
  readonly sagaId: string;
  readonly items: readonly Item[];
}

/**
 * Somebody else holds a row that this order needs; nothing was changed for it, and it is to be retried. Its
 * neighbours in the list were served.
 */
export interface Busy {
  readonly orderId: string;
  readonly outcome: 'busy';
}

/** The same order id is known with other content; nothing was changed. */
interface Conflict {
  readonly orderId: string;
  readonly outcome: 'conflict';
}

export type CreatePendingResult =
  | Busy
  | Conflict
  /** The order's row exists and belongs to the asking saga. */
  | { readonly orderId: string; readonly outcome: 'created' }
  | { readonly orderId: string; readonly outcome: 'owned-by-other'; readonly sagaId: string };

export type ReserveResult =
  | Busy
  | Conflict
  | { readonly orderId: string; readonly outcome: 'reserved' }
  | { readonly orderId: string; readonly outcome: 'rejected'; readonly reason: CreditRejectionReason }
  /** The reservation was released before this request arrived (a tombstone): it stays released. */
  | { readonly orderId: string; readonly outcome: 'released' };

/** `released` also when nothing was held: then a tombstone makes a late reserve lose. */
export type ReleaseResult = Busy | Conflict | { readonly orderId: string; readonly outcome: 'released' };

/** The order is in a state from which the step cannot go: a bug, which the saga makes loud. */
export interface WrongState {
  readonly orderId: string;
  readonly outcome: 'wrong-state';
  /** `MISSING`: the asking saga owns no such order. */
  readonly state: OrderState | 'MISSING';
}

export type ApproveResult = Busy | WrongState | { readonly orderId: string; readonly outcome: 'approved' };

export type CancelResult =
  | Busy
  | WrongState
  | {
      readonly orderId: string;
      readonly outcome: 'cancelled';
      /** The reason in force: the first one, when the order was cancelled already. */
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
 * `CUSTOMER_REQUEST` finishes the cancellation of an order that is CANCELLING; every other reason cancels one that is
 * PENDING.
 */
export interface CancelOrder {
  readonly orderId: string;
  readonly reason: CancellationReason;
}

export interface CancellationRequest {
  readonly orderId: string;
  /** As in {@link OrderToCancel}. */
  readonly cancellationKey?: string | undefined;
}

export type RequestCancellationResult =
  | Busy
  | WrongState
  /** It was APPROVED and is CANCELLING: nobody else may act on it until it is CANCELLED. */
  | { readonly orderId: string; readonly outcome: 'cancelling' }
  /** It was PENDING and is CANCELLED by this request, or was CANCELLED before with the reason in force. */
  | { readonly orderId: string; readonly outcome: 'cancelled'; readonly reason: CancellationReason };

/** The order side's steps; each is one transaction on the order database. */
export interface OrderSteps {
  createPendingOrders(request: StepRequest<OrderRequest>): Promise<CreatePendingResult[]>;
  approveOrders(request: StepRequest<ApproveOrder>): Promise<ApproveResult[]>;
  cancelOrders(request: StepRequest<CancelOrder>): Promise<CancelResult[]>;
  /** Decides a cancellation by the order's row: PENDING → CANCELLED, APPROVED → CANCELLING. */
  requestCancellations(request: StepRequest<CancellationRequest>): Promise<RequestCancellationResult[]>;
  /** Records operators' decisions; the orders stay as they are. */
  giveUpOrders(request: StepRequest<GiveUpOrder>): Promise<GiveUpResult[]>;
}

/** The customer side's steps; each is one transaction on the customer database. */
export interface CreditSteps {
  reserveCredit(request: StepRequest<OrderRequest>): Promise<ReserveResult[]>;
  releaseCredit(request: StepRequest<OrderRequest>): Promise<ReleaseResult[]>;
}

/**
 * Told in the same process after the commit that it is about, so that the HTTP handler that waits for
 * this order need not read the database. Times are ISO 8601.
 */
export type OrderNotice =
  /** The order's row is committed (by this saga, or it was there with the same content). */
  | {
      readonly orderId: string;
      readonly kind: 'created';
      readonly sagaId: string;
      readonly createdAt: string;
    }
  /** The id is taken by an order with other content. */
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
