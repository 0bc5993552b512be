/** Steps that a saga runs for one order at a time, and the events that they leave. */
import { randomUUID } from 'node:crypto';
import type { OrderRequest } from '../../domain/contracts';
import { rowsOf } from './databases';
import { type OrderStores, TOTAL } from './order-stores';

export const SAGA_ID = 'order-test';

/** The steps of an order on its way to APPROVED. */
export const FORWARD = ['createPendingOrders', 'reserveCredit', 'approveOrders'] as const;

/** What each step answers when it has done its work, however often it runs. */
export const DONE = {
  createPendingOrders: 'created',
  reserveCredit: 'reserved',
  approveOrders: 'approved',
  cancelOrders: 'cancelled',
  releaseCredit: 'released',
};

export type RequestedStep = keyof typeof DONE;

/** @returns the step's outcome for the order */
export async function requestStep(
  { steps }: OrderStores,
  step: RequestedStep,
  order: OrderRequest,
): Promise<string> {
  const { orderId } = order;
  const answers: { outcome: string }[] =
    step === 'cancelOrders'
      ? await steps.cancelOrders({ sagaId: SAGA_ID, items: [{ orderId, reason: 'CREDIT_CHECK_FAILED' }] })
      : await steps[step]({ sagaId: SAGA_ID, items: [order] });
  return answers[0]?.outcome ?? 'none';
}

export function orderOf(customerId: string, totalMinor = TOTAL): OrderRequest {
  return { orderId: randomUUID(), customerId, totalMinor, currency: 'USD' };
}

/** Of one aggregate, in the order in which they happened. */
export function eventsIn(adminUrl: string, aggregateId: string) {
  const events = 'SELECT sequence, type, data FROM outbox WHERE aggregate_id = $1 ORDER BY sequence';
  return rowsOf(adminUrl, events, [aggregateId]);
}
