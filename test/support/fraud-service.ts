/** The service that the worked example of docs/changing-a-saga.md adds a step of: a worker, without a database. */
import { Worker } from '@temporalio/worker';
import type { OrderRequest } from '../../domain/contracts';
import { createLogger } from '../../platform/logger';
import { connectTemporal, installTemporalRuntime } from '../../platform/temporal';
import type { StepRequest } from '../../saga/contract';
import { testServers } from './servers';
import { FRAUD_TASK_QUEUE } from './workflow-versions';

export interface FraudService {
  /** Ids of the orders that it was asked about. */
  readonly checked: ReadonlySet<string>;
  stop(): Promise<void>;
}

export async function startFraudService(): Promise<FraudService> {
  const { temporal } = testServers();
  // Before the first worker: the runtime of the process cannot be replaced after that.
  installTemporalRuntime(createLogger('silent'));
  const { connection } = await connectTemporal(temporal);
  const checked = new Set<string>();
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: FRAUD_TASK_QUEUE,
    activities: {
      checkFraud: ({ items }: StepRequest<OrderRequest>) => {
        for (const { orderId } of items) checked.add(orderId);
        return Promise.resolve(items.map(({ orderId }) => ({ orderId, outcome: 'checked' })));
      },
    },
  });
  const running = worker.run();
  return {
    checked,
    stop: async () => {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
