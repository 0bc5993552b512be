/** The steps of the order sagas, and the service of each. */
import type { CreditSteps, OrderSteps } from '../domain/contracts';
import { CUSTOMER_TASK_QUEUE, ORDER_TASK_QUEUE } from '../domain/names';
import { defineService, defineStep } from '../saga/workflow';

const orders = defineService<OrderSteps>({ taskQueue: ORDER_TASK_QUEUE, key: 'orderId' });
export const createPendingOrder = defineStep(orders, 'createPendingOrders', {
  words: 'create as PENDING',
  straight: 'created',
});
export const approveOrder = defineStep(orders, 'approveOrders', { words: 'approve', straight: 'approved' });
export const cancelOrder = defineStep(orders, 'cancelOrders', { words: 'cancel' });
export const requestCancellation = defineStep(orders, 'requestCancellations', {
  words: 'request cancellation',
});
export const giveUpOrder = defineStep(orders, 'giveUpOrders', { words: 'record that it was given up' });

const credit = defineService<CreditSteps>({ taskQueue: CUSTOMER_TASK_QUEUE, key: 'orderId' });
export const reserveCredit = defineStep(credit, 'reserveCredit', {
  words: 'reserve credit',
  straight: 'reserved',
});
export const releaseCredit = defineStep(credit, 'releaseCredit', {
  words: 'release credit',
  refusals: { conflict: 'credit is reserved with other content' },
});
