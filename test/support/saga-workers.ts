/** Both services' workers in the test's process, without HTTP: for tests that start sagas themselves. */
import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { createCustomer } from '../../activities/create-customer';
import type { CreateOrderSettings, OrderRequest, OrderResult } from '../../domain/contracts';
import { CREATE_ORDER } from '../../api/orders/saga-types';
import { CREATE_ORDER_SAGA } from '../../domain/names';
import { createLogger } from '../../platform/logger';
import { connectTemporal, installTemporalRuntime, type TemporalLink } from '../../platform/temporal';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase } from '../../prisma/order/client';
import type { SagaInput, SagaResult } from '../../saga/contract';
import { startOptions } from '../../saga/host/start-options';
import { startWorkers } from '../../workers/workers';
import { createTestDatabases, type TestDatabases } from './databases';
import { testServers } from './servers';

type CreateOrderSaga = (
  input: SagaInput<OrderRequest, CreateOrderSettings>,
) => Promise<SagaResult<OrderResult>>;

export type OrderSagaInput = SagaInput<OrderRequest, CreateOrderSettings>;
export type OrderSagaHandle = WorkflowHandleWithFirstExecutionRunId<CreateOrderSaga>;

export interface SagaWorkers {
  readonly databases: TestDatabases;
  readonly link: TemporalLink;
  newCustomer(limitMinor?: number): Promise<string>;
  start(orders: readonly OrderRequest[], options?: Partial<OrderSagaInput>): Promise<OrderSagaHandle>;
  /** Of the last run. */
  result(workflowId: string): Promise<SagaResult<OrderResult>>;
  /** Stops the workers, and starts others. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSagaWorkers(): Promise<SagaWorkers> {
  const { temporal, bundlePath } = testServers();
  const databases = await createTestDatabases();
  const orderDb = createOrderDatabase(databases.orderUrl);
  const customerDb = createCustomerDatabase(databases.customerUrl);
  installTemporalRuntime(createLogger('silent'));
  const link = await connectTemporal(temporal);
  const begin = () =>
    startWorkers({
      connection: link.connection,
      namespace: temporal.namespace,
      bundlePath,
      order: { db: orderDb },
      customer: { db: customerDb },
    });
  let workers = await begin();
  return {
    databases,
    link,
    newCustomer: async (creditLimitMinor = 1_000_000) => {
      const customerId = randomUUID();
      await createCustomer(customerDb, { customerId, name: 'Ada', creditLimitMinor, currency: 'USD' });
      return customerId;
    },
    start: (orders, options) => startOrders(link.client, orders, options),
    result: (workflowId) => link.client.workflow.getHandle<CreateOrderSaga>(workflowId).result(),
    restart: async () => {
      await workers.stop();
      workers = await begin();
    },
    stop: async () => {
      await workers.stop();
      await link.connection.close();
      await Promise.all([orderDb.$disconnect(), customerDb.$disconnect()]);
      await databases.drop();
    },
  };
}

/** Starts `createOrderSaga` with these orders as its group. */
export function startOrders(
  client: Client,
  subjects: readonly OrderRequest[],
  options: Partial<OrderSagaInput> = {},
): Promise<OrderSagaHandle> {
  return client.workflow.start<CreateOrderSaga>(CREATE_ORDER_SAGA, {
    ...startOptions(CREATE_ORDER, {
      placement: 'colocated',
      settings: { creditCheckTimeoutMs: 20_000 },
      ...options,
      subjects,
    }),
  });
}

export function ordersOf(customerId: string, count: number): OrderRequest[] {
  return Array.from({ length: count }, () => ({
    orderId: randomUUID(),
    customerId,
    totalMinor: 100,
    currency: 'USD',
  }));
}
