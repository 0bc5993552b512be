/** The saga that places an order, on its real steps and databases, along every path that it can take. */
import type { CreateOrderSettings, CreditSteps, OrderRequest, OrderSteps } from '../../domain/contracts';
import {
  cancelSagaWorkflowId,
  CREATE_ORDER_SAGA,
  CUSTOMER_TASK_QUEUE,
  ORDER_TASK_QUEUE,
} from '../../domain/names';
import { sagaLaws } from '../../saga/testing';
import { OrderStores, TOTAL } from '../support/order-stores';
import { testServers } from '../support/servers';

const stores = new OrderStores();

/** The order is asked for with another total. */
const other = { with: { totalMinor: TOTAL + 1 } };

const pending = { state: 'PENDING', reason: null, givenUp: null, reserved: 0 };
const approved = { state: 'APPROVED', reason: null, givenUp: null, reserved: TOTAL };
const cancelled = (reason: string) => ({ state: 'CANCELLED', reason, givenUp: null, reserved: 0 });
/** Temporal's Cancel may come before what cancels it anyway, or after. */
const anyReason = { state: 'CANCELLED', reserved: 0 };

const newOrder = () => stores.newOrder();

/** An order for which the saga has run some steps before. */
async function begun(
  sagaId: string,
  ...steps: readonly ('createPendingOrders' | 'reserveCredit' | 'releaseCredit' | 'approveOrders')[]
) {
  const order = await newOrder();
  for (const step of steps) await stores.steps[step]({ sagaId, items: [order] });
  return order;
}

const UNWOUND = ['createPendingOrders', 'reserveCredit', 'cancelOrders', 'releaseCredit'] as const;

