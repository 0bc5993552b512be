/** The saga that cancels an order at its customer's request, whatever the order's row says when it comes. */
import type { CreditSteps, OrderSteps, OrderToCancel } from '../../domain/contracts';
import {
  CANCEL_ORDER_SAGA,
  cancelSagaWorkflowId,
  CUSTOMER_TASK_QUEUE,
  ORDER_TASK_QUEUE,
} from '../../domain/names';
import type { CancellationReason } from '../../domain/order';
import { sagaLaws } from '../../saga/testing';
import { OrderStores, type StepOfOrder, TOTAL } from '../support/order-stores';
import { testServers } from '../support/servers';

type Steps = Pick<OrderSteps, 'requestCancellations' | 'cancelOrders' | 'giveUpOrders'> &
  Pick<CreditSteps, 'releaseCredit'>;

const stores = new OrderStores();

/** The saga that has placed the order. */
const OWNER = 'orders-placed';

/** The order that the saga is named after. */
const newOrder = (sagaId: string) => stores.newOrder(sagaId.slice(cancelSagaWorkflowId('').length));

/** Placed so far. */
const placed = async (sagaId: string, ...steps: readonly StepOfOrder[]) =>
  stores.ran(await newOrder(sagaId), OWNER, ...steps);

async function refused(sagaId: string, reason: CancellationReason): Promise<OrderToCancel> {
  const order = await placed(sagaId, 'createPendingOrders');
  await stores.steps.cancelOrders({ sagaId: OWNER, items: [{ orderId: order.orderId, reason }] });
  return order;
}

const cancelled = (reason: CancellationReason) => ({
  state: 'CANCELLED',
  reason,
  givenUp: null,
  reserved: 0,
});

const outcome = { state: 'CANCELLED', reason: 'CUSTOMER_REQUEST' };

sagaLaws<OrderToCancel, Steps, unknown>({
  saga: CANCEL_ORDER_SAGA,
  taskQueues: [ORDER_TASK_QUEUE, CUSTOMER_TASK_QUEUE],
  workflows: testServers,
  temporal: () => testServers().temporal,
  activities: () => ({
    requestCancellations: (request) => stores.steps.requestCancellations(request),
    releaseCredit: (request) => stores.steps.releaseCredit(request),
    cancelOrders: (request) => stores.steps.cancelOrders(request),
    giveUpOrders: (request) => stores.steps.giveUpOrders(request),
  }),
  settings: undefined,
  mostSubjects: 1,
  workflowId: cancelSagaWorkflowId,
  id: ({ orderId }) => orderId,
  traces: (order) => stores.traces(order),
  mayFail: [],
  otherContent: {
    // The key of the first request is kept.
    requestCancellations: {
      with: { cancellationKey: '00000000-0000-4000-8000-000000000000' },
      answers: ['cancelling', 'cancelled', 'wrong-state'],
    },
    releaseCredit: { with: { totalMinor: TOTAL + 1 } },
    cancelOrders: { with: { reason: 'CURRENCY_MISMATCH' }, answers: ['cancelled'] },
    giveUpOrders: { with: { totalMinor: TOTAL + 1 }, answers: ['given-up'] },
  },
  paths: {
    'it is PENDING': {
      subject: (sagaId) => placed(sagaId, 'createPendingOrders'),
      steps: ['requestCancellations', 'releaseCredit'],
      outcome,
      ends: {
        rows: cancelled('CUSTOMER_REQUEST'),
        transitions: ['OrderCreated', 'OrderCancelled', 'CreditReleased'],
      },
    },
    'it is PENDING, and its credit is reserved': {
      subject: (sagaId) => placed(sagaId, 'createPendingOrders', 'reserveCredit'),
      steps: ['requestCancellations', 'releaseCredit'],
      outcome,
      ends: {
        rows: cancelled('CUSTOMER_REQUEST'),
        transitions: ['OrderCreated', 'OrderCancelled', 'CreditReserved', 'CreditReleased'],
      },
    },
    'it is APPROVED': {
      subject: async (sagaId) => ({
        ...(await placed(sagaId, 'createPendingOrders', 'reserveCredit', 'approveOrders')),
        cancellationKey: '00000000-0000-4000-8000-000000000001',
      }),
      steps: ['requestCancellations', 'releaseCredit', 'cancelOrders'],
      outcome,
      ends: {
        rows: cancelled('CUSTOMER_REQUEST'),
        transitions: [
          ...['OrderCreated', 'OrderApproved', 'OrderCancellationRequested', 'OrderCancelled'],
          ...['CreditReserved', 'CreditReleased'],
        ],
      },
    },
    'it was refused': {
      subject: (sagaId) => refused(sagaId, 'INSUFFICIENT_CREDIT'),
      steps: ['requestCancellations'],
      outcome: { state: 'CANCELLED', reason: 'INSUFFICIENT_CREDIT' },
      ends: { rows: cancelled('INSUFFICIENT_CREDIT'), transitions: ['OrderCreated', 'OrderCancelled'] },
    },
    'there is no such order': {
      subject: (sagaId) => newOrder(sagaId),
      steps: ['requestCancellations'],
      ends: { rows: { state: null, reason: null, givenUp: null, reserved: 0 }, transitions: [] },
    },
    'its reservation is that of another order, and an operator gives its release up': {
      subject: async (sagaId) => ({
        ...(await placed(sagaId, 'createPendingOrders', 'reserveCredit')),
        totalMinor: TOTAL + 2,
      }),
      fails: { step: 'releaseCredit', moment: 'after its commit', how: 'until it is given up' },
      steps: ['requestCancellations', 'releaseCredit', 'giveUpOrders'],
      ends: {
        rows: { ...cancelled('CUSTOMER_REQUEST'), givenUp: 'release credit', reserved: TOTAL },
        transitions: ['OrderCreated', 'OrderCancelled', 'SagaStepGivenUp', 'CreditReserved'],
      },
    },
  },
});
