/**
 * The domain events: each records one state change of a service's data. The transaction that changes the state writes the
 * event to the service's outbox.
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

/** No personal data: an event is stored by each of its readers, and nobody can take it back. */
interface CustomerFacts {
  readonly customerId: string;
  readonly creditLimitMinor: number;
  /** ISO 4217. */
  readonly currency: string;
}

/** Events whose aggregate is an order; `aggregateversion` is the order's version. */
export interface OrderEvents {
  OrderCreated: OrderFacts & { readonly state: 'PENDING' };
  OrderApproved: OrderFacts & { readonly state: 'APPROVED' };
  /** A saga releases the credit of an approved order; CANCELLING is the semantic lock meanwhile. */
  OrderCancellationRequested: OrderFacts & { readonly state: 'CANCELLING' };
  OrderCancelled: OrderFacts & { readonly state: 'CANCELLED'; readonly reason: CancellationReason };
}

/**
 * Events of the customer service. The aggregate of a credit event is the order's reservation, with the order's id. So one
 * subject selects all events of an order at both services.
 */
export interface CustomerEvents {
  CustomerCreated: CustomerFacts;
  /** The customer's name is erased; the account stays. */
  CustomerPersonalDataErased: CustomerFacts;
  CreditReserved: OrderFacts;
  CreditLimitExceeded: OrderFacts & { readonly reason: 'INSUFFICIENT_CREDIT' };
  CreditRejected: OrderFacts & {
    readonly reason: Exclude<CreditRejectionReason, 'INSUFFICIENT_CREDIT'>;
  };
  /** `heldMinor` is the released amount: 0 when nothing was reserved (a tombstone). */
  CreditReleased: OrderFacts & { readonly heldMinor: number };
}

/** Events whose aggregate is an operator's decision about a saga. The order does not change. */
interface SagaEvents {
  /** The saga no longer retries the step. The order stays as it is until a repair runs the saga again. */
  SagaStepGivenUp: OrderFacts & {
    /** Description of the step. */
    readonly step: string;
    readonly by: string;
    readonly reason: string;
    /** ISO 8601. */
    readonly at: string;
  };
}

export type DomainEvents = OrderEvents & SagaEvents & CustomerEvents;

/**
 * The current version of each type's data; every event stores the version it was written in. Increase a version when a
 * consumer of the previous one would misread the data; an added property needs no new version.
 */
export const EVENT_VERSIONS = {
  OrderCreated: 1,
  OrderApproved: 1,
  OrderCancellationRequested: 1,
  OrderCancelled: 1,
  SagaStepGivenUp: 1,
  CustomerCreated: 1,
  CustomerPersonalDataErased: 1,
  CreditReserved: 1,
  CreditLimitExceeded: 1,
  CreditRejected: 1,
  CreditReleased: 1,
} as const satisfies Record<keyof DomainEvents, number>;

/** The publishing services: the end of `source` of their CloudEvents, after the base. */
export const EVENT_SOURCES = ['/order-service', '/customer-service'] as const;
export type EventSource = (typeof EVENT_SOURCES)[number];
