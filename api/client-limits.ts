/** What one client and one customer may take, so that others have the rest. */
import type { Config } from '../platform/config';
import { servesOthers } from './authentication-settings';

export interface ClientLimits {
  /** Requests of one client a minute. */
  readonly requestsPerMinute?: number | undefined;
  /** Unanswered requests of one client that place or cancel an order. */
  readonly ordersInFlightPerClientMax?: number | undefined;
  /** Orders of one customer that are PENDING or CANCELLING. */
  readonly openOrdersPerCustomerMax?: number | undefined;
}

/** Of a process that serves a network. */
const DEFAULTS = {
  /** 6,000: a hundred a second, a tenth of what two cores serve; more than a page or a worker of a shop needs. */
  requestsPerMinute: 6_000,
  /**
   * 100, two full groups of sagas: more would take the processors from other clients. And 10 orders a second that wait for
   * 10 s each, while the customer service is unreachable.
   */
  ordersInFlightPerClientMax: 100,
  /** 1,000: while the customer service is unreachable, the waiting orders of one customer are twenty groups of sagas. */
  openOrdersPerCustomerMax: 1_000,
} as const satisfies ClientLimits;

type Variables = Pick<
  Config,
  | 'AUTH'
  | 'AUTH_ISSUER'
  | 'REQUESTS_PER_MINUTE_PER_CLIENT'
  | 'ORDERS_IN_FLIGHT_PER_CLIENT_MAX'
  | 'OPEN_ORDERS_PER_CUSTOMER_MAX'
>;

/** @returns the limits; undefined: none. This machine's programs have one user, and only the limits that are set. */
export function clientLimits(variables: Variables): ClientLimits {
  const defaults: ClientLimits = servesOthers(variables) ? DEFAULTS : {};
  return {
    requestsPerMinute: variables.REQUESTS_PER_MINUTE_PER_CLIENT ?? defaults.requestsPerMinute,
    ordersInFlightPerClientMax:
      variables.ORDERS_IN_FLIGHT_PER_CLIENT_MAX ?? defaults.ordersInFlightPerClientMax,
    openOrdersPerCustomerMax: variables.OPEN_ORDERS_PER_CUSTOMER_MAX ?? defaults.openOrdersPerCustomerMax,
  };
}
