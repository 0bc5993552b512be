/** DBOS: a durable workflow with three steps, in the API process; its state is in a Postgres database of its own. */
import { DBOS } from '@dbos-inc/dbos-sdk';
import { approve, createPending, reserveCredit, serve } from './shared.mjs';

const placeOrder = DBOS.registerWorkflow(
  async (order) => {
    await DBOS.runStep(() => createPending(order), { name: 'create' });
    await DBOS.runStep(() => reserveCredit(order), { name: 'reserve' });
    return DBOS.runStep(() => approve(order), { name: 'approve' });
  },
  { name: 'placeOrder' },
);

DBOS.setConfig({
  name: 'orders',
  systemDatabaseUrl: process.env.DBOS_DATABASE_URL,
  // Enough for 200 callers; 10 by default.
  systemDatabasePoolSize: 40,
  logLevel: 'error',
  runAdminServer: false,
});
await DBOS.launch();
serve(async (order) => {
  const handle = await DBOS.startWorkflow(placeOrder, { workflowID: order.orderId })(order);
  return handle.getResult();
});
