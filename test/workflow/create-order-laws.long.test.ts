/** The saga that places an order, on its real steps and databases, along every path that it can take. */
import type { CreateOrderSettings, CreditSteps, OrderRequest, OrderSteps } from '../../domain/contracts';
import { CREATE_ORDER_SAGA, CUSTOMER_TASK_QUEUE, ORDER_TASK_QUEUE } from '../../domain/names';
import { sagaLaws } from '../../saga/testing';
import { createOrderSaga } from '../../workflows';
import { createOrderPaths } from '../support/create-order-paths';
import { OrderStores, TOTAL } from '../support/order-stores';
import { testServers } from '../support/servers';

const stores = new OrderStores();

/** The order is requested with another total. */
const other = { with: { totalMinor: TOTAL + 1 } };

sagaLaws<OrderRequest, OrderSteps & CreditSteps, CreateOrderSettings>({
  saga: CREATE_ORDER_SAGA,
  taskQueues: [ORDER_TASK_QUEUE, CUSTOMER_TASK_QUEUE],
  workflows: testServers,
  temporal: () => testServers().temporal,
  activities: () => stores.steps,
  settings: { creditCheckTimeoutMs: 20_000 },
  run: createOrderSaga.run,
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
  paths: createOrderPaths(stores),
});
