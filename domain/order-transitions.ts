/** The transitions of an order after its creation, each with the event that records it. */
import type { OrderEvents } from './events';
import type { OrderState } from './order';

export interface Transition {
  readonly from: OrderState;
  readonly to: OrderState;
  readonly event: keyof OrderEvents;
}

export const TRANSITIONS = {
  approve: { from: 'PENDING', to: 'APPROVED', event: 'OrderApproved' },
  cancel: { from: 'PENDING', to: 'CANCELLED', event: 'OrderCancelled' },
  cancelOnRequest: { from: 'PENDING', to: 'CANCELLED', event: 'OrderCancelled' },
  requestCancellation: { from: 'APPROVED', to: 'CANCELLING', event: 'OrderCancellationRequested' },
  finishCancellation: { from: 'CANCELLING', to: 'CANCELLED', event: 'OrderCancelled' },
} as const satisfies Record<string, Transition>;
