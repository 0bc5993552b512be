/** A timeline without a source: servers that take connections and never answer, and one that refuses them. */
import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { readTimeline } from '../../api/operators/read-timeline';
import { CUSTOMER_SERVICE_WITHIN_MS, TEMPORAL_WITHIN_MS } from '../../api/operators/timeline-limits';
import { findOrder } from '../../api/orders/order-reads';
import { remoteLog } from '../../events/remote-log';
import { createLogger } from '../../platform/logger';
import { createPool } from '../../platform/postgres-session';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { freePort } from '../../tools/local/free-port';
import { eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { ORDER_SAGAS } from '../support/recorded-sagas';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;
let db: OrderDatabase;
let orderId: string;
let silent: net.Server;
const sockets: net.Socket[] = [];

beforeAll(async () => {
  system = await startSystem();
  const { orderUrl } = system.databases;
  db = createOrderDatabase(orderUrl, createPool(orderUrl, 'test'));
  silent = net.createServer((socket) => sockets.push(socket));
  await new Promise<void>((listens) => silent.listen(0, '127.0.0.1', listens));
  const customer = await newCustomer(system.url, '10.00');
  orderId = String((await placeOrder(system.url, customer, '1.00', WAIT)).body['orderId']);
  await eventually(async () => {
    const published = await db.outbox.count({ where: { aggregateId: orderId, NOT: { position: null } } });
    return published === 2 ? published : undefined;
  });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  silent.close();
  await db.$disconnect();
  await system.stop();
});

const silentPort = () => Promise.resolve((silent.address() as AddressInfo).port);

test.each([
  { how: 'no answer', portOf: silentPort },
  { how: 'no connection', portOf: freePort },
])('$how: the rest is told, within the limits', async ({ portOf }) => {
  const address = `127.0.0.1:${String(await portOf())}`;
  // Never closed: a retry of the SDK would throw then, out of the reach of the test.
  const connection = Connection.lazy({ address });
  const order = await findOrder(db, orderId);
  if (!order) throw new Error('there is no order');
  const begun = performance.now();
  const { entries, ...rest } = await readTimeline(
    {
      ...{ db, client: new Client({ connection }), orderSagas: ORDER_SAGAS, sagaLink: String },
      customerLog: remoteLog('/customer-service', `http://${address}`),
    },
    order,
    createLogger('silent'),
  );
  expect(performance.now() - begun).toBeLessThan(TEMPORAL_WITHIN_MS + CUSTOMER_SERVICE_WITHIN_MS);
  expect(rest.unavailable?.toSorted()).toEqual(['customer-service', 'temporal']);
  expect(rest).not.toHaveProperty('remaining');
  const told = entries.map((entry) => ('type' in entry ? `${entry.type} ${entry.kind}` : entry.kind));
  expect(told.sort()).toEqual([
    ...['OrderApproved event-published', 'OrderApproved event-recorded'],
    ...['OrderCreated event-published', 'OrderCreated event-recorded'],
  ]);
});
