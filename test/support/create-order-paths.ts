/** Every way through `createOrderSaga`: what leads there, the steps that it takes, and what the databases know then. */
import type { CreateOrderSettings, OrderRequest, OrderSteps, CreditSteps } from '../../domain/contracts';
import { cancelSagaWorkflowId } from '../../domain/names';
import type { Path } from '../../saga/testing';
import { type OrderStores, type StepOfOrder, TOTAL } from './order-stores';

type CreateOrderPath = Path<OrderRequest, keyof (OrderSteps & CreditSteps), CreateOrderSettings>;

/** 2 s: on a busy machine, the first attempt must have been made by then. */
const TOO_LATE_MS = 2_000;

const pending = { state: 'PENDING', reason: null, givenUp: null, reserved: 0 };
const approved = { state: 'APPROVED', reason: null, givenUp: null, reserved: TOTAL };
const cancelled = (reason: string) => ({ state: 'CANCELLED', reason, givenUp: null, reserved: 0 });
/** Temporal's Cancel may come before what cancels it anyway, or after. */
const anyReason = { state: 'CANCELLED', reserved: 0 };
const NEVER_HELD = ['OrderCreated', 'OrderCancelled', 'CreditReleased'];
const HELD = ['OrderCreated', 'OrderCancelled', 'CreditReserved', 'CreditReleased'];
const UNWOUND = ['createPendingOrders', 'reserveCredit', 'cancelOrders', 'releaseCredit'] as const;

/** By what leads there. */
export function createOrderPaths(stores: OrderStores): Readonly<Record<string, CreateOrderPath>> {
  const newOrder = () => stores.newOrder();
  const begun = async (sagaId: string, ...steps: readonly StepOfOrder[]) =>
    stores.ran(await newOrder(), sagaId, ...steps);
  return {
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
      ends: { rows: cancelled('CREDIT_CHECK_FAILED'), transitions: NEVER_HELD },
      cancelled: anyReason,
    },
    'the reservation fails after its commit': {
      subject: newOrder,
      fails: { step: 'reserveCredit', moment: 'after its commit', how: 'permanently' },
      steps: UNWOUND,
      ends: { rows: cancelled('CREDIT_CHECK_FAILED'), transitions: HELD },
      cancelled: anyReason,
    },
    'no answer about the credit comes in time': {
      subject: newOrder,
      fails: { step: 'reserveCredit', moment: 'after its commit', how: 'until its deadline' },
      settings: { creditCheckTimeoutMs: TOO_LATE_MS },
      steps: UNWOUND,
      outcome: { state: 'CANCELLED', reason: 'CREDIT_CHECK_TIMEOUT' },
      ends: { rows: cancelled('CREDIT_CHECK_TIMEOUT'), transitions: HELD },
      cancelled: anyReason,
    },
    'no answer about the credit comes in time, but an earlier run has approved it': {
      subject: (sagaId) => begun(sagaId, 'createPendingOrders', 'reserveCredit', 'approveOrders'),
      fails: { step: 'reserveCredit', moment: 'before its statement', how: 'until its deadline' },
      settings: { creditCheckTimeoutMs: TOO_LATE_MS },
      steps: ['createPendingOrders', 'reserveCredit', 'cancelOrders'],
      outcome: { state: 'APPROVED' },
      ends: { rows: approved, transitions: ['OrderCreated', 'OrderApproved', 'CreditReserved'] },
      cancelled: cancelled('CUSTOMER_REQUEST'),
    },
    'its credit was released before it is reserved': {
      subject: (sagaId) => begun(sagaId, 'releaseCredit'),
      steps: UNWOUND,
      outcome: { state: 'CANCELLED', reason: 'CREDIT_CHECK_FAILED' },
      ends: { rows: cancelled('CREDIT_CHECK_FAILED'), transitions: NEVER_HELD },
      cancelled: anyReason,
    },
    'its row was cancelled before it is approved': {
      subject: async (sagaId) => {
        const order = await begun(sagaId, 'createPendingOrders');
        const items = [{ orderId: order.orderId, reason: 'CREDIT_CHECK_TIMEOUT' as const }];
        await stores.steps.cancelOrders({ sagaId, items });
        return order;
      },
      steps: ['createPendingOrders', 'reserveCredit', 'approveOrders', 'cancelOrders', 'releaseCredit'],
      outcome: { state: 'CANCELLED', reason: 'CREDIT_CHECK_TIMEOUT' },
      ends: { rows: cancelled('CREDIT_CHECK_TIMEOUT'), transitions: HELD },
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
  };
}
