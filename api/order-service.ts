/** Composition of the order service: the starters of its sagas, and what its routes and its steps share. */
import type { Client } from '@temporalio/client';
import type { CreateOrderSettings, OrderNotice, OrderRequest } from '../domain/contracts';
import { KeyedWaiters } from '../platform/keyed-waiters';
import type { Logger } from '../platform/logger';
import type { Metrics } from '../platform/metrics';
import type { OrderDatabase } from '../prisma/order/client';
import { FastPath } from '../saga/host/fast-path';
import { GroupStarter } from '../saga/host/group-starter';
import { cancelByRequest } from '../workflows/cancel-order-saga';
import { createOrderSaga } from '../workflows/create-order-saga';
import { recordGivingUp } from '../workflows/order-outcomes';
import { Admission, tooManyOfClient } from './http/admission';
import type { Forwarded } from './http/forwarding';
import { serviceHeaders } from './http/service-tokens';
import type { PageTurns } from './http/page-turns';
import { orderServiceMetrics } from './operations/process-metrics';
import type { OrderSagas } from './operators/saga-path';
import { CancellationStarter } from './orders/cancellation-starter';
import { creditStepRequests } from './orders/credit-step-requests';
import type { OrderRoutesDependencies } from './orders/order-routes';
import { OpenOrders } from './orders/open-orders';
import { ParkedSagas } from './orders/parked-sagas';
import { CREATE_ORDER } from './orders/saga-types';
import type { OrderServiceSettings, ServiceSettings } from './service-settings';

export interface OrderService extends OrderRoutesDependencies {
  readonly starter: GroupStarter<OrderRequest, CreateOrderSettings>;
  readonly fastPath: FastPath<OrderRequest, CreateOrderSettings>;
  readonly parked: ParkedSagas;
  readonly client: Client;
  readonly orderSagas: OrderSagas;
  readonly forwarded: readonly Forwarded[];
  /** Counts the decisions and passes the notices of the steps in this process to the waiting requests. */
  readonly notify: (notice: OrderNotice) => void;
}

export interface OrderServiceParts {
  readonly db: OrderDatabase;
  /** For lists, with connections of its own. */
  readonly reads: OrderDatabase;
  readonly pages: PageTurns;
  readonly client: Client;
  /** Namespace of the sagas. */
  readonly namespace: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly checkSagaRouting: () => Promise<void>;
}

export function createOrderService(
  order: OrderServiceSettings,
  { customer, deployment, temporalUiUrl, authentication }: ServiceSettings,
  { db, reads, pages, client, namespace, logger, metrics, checkSagaRouting }: OrderServiceParts,
): OrderService {
  const eagerStart = deployment === undefined;
  const sagaInput = {
    placement: customer ? 'colocated' : 'distributed',
    parkAfterMs: order.attentionAfterMs,
  } as const;
  const settings = { creditCheckTimeoutMs: order.creditCheckTimeoutMs };
  const { customerServiceUrl } = order;
  const requests =
    customerServiceUrl === undefined
      ? undefined
      : creditStepRequests(customerServiceUrl, serviceHeaders(authentication));
  const fastPath = new FastPath({ run: createOrderSaga.run, settings, requests });
  const starter = new GroupStarter<OrderRequest, CreateOrderSettings>({
    client,
    type: CREATE_ORDER,
    input: { ...sagaInput, settings },
    eagerStart,
    groupMax: order.sagaGroupMax,
    groupsInFlight: order.sagaGroupsInFlight,
    waitingMax: order.ordersInFlightMax,
    fastPath,
    onStarted: ({ sagaId, subjectIds, eager }) => {
      logger.debug({ workflowId: sagaId, orders: subjectIds.length, eager }, 'saga started');
    },
  });
  const notices = new KeyedWaiters<OrderNotice>();
  const parked = new ParkedSagas(client);
  const admission = new Admission(
    order.ordersInFlightMax,
    undefined,
    order.ordersInFlightPerClientMax,
    tooManyOfClient('orders in progress', order.ordersInFlightPerClientMax ?? order.ordersInFlightMax),
  );
  orderServiceMetrics(metrics, { starter, admission, parked }, order);
  const countDecision = metrics.counter(
    'orders_decided',
    'Orders that this process has decided. A repeated last step counts again.',
  );
  const sagas = `${temporalUiUrl}/namespaces/${namespace}/workflows`;
  return {
    db,
    reads,
    pages,
    starter,
    fastPath,
    cancellations: new CancellationStarter({ client, input: { ...sagaInput, settings: {} }, eagerStart }),
    notices,
    openOrders: new OpenOrders(db, order.openOrdersPerCustomerMax),
    orderTotalMax: order.orderTotalMax,
    checkSagaRouting,
    parked,
    client,
    orderSagas: { create: createOrderSaga.run, cancel: cancelByRequest, recordGivingUp },
    admission,
    sagaLink: (sagaId) => `${sagas}/${encodeURIComponent(sagaId)}`,
    forwarded: forwardedPaths(order),
    notify: (notice) => {
      if (notice.kind === 'decided') countDecision({ state: notice.state, reason: notice.reason ?? 'none' });
      notices.publish(notice.orderId, notice);
    },
  };
}

function forwardedPaths({ customerServiceUrl, historyUrl }: OrderServiceSettings): Forwarded[] {
  const forwarded: Forwarded[] = [];
  if (customerServiceUrl !== undefined)
    forwarded.push({
      paths: ['/customers', '/customers/:id', '/customers/:id/personal-data'],
      target: customerServiceUrl,
      problem: 'customer-service-unavailable',
    });
  if (historyUrl !== undefined)
    forwarded.push({
      paths: ['/customers/:id/order-history'],
      target: historyUrl,
      problem: 'order-history-unavailable',
    });
  return forwarded;
}
