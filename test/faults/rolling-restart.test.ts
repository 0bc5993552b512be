/** Every process is restarted under load, one after the other: no request fails without Retry-After. */
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time';
import type { temporal } from '@temporalio/proto';
import { startBalancer } from '../../tools/local/balancer';
import type { ProductProcessOptions } from '../../tools/local/product-process';
import { createTestDatabases, rowsOf } from '../support/databases';
import { eventually, newCustomer } from '../support/http';
import { becomesClean } from '../support/invariants';
import { type ServiceProcess, startServiceProcess } from '../support/service-process';
import { testServers } from '../support/servers';
import { freePort } from '../../tools/local/free-port';

const CALLERS = 10;

/** Orders before the first stop: the first orders of a process take several times as long. */
const WARM_ORDERS = 100;

const HOST = '127.0.0.1';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Cleanup of what the test started, last first, also after a failure. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** One address for several processes, as a balancer in front of them. */
async function oneAddress(ports: readonly number[]): Promise<string> {
  const port = await freePort();
  const balancer = await startBalancer(
    { host: HOST, port },
    ports.map((each) => ({ host: HOST, port: each })),
  );
  ends.push(() => balancer.close());
  return `http://${HOST}:${String(port)}`;
}

interface Started {
  /** 0 for a process without HTTP. */
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly script?: ProductProcessOptions['script'];
}

interface Answered {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** A kept connection may be closed while a request is sent on it, and the client would have to repeat it. */
function onOwnConnection(url: string, method: string, body?: object): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() };
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', reject).once('end', () => {
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], text });
      });
    });
    sent.once('error', reject).end(body && JSON.stringify(body));
  });
}

/** The shutdown of a process; times are epoch milliseconds. */
interface Stop {
  readonly pid: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Workflow tasks that were lost with a stopped process: their sagas wait for two seconds. (A lost step is given
 * to another process after 600 ms of silence.) Others time out only where the machine is too busy.
 */
function tasksLostByStops(events: readonly HistoryEvent[], stops: readonly Stop[]): HistoryEvent[] {
  return events.filter(({ workflowTaskTimedOutEventAttributes: late }) => {
    const task =
      late && events.find(({ eventId }) => eventId?.toString() === late.startedEventId?.toString());
    const identity = task?.workflowTaskStartedEventAttributes?.identity;
    if (!task?.eventTime) return false;
    const at = tsToMs(task.eventTime);
    return stops.some(
      ({ pid, from, to }) => identity?.startsWith(`${String(pid)}@`) && from <= at && at <= to,
    );
  });
}

test('a rolling restart: only requests with Retry-After fail, and no saga loses its task', async () => {
  const databases = await createTestDatabases({ history: true });
  ends.push(() => databases.drop());
  const [c1, c2, o1, o2] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const [h1, h2] = [await freePort(), await freePort()];
  const url = await oneAddress([o1, o2]);
  const customerService = { SERVICES: 'customer', CUSTOMER_DATABASE_URL: databases.customerUrl };
  const orderService = { SERVICES: 'order', ORDER_DATABASE_URL: databases.orderUrl };
  const elsewhere = { OUTBOX_RELAY: 'elsewhere' };
  const orderApi = {
    ...orderService,
    ...elsewhere,
    CUSTOMER_SERVICE_URL: await oneAddress([c1, c2]),
    ORDER_HISTORY_URL: await oneAddress([h1, h2]),
  };
  const history = {
    SERVICES: 'history',
    ORDER_HISTORY_DATABASE_URL: databases.historyUrl,
    EVENT_FEED_URL: url,
  };
  const all: readonly Started[] = [
    { port: c1, env: { ...customerService, ...elsewhere } },
    { port: c2, env: { ...customerService, ...elsewhere } },
    { port: o1, env: orderApi },
    { port: o2, env: orderApi },
    { port: h1, env: history },
    { port: h2, env: history },
    { port: 0, env: orderService, script: 'workers/relay-main.js' },
    { port: 0, env: customerService, script: 'workers/relay-main.js' },
    {
      port: 0,
      env: { ...orderService, ...customerService, SERVICES: 'order,customer' },
      script: 'workers/main.js',
    },
  ];
  const start = ({ port, env, script }: Started) => startServiceProcess(port, env, undefined, script);
  const running = new Map<Started, ServiceProcess>();
  ends.push(() => Promise.all([...running.values()].map((each) => each.stop())));
  for (const each of all) running.set(each, await start(each));

  const { temporal: server } = testServers();
  const connection = await Connection.connect({ address: server.address });
  ends.push(() => connection.close());
  const client = new Client({ connection, namespace: server.namespace });
  const customer = await newCustomer(url, '100000.00');
  const answered = { placed: 0, read: 0, refused: 0 };
  const failed: string[] = [];
  const stops: Stop[] = [];
  const over = new AbortController();
  const ask = async (method: string, path: string, body?: object) => {
    try {
      const { status, retryAfter, text } = await onOwnConnection(`${url}${path}`, method, body);
      if (status === 503 && retryAfter !== undefined) answered.refused += 1;
      else if (status >= 300) failed.push(`${path}: ${String(status)} ${text}`);
      else answered[method === 'POST' ? 'placed' : 'read'] += 1;
    } catch (error) {
      failed.push(`${path}: ${String(error)}`);
    }
  };
  const callers = Array.from({ length: CALLERS }, async () => {
    while (!over.signal.aborted) {
      await ask('POST', '/orders', { customerId: customer, orderTotal: { amount: '0.01', currency: 'USD' } });
      await ask('GET', `/customers/${customer}`);
      await ask('GET', `/customers/${customer}/order-history?limit=1`);
    }
  });
  await eventually(() => Promise.resolve(answered.placed > WARM_ORDERS ? true : undefined));
  const firstStop = new Date();
  for (const each of all) {
    const before = answered.placed;
    const stopping = running.get(each);
    const from = Date.now();
    expect(await stopping?.stop()).toBe(0);
    stops.push({ pid: stopping?.child.pid ?? 0, from, to: Date.now() });
    running.set(each, await start(each));
    await eventually(() => Promise.resolve(answered.placed > before + CALLERS ? true : undefined));
  }
  over.abort();
  await Promise.all(callers);

  expect(failed).toEqual([]);
  // Every order at its end first: with a client, a saga that runs is in order.
  await becomesClean(databases, { withHistory: true });
  await becomesClean(databases, { client, withHistory: true });
  const orders = await rowsOf(
    databases.adminOrderUrl,
    `SELECT state, saga_id AS saga, extract(milliseconds FROM updated_at - created_at)::int AS ms,
       created_at >= $1 AS stopping FROM orders ORDER BY ms`,
    [firstStop],
  );
  expect(orders.length).toBeGreaterThanOrEqual(answered.placed);
  expect(new Set(orders.map(({ state }) => state))).toEqual(new Set(['APPROVED']));
  for (const saga of new Set(orders.map((order) => String(order['saga'])))) {
    const { events } = await client.workflow.getHandle(saga).fetchHistory();
    expect(tasksLostByStops(events ?? [], stops)).toEqual([]);
  }
  const took = orders.filter(({ stopping }) => stopping === true).map(({ ms }) => Number(ms));
  expect(took.length).toBeGreaterThan(all.length * CALLERS);
  console.log(
    `${JSON.stringify(answered)}; from PENDING to APPROVED, since the first stop: ` +
      `${String(took.at(Math.floor(took.length / 2)))} ms (p50), ${String(took.at(-1))} ms (the slowest)`,
  );
}, 240_000);
