/** The states of an order and what may follow what. */

export const ORDER_STATES = ['PENDING', 'APPROVED', 'CANCELLED'] as const;
export type OrderState = (typeof ORDER_STATES)[number];

export const CANCELLATION_REASONS = [
  'INSUFFICIENT_CREDIT',
  'UNKNOWN_CUSTOMER',
  'CURRENCY_MISMATCH',
  'CREDIT_CHECK_TIMEOUT',
  'CUSTOMER_REQUEST',
] as const;
export type CancellationReason = (typeof CANCELLATION_REASONS)[number];

/** The reasons with which the Customer Service refuses a reservation. */
export type CreditRejectionReason = Extract<
  CancellationReason,
  'INSUFFICIENT_CREDIT' | 'UNKNOWN_CUSTOMER' | 'CURRENCY_MISMATCH'
>;
