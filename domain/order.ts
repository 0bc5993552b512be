/**
 * The states of an order: PENDING → APPROVED | CANCELLED, and APPROVED → CANCELLING → CANCELLED. CANCELLING is the
 * semantic lock of an approved order while a saga releases its credit.
 */

export const ORDER_STATES = ['PENDING', 'APPROVED', 'CANCELLING', 'CANCELLED'] as const;
export type OrderState = (typeof ORDER_STATES)[number];

export const CANCELLATION_REASONS = [
  'INSUFFICIENT_CREDIT',
  'UNKNOWN_CUSTOMER',
  'CURRENCY_MISMATCH',
  // The customer service did not answer before the deadline.
  'CREDIT_CHECK_TIMEOUT',
  // A bug, a conflict, or a race lost to another run of the saga.
  'CREDIT_CHECK_FAILED',
  'CUSTOMER_REQUEST',
] as const;
export type CancellationReason = (typeof CANCELLATION_REASONS)[number];

/** The reasons with which the customer service rejects a reservation. */
export const CREDIT_REJECTION_REASONS = [
  'INSUFFICIENT_CREDIT',
  'UNKNOWN_CUSTOMER',
  'CURRENCY_MISMATCH',
] as const satisfies readonly CancellationReason[];
export type CreditRejectionReason = (typeof CREDIT_REJECTION_REASONS)[number];
