/**
 * What the saga and its steps say to each other, as plain JSON: no Date, no BigInt. Money is an
 * integer number of minor units (cents for USD), at most {@link MAX_AMOUNT_MINOR}.
 *
 * Every step takes a list of orders and answers with one result per order, in the order asked. What
 * concerns one order is that order's result, never an exception: an exception concerns the whole list
 * (infrastructure, retried; or a bug, a non-retryable ApplicationFailure).
 */
import type { CancellationReason, CreditRejectionReason, OrderState } from './order';

/** Where the customer side's steps run: in the order service's process, or on task queue `customer`. */
export type Placement = 'colocated' | 'distributed';

/** An order as it was asked for; the same id with any other content is a conflict. */
export interface OrderRequest {
  readonly orderId: string;
  readonly customerId: string;
  /** Minor units of `currency`, > 0. */
  readonly totalMinor: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
}

/**
 * Which way a saga goes where an earlier version went another. One that was started before a flag was there has it not,
 * and replays the old way: docs/changing-a-saga.md. Each start says `SAGA_FLAGS` of `saga-start.ts`.
 */
export interface SagaFlags {
  /** It takes the results of its local activities one by one (ADR 17). */
  readonly resultsOneByOne: boolean | undefined;
  /** Timers, not its clock, tell it how long a step has been asked for (ADR 18). */
  readonly limitsByTimer: boolean | undefined;
}

export interface CreateOrderSagaInput extends SagaFlags {
  /** Carried in the input so that replay takes the path that was taken. */
  readonly placement: Placement;
  /** How long the Customer Service may stay away before the order is cancelled; milliseconds. */
  readonly creditCheckTimeoutMs: number;
  /** After how long a step that must succeed and keeps failing is told of; milliseconds. */
  readonly attentionAfterMs?: number | undefined;
  /** 1 to 50 orders with distinct ids. */
  readonly orders: readonly OrderRequest[];
  /** Of its orders; an earlier run of the saga had accepted them. */
  readonly cancellations?: readonly CancellationRequest[] | undefined;
}

/** How the saga left one order. */
export type OrderResult =
  | { readonly orderId: string; readonly state: 'APPROVED' }
  | { readonly orderId: string; readonly state: 'CANCELLED'; readonly reason: CancellationReason }
  /** The order belongs to another saga, which drives it. */
  | { readonly orderId: string; readonly state: 'NOT_OWNED'; readonly ownedBy: string }
  /** An order with this id and other content exists; it was left alone. */
  | { readonly orderId: string; readonly state: 'CONFLICT' };

/** An operator's decision that a step is not asked for any longer. */
export interface GivingUp {
  /** UUID: the same decision is recorded once. */
  readonly id: string;
  /** The step in words. */
  readonly step: string;
  /** Who, as they called themselves. */
  readonly by: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A step that must succeed, and keeps failing. */
export interface ParkedStepReport {
  /** In words. */
  readonly step: string;
  readonly reason: string;
  /** When it was asked for first, ISO 8601. */
  readonly since: string;
  /** Those that wait for it. */
  readonly orderIds: readonly string[];
}

/** Argument of the update `retryStep`. */
export interface RetryStepRequest {
  /** Who wants it: 1 to 100 characters. */
  readonly by: string;
  /** Only this order's step; otherwise all that are parked. */
  readonly orderId?: string | undefined;
}

/** Argument of the update `giveUpStep`. */
export interface GiveUpStepRequest extends RetryStepRequest {
  /** 1 to 500 characters. */
  readonly reason: string;
}

/** Argument of the update `requestCancellation`, which a saga that runs again is begun with; and of the step. */
export interface CancellationRequest {
  readonly orderId: string;
  /** UUID made of the caller's Idempotency-Key, kept with the order that it cancels. */
  readonly cancellationKey?: string | undefined;
}

export interface CancelOrderSagaInput extends SagaFlags {
  /** Carried in the input so that replay takes the path that was taken. */
  readonly placement: Placement;
  readonly order: OrderRequest;
  readonly cancellationKey?: string | undefined;
  /** As for {@link CreateOrderSagaInput}. */
  readonly attentionAfterMs?: number | undefined;
}

/** A saga that found the order cancelled already leaves it so, with the reason in force. */
export interface CancelOrderSagaResult {
  readonly orderId: string;
  readonly state: 'CANCELLED';
  readonly reason: CancellationReason;
}

export interface CreateOrderSagaResult {
  readonly orders: readonly OrderResult[];
}

/** A step's argument: its orders, and the workflow id of the saga that asks. */
export interface StepRequest<T> {
  readonly sagaId: string;
  readonly orders: readonly T[];
}

/**
 * Somebody else holds a row that this order needs; nothing was changed for it, ask again later. Its
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

export interface CancelOrder {
  readonly orderId: string;
  readonly reason: CancellationReason;
  readonly cancellationKey?: string | undefined;
}

export type RequestCancellationResult =
  | Busy
  | WrongState
  /** The order is CANCELLING: nobody else may act on it until it is CANCELLED. */
  | { readonly orderId: string; readonly outcome: 'cancelling' }
  | { readonly orderId: string; readonly outcome: 'cancelled'; readonly reason: CancellationReason };

/** The order side's steps; each is one transaction on the order database. */
export interface OrderSteps {
  createPendingOrders(request: StepRequest<OrderRequest>): Promise<CreatePendingResult[]>;
  approveOrders(request: StepRequest<ApproveOrder>): Promise<ApproveResult[]>;
  cancelOrders(request: StepRequest<CancelOrder>): Promise<CancelResult[]>;
  /** Of `cancelOrderSaga`; an order that is still PENDING is answered as busy. */
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
  /** The order's final state is committed. */
  | {
      readonly orderId: string;
      readonly kind: 'decided';
      readonly state: 'APPROVED' | 'CANCELLED';
      readonly reason?: CancellationReason;
      readonly version: number;
      readonly updatedAt: string;
    };

/**
 * What a saga tells the process that runs it, outside of its history; costs no event and is not repeated by
 * a replay.
 */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- the SDK wants its index signature
export type SagaSinks = {
  readonly saga: {
    /** All of its orders have come to an end; only the engine's own completion is still to be written. */
    ended(): void;
  };
};
