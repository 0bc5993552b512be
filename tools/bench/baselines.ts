/** Baselines on the product's servers: its three statements alone, an empty workflow, and one with a remote step. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { createCustomer } from '../../activities/create-customer';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import { connectTemporal, type TemporalTarget } from '../../platform/temporal';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase } from '../../prisma/order/client';
import { closedLoop, type Measured } from './measure';
import type { BenchDatabases } from './servers';

const TASK_QUEUE = 'empty';
const REMOTE_TASK_QUEUE = 'remote';

/** As many as the order worker has, so that every start is eager. */
const WORKFLOW_TASK_SLOTS = 200;

const CREDIT_MINOR = 900_000_000_000;

export interface Baseline {
  measure(times: number, inFlight: number): Promise<Measured>;
}

/** An order as three sequential transactions, without the engine and without HTTP. */
export async function statementsAlone(
  databases: BenchDatabases,
): Promise<Baseline & { close(): Promise<void> }> {
  const orderDb = createOrderDatabase(databases.orderUrl);
  const customerDb = createCustomerDatabase(databases.customerUrl);
  const order = createOrderActivities({ db: orderDb });
  const credit = createCustomerActivities({ db: customerDb });
  const customers = Array.from({ length: databases.customers }, () => randomUUID());
  for (const customerId of customers) {
    await createCustomer(customerDb, {
      customerId,
      name: 'Bench',
      creditLimitMinor: CREDIT_MINOR,
      currency: 'USD',
    });
  }
  let turn = 0;
  const one = async (): Promise<void> => {
    const [orderId, customerId] = [randomUUID(), String(customers[turn++ % customers.length])];
    const orders = [{ orderId, customerId, totalMinor: 100, currency: 'USD' }];
    const sagaId = `order-${orderId}`;
    await order.createPendingOrders({ sagaId, items: orders });
    await credit.reserveCredit({ sagaId, items: orders });
    const [approved] = await order.approveOrders({ sagaId, items: [{ orderId }] });
    if (approved?.outcome !== 'approved') throw new Error(`an order ended as ${String(approved?.outcome)}`);
  };
  return {
    measure: (times, inFlight) => closedLoop(times, inFlight, one),
    close: async () => {
      await Promise.all([orderDb.$disconnect(), customerDb.$disconnect()]);
    },
  };
}

export interface EngineBaselines {
  /** Starts an empty workflow eagerly and waits for its result. */
  readonly empty: Baseline;
  /** The same with one activity on another task queue, whose worker has its own connection. */
  readonly remoteStep: Baseline;
  close(): Promise<void>;
}

export async function engineBaselines(target: TemporalTarget): Promise<EngineBaselines> {
  const { connection, client } = await connectTemporal(target);
  const remote = await connectTemporal(target);
  const { namespace } = target;
  const workers = [
    await Worker.create({
      connection,
      namespace,
      taskQueue: TASK_QUEUE,
      workflowBundle: await bundleWorkflowCode({
        workflowsPath: path.join(__dirname, `empty-workflow${path.extname(__filename)}`),
        logger: new DefaultLogger('WARN'),
      }),
      maxConcurrentWorkflowTaskExecutions: WORKFLOW_TASK_SLOTS,
    }),
    await Worker.create({
      connection: remote.connection,
      namespace,
      taskQueue: REMOTE_TASK_QUEUE,
      activities: { nothing: () => Promise.resolve() },
    }),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  const one = (workflowType: string) => async (): Promise<void> => {
    const handle = await client.workflow.start(workflowType, {
      workflowId: randomUUID(),
      taskQueue: TASK_QUEUE,
      requestEagerStart: true,
    });
    if (!handle.eagerlyStarted) throw new Error('an empty workflow was not started eagerly');
    await handle.result();
  };
  const baseline = (workflowType: string): Baseline => ({
    measure: (times, inFlight) => closedLoop(times, inFlight, one(workflowType)),
  });
  return {
    empty: baseline('emptyWorkflow'),
    remoteStep: baseline('remoteStepWorkflow'),
    close: async () => {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
      await remote.connection.close();
    },
  };
}