sagaLaws<OrderRequest, OrderSteps & CreditSteps, CreateOrderSettings>({
  saga: CREATE_ORDER_SAGA,
  taskQueues: [ORDER_TASK_QUEUE, CUSTOMER_TASK_QUEUE],
  workflows: testServers,
  temporal: () => testServers().temporal,
  activities: () => stores.steps,
  settings: { creditCheckTimeoutMs: 20_000 },
  id: ({ orderId }) => orderId,
  traces: (order) => stores.traces(order),
  mayFail: ['reserveCredit'],
  otherContent: {
    createPendingOrders: other,
    reserveCredit: other,
    releaseCredit: other,
    cancelOrders: { with: { reason: 'CURRENCY_MISMATCH' }, answers: ['cancelled', 'wrong-state'] },
    giveUpOrders: { ...other, answers: ['given-up'] },
  },
  paths: {
    'credit is granted': {
      subject: newOrder,
      steps: ['createPendingOrders', 'reserveCredit', 'approveOrders'],
      outcome: { state: 'APPROVED' },
      ends: { rows: approved, transitions: ['OrderCreated', 'OrderApproved', 'CreditReserved'] },
      cancelled: cancelled('CUSTOMER_REQUEST'),
    },
    'credit is refused': {
      subject: () => stores.newOrder(undefined, TOTAL - 1),
      steps: ['createPendingOrders', 'reserveCredit', 'cancelOrders'],
      outcome: { state: 'CANCELLED', reason: 'INSUFFICIENT_CREDIT' },
      ends: {
        rows: cancelled('INSUFFICIENT_CREDIT'),
        transitions: ['OrderCreated', 'OrderCancelled', 'CreditLimitExceeded'],
      },
      cancelled: anyReason,
    },
    'the reservation fails before its statement': {
      subject: newOrder,
      fails: { step: 'reserveCredit', moment: 'before its statement', how: 'permanently' },
      steps: UNWOUND,
      ends: {
        rows: cancelled('CREDIT_CHECK_FAILED'),
        transitions: ['OrderCreated', 'OrderCancelled', 'CreditReleased'],
      },
      cancelled: anyReason,
    },
    'the reservation fails after its commit': {
      subject: newOrder,
      fails: { step: 'reserveCredit', moment: 'after its commit', how: 'permanently' },
      steps: UNWOUND,
      ends: {
        rows: cancelled('CREDIT_CHECK_FAILED'),
        transitions: ['OrderCreated', 'OrderCancelled', 'CreditReserved', 'CreditReleased'],
      },
      cancelled: anyReason,
    },
    'no answer about the credit comes in time': {
      subject: newOrder,
      fails: { step: 'reserveCredit', moment: 'after its commit', how: 'until its deadline' },
      settings: { creditCheckTimeoutMs: 300 },
      steps: UNWOUND,
      outcome: { state: 'CANCELLED', reason: 'CREDIT_CHECK_TIMEOUT' },
      ends: {
        rows: cancelled('CREDIT_CHECK_TIMEOUT'),
        transitions: ['OrderCreated', 'OrderCancelled', 'CreditReserved', 'CreditReleased'],
      },
      cancelled: anyReason,
    },
    'its credit was released before it is reserved': {
      subject: (sagaId) => begun(sagaId, 'releaseCredit'),
      steps: UNWOUND,
      outcome: { state: 'CANCELLED', reason: 'CREDIT_CHECK_FAILED' },
      ends: {
        rows: cancelled('CREDIT_CHECK_FAILED'),
        transitions: ['OrderCreated', 'OrderCancelled', 'CreditReleased'],
      },
      cancelled: anyReason,
    },
    'its row was cancelled before it is approved': {
      subject: async (sagaId) => {
        const order = await begun(sagaId, 'createPendingOrders');
        const [{ orderId }, reason] = [order, 'CREDIT_CHECK_TIMEOUT' as const];
        await stores.steps.cancelOrders({ sagaId, items: [{ orderId, reason }] });
        return order;
      },
      steps: ['createPendingOrders', 'reserveCredit', 'approveOrders', 'cancelOrders', 'releaseCredit'],
      outcome: { state: 'CANCELLED', reason: 'CREDIT_CHECK_TIMEOUT' },
      ends: {
        rows: cancelled('CREDIT_CHECK_TIMEOUT'),
        transitions: ['OrderCreated', 'OrderCancelled', 'CreditReserved', 'CreditReleased'],
      },
      cancelled: anyReason,
    },
    'an earlier run has approved it, and its customer is cancelling it': {
      subject: async (sagaId) => {
        const order = await begun(sagaId, 'createPendingOrders', 'reserveCredit', 'approveOrders');
        const { orderId } = order;
        await stores.steps.requestCancellations({
          sagaId: cancelSagaWorkflowId(orderId),
          items: [{ orderId }],
        });
        return order;
      },
      steps: ['createPendingOrders', 'reserveCredit', 'approveOrders'],
      outcome: { state: 'APPROVED' },
      ends: {
        rows: { ...approved, state: 'CANCELLING' },
        transitions: ['OrderCreated', 'OrderApproved', 'OrderCancellationRequested', 'CreditReserved'],
      },
      cancelled: cancelled('CUSTOMER_REQUEST'),
    },
    'its id is that of another order': {
      subject: async (sagaId) => ({ ...(await begun(sagaId, 'createPendingOrders')), totalMinor: TOTAL + 2 }),
      steps: ['createPendingOrders'],
      outcome: { state: 'CONFLICT' },
      ends: { rows: pending, transitions: ['OrderCreated'] },
    },
    'it belongs to another saga': {
      subject: () => begun('orders-other', 'createPendingOrders'),
      steps: ['createPendingOrders'],
      outcome: { state: 'NOT_OWNED', ownedBy: 'orders-other' },
      ends: { rows: pending, transitions: ['OrderCreated'] },
    },
    'its reservation is that of another order': {
      subject: async (sagaId) => ({ ...(await begun(sagaId, 'reserveCredit')), totalMinor: TOTAL + 2 }),
      steps: ['createPendingOrders', 'reserveCredit', 'cancelOrders'],
      ends: {
        rows: { ...cancelled('CREDIT_CHECK_FAILED'), reserved: TOTAL },
        transitions: ['OrderCreated', 'OrderCancelled', 'CreditReserved'],
      },
      cancelled: 'needs an operator',
    },
    'an operator gives its approval up': {
      subject: newOrder,
      fails: { step: 'approveOrders', moment: 'before its statement', how: 'until it is given up' },
      steps: ['createPendingOrders', 'reserveCredit', 'approveOrders', 'giveUpOrders'],
      ends: {
        rows: { ...pending, reserved: TOTAL, givenUp: 'approve' },
        transitions: ['OrderCreated', 'SagaStepGivenUp', 'CreditReserved'],
      },
    },
  },
});
