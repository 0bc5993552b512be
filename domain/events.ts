/**
 * The domain events: what each service says has happened to its data. They are written to the
 * service's outbox in the commit that they are about.
 */
import type { CancellationReason, CreditRejectionReason } from './order';

/** Integer minor units of an ISO 4217 currency. */
interface Amount {
  readonly amountMinor: number;
  readonly currency: string;
}

interface OrderFacts extends Amount {
  readonly orderId: string;
  readonly customerId: string;
}

/** Events whose aggregate is an order; `sequence` is the order's version. */
export interface OrderEvents {
  OrderCreated: OrderFacts & { readonly state: 'PENDING' };
  OrderApproved: OrderFacts & { readonly state: 'APPROVED' };
  /** The credit of an approved order is to be released; CANCELLING is its semantic lock until then. */
  OrderCancellationRequested: OrderFacts & { readonly state: 'CANCELLING' };
  OrderCancelled: OrderFacts & { readonly state: 'CANCELLED'; readonly reason: CancellationReason };
}

/**
 * Events of the customer service. The aggregate of a credit event is the order's reservation (aggregate
 * id = order id), so that one subject tells an order's whole story across both services.
 */
export interface CustomerEvents {
  CustomerCreated: {
    readonly customerId: string;
    readonly name: string;
    readonly creditLimitMinor: number;
    readonly currency: string;
  };
  CreditReserved: OrderFacts;
  CreditLimitExceeded: OrderFacts & { readonly reason: 'INSUFFICIENT_CREDIT' };
  CreditRejected: OrderFacts & {
    readonly reason: Exclude<CreditRejectionReason, 'INSUFFICIENT_CREDIT'>;
  };
  /** `heldMinor` is what became free again: 0 when nothing was held (a tombstone). */
  CreditReleased: OrderFacts & { readonly heldMinor: number };
}

/** Events whose aggregate is an operator's decision about a saga; the order itself has not changed. */
interface SagaEvents {
  /** The saga does not retry the step any more; what is undone stays so until somebody has the saga run again. */
  SagaStepGivenUp: OrderFacts & {
    /** In words. */
    readonly step: string;
    readonly by: string;
    readonly reason: string;
    /** ISO 8601. */
    readonly at: string;
  };
}

export type DomainEvents = OrderEvents & SagaEvents & CustomerEvents;

/**
 * The versions in which the data is written now, and which are stored with it. Raised when a consumer of the version
 * before would misread the data; additions do not raise it.
 */
export const EVENT_VERSIONS = {
  OrderCreated: 1,
  OrderApproved: 1,
  OrderCancellationRequested: 1,
  OrderCancelled: 1,
  SagaStepGivenUp: 1,
  CustomerCreated: 1,
  CreditReserved: 1,
  CreditLimitExceeded: 1,
  CreditRejected: 1,
  CreditReleased: 1,
} as const satisfies Record<keyof DomainEvents, number>;

/** Who publishes: CloudEvents' `source`. */
export const EVENT_SOURCES = ['/order-service', '/customer-service'] as const;
export type EventSource = (typeof EVENT_SOURCES)[number];
