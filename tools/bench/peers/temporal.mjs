/** Temporal with three regular activities, as its samples write it: each step on the task queue of its service. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { approve, createPending, reserveCredit, serve } from './shared.mjs';

const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = process.env;
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: 'orders',
  workflowsPath: fileURLToPath(new URL('temporal-workflow.cjs', import.meta.url)),
  activities: { createPending, approve },
});
const credit = await Worker.create({
  connection,
  namespace,
  taskQueue: 'credit',
  activities: { reserveCredit },
});
void worker.run();
void credit.run();
const client = new Client({ connection: await Connection.connect({ address }), namespace });
serve((order) =>
  client.workflow.execute('placeOrder', { taskQueue: 'orders', workflowId: order.orderId, args: [order] }),
);
