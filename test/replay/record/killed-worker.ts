/** A process that carries a saga, and is killed in the middle of a step. */
import path from 'node:path';
import { startServiceProcess } from '../../support/service-process';
import { ROOT } from '../../support/start';
import type { Saga, Stage } from './stage';

/** Of a worker without HTTP. */
const NO_PORT = 0;

/**
 * The stage's own worker of sagas must not run, and the orders must be locked.
 *
 * @param begin leads the saga to the step that waits for the orders' lock
 * @returns the saga's id
 */
export async function killWhileItWaits(
  stage: Stage,
  begin: () => Promise<Pick<Saga, 'workflowId'>>,
): Promise<string> {
  const { orderUrl, customerUrl } = stage.system.databases;
  const worker = await startServiceProcess(
    NO_PORT,
    {
      ORDER_DATABASE_URL: orderUrl,
      ...(stage.placement === 'colocated'
        ? { SERVICES: 'order,customer', CUSTOMER_DATABASE_URL: customerUrl }
        : { SERVICES: 'order' }),
    },
    path.join(ROOT, 'dist'),
    'workers/main.js',
  );
  const { workflowId } = await begin();
  await stage.someoneWaitsForOrders();
  await worker.stop('SIGKILL');
  return workflowId;
}
