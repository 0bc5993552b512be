/**
 * Seven real processes under load, and any one of them killed: nothing acknowledged is lost or done twice, and every
 * event reaches the feed and the view, once.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { call, eventually, newCustomer, placeOrder } from '../support/http';
import { testServers } from '../support/servers';
import { freePort } from '../../tools/local/free-port';
import { ready, scratch, start, type StartedProcess } from '../support/start';

const CALLERS = 8;
const KILLS_EACH = 2;
const PROCESSES = [
  'order-1',
  'customer-1',
  'order-relay',
  'order-2',
  'history',
  'customer-2',
  'customer-relay',
];
const AMOUNT_MINOR = 100;

let databases: TestDatabases;
let url: string;
let system: StartedProcess;
const data = scratch();

beforeAll(async () => {
  databases = await createTestDatabases({ history: true });
  const port = String(await freePort());
  url = `http://127.0.0.1:${port}`;
  const { temporal } = testServers();
  system = start(
    {
      PORT: port,
      DATA_DIR: data.folder,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      ORDER_DATABASE_URL: databases.orderUrl,
      CUSTOMER_DATABASE_URL: databases.customerUrl,
      ORDER_DATABASE_OWNER_URL: databases.adminOrderUrl,
      CUSTOMER_DATABASE_OWNER_URL: databases.adminCustomerUrl,
      ORDER_HISTORY_DATABASE_URL: databases.historyUrl,
      ORDER_HISTORY_DATABASE_OWNER_URL: databases.adminHistoryUrl,
    },
    'start:distributed',
  );
  await ready(system);
});
afterAll(async () => {
  system.process.kill('SIGTERM');
  expect(await system.exit).toBe(0);
  await databases.drop();
  data.remove();
});

/** The current URL of a process, from its last ready message. */
function whereIs(name: string): { pid: number; times: number } {
  const said = [...system.output().matchAll(new RegExp(`^${name} +\\| ready.*, pid (\\d+)`, 'gm'))];
  return { pid: Number(said.at(-1)?.[1]), times: said.length };
}

test('each process is killed several times under load: every acknowledged order is decided correctly, once', async () => {
  const customer = await newCustomer(url, '100000.00');
  const acknowledged = new Map<string, string>();
  const load = { over: false };
  const caller = async () => {
    while (!load.over) {
      const headers = { 'Idempotency-Key': randomUUID(), Prefer: 'wait=5' };
      // A client without an answer, or with a 503, sends the request again with the same key.
      for (let answered = false; !answered;) {
        const answer = await placeOrder(url, customer, '1.00', headers).catch(() => undefined);
        answered = answer !== undefined && answer.status < 300;
        if (answer && answered)
          acknowledged.set(String(answer.body['orderId']), String(answer.body['state']));
        else await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  const callers = Array.from({ length: CALLERS }, caller);

  for (let round = 0; round < KILLS_EACH; round++) {
    for (const name of PROCESSES) {
      const victim = whereIs(name);
      const before = acknowledged.size;
      await eventually(() => Promise.resolve(acknowledged.size > before + CALLERS || undefined));
      process.kill(victim.pid, 'SIGKILL');
      const atKill = acknowledged.size;
      // The others continue while it is down.
      await eventually(() => Promise.resolve(acknowledged.size > atKill + CALLERS || undefined));
      await eventually(() => Promise.resolve(whereIs(name).times > victim.times || undefined), 40_000);
    }
  }
  load.over = true;
  await Promise.all(callers);

  const quiet = async () => {
    const pending = await rowsOf(databases.adminOrderUrl, `SELECT id FROM orders WHERE state = 'PENDING'`);
    return pending.length === 0 ? true : undefined;
  };
  await eventually(quiet, 30_000);
  const orders = await rowsOf(databases.adminOrderUrl, 'SELECT id, state FROM orders');
  const states = new Map(orders.map(({ id, state }) => [String(id), String(state)]));
  for (const [id, answered] of acknowledged) {
    expect([id, states.get(id)]).toEqual([id, answered === 'PENDING' ? 'APPROVED' : answered]);
  }
  expect(new Set(states.values())).toEqual(new Set(['APPROVED']));
  const twice = await rowsOf(
    databases.adminOrderUrl,
    'SELECT aggregate_id FROM outbox GROUP BY aggregate_id HAVING count(*) <> 2 OR max(sequence) <> 2',
  );
  expect(twice).toEqual([]);
  const held = await rowsOf(
    databases.adminCustomerUrl,
    `SELECT order_id FROM credit_reservations WHERE status = 'RESERVED' AND amount_minor = $1`,
    [AMOUNT_MINOR],
  );
  expect(held.map(({ order_id }) => String(order_id)).sort()).toEqual([...states.keys()].sort());
  const { body } = await call(`${url}/customers/${customer}`, 'GET');
  const reserved = { amount: ((orders.length * AMOUNT_MINOR) / 100).toFixed(2), currency: 'USD' };
  expect(body).toMatchObject({ reserved });

  const recorded = [
    ...(await eventLinesOf(databases.adminOrderUrl, `${url}/order-service`)),
    ...(await eventLinesOf(databases.adminCustomerUrl, `${url}/customer-service`)),
  ].sort();
  await eventually(async () => {
    const [row] = await rowsOf(
      databases.adminHistoryUrl,
      'SELECT count(*)::integer AS count FROM received_events',
    );
    return Number(row?.['count']) >= recorded.length ? true : undefined;
  });
  expect(await eventsByAggregate()).toEqual(recorded);
  const received = await rowsOf(
    databases.adminHistoryUrl,
    `SELECT concat_ws(' ', source, event_id, subject, sequence) AS story FROM received_events`,
  );
  expect(received.map(({ story }) => String(story)).sort()).toEqual(recorded);
  const views = await rowsOf(databases.adminHistoryUrl, 'SELECT id, state FROM order_views');
  expect(new Map(views.map(({ id, state }) => [String(id), String(state)]))).toEqual(states);
  const { body: history } = await call(`${url}/customers/${customer}/order-history`, 'GET');
  expect(history).toMatchObject({ customer: { reserved } });
}, 240_000);

async function eventLinesOf(databaseUrl: string, source: string): Promise<string[]> {
  const rows = await rowsOf(
    databaseUrl,
    `SELECT concat_ws(' ', $1::text, concat_ws('-', id, recorded_us), aggregate_id, sequence) AS story FROM outbox`,
    [source],
  );
  return rows.map(({ story }) => String(story));
}

/** Read through to the end, as a consumer does; in the order of each subject. */
async function eventsByAggregate(): Promise<string[]> {
  const lines: string[] = [];
  const last = new Map<string, number>();
  for (let query = ''; ;) {
    const { body } = await call(`${url}/events?limit=500${query}`, 'GET');
    const items = body['items'] as {
      id: string;
      source: string;
      subject: string;
      aggregateversion: number;
    }[];
    if (items.length === 0) return lines.sort();
    for (const { id, source, subject, aggregateversion: version } of items) {
      expect(version).toBe((last.get(`${source} ${subject}`) ?? 0) + 1);
      last.set(`${source} ${subject}`, version);
      lines.push(`${source} ${id} ${subject} ${String(version)}`);
    }
    query = `&after=${String(body['nextCursor'])}`;
  }
}
