/**
 * A customer's name is in the customer's row and in the answers about the customer, and nowhere else. Its erasure leaves
 * nothing. The search looks into everything that the system stores, says or logs.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLogger } from '../../platform/logger';
import type { Placement } from '../../saga/contract';
import { createTestDatabases, rowsOf } from '../support/databases';
import { openStream } from '../support/event-stream';
import { call, eventually, placeOrder, WAIT } from '../support/http';
import { placesInDatabases, workflowsWith } from '../support/name-search';
import { operatorCommand } from '../support/operator-command';
import { including } from '../support/order-history';
import { startSystem, type TestSystem } from '../support/system';

const CREDIT_LIMIT = { amount: '10.00', currency: 'USD' };

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  /** No other text contains it, and it has no character that any encoding escapes. */
  const NAME = `Quxelvyra${placement}`;
  const BODY = { name: `${NAME} Smith`, creditLimit: CREDIT_LIMIT };
  let system: TestSystem;
  const key = { 'Idempotency-Key': randomUUID() };
  let customerId: string;
  let logged = '';

  beforeAll(async () => {
    const logger = createLogger('trace', { write: (line) => void (logged += line) });
    const databases = await createTestDatabases({ history: true });
    system = await startSystem({ placement, databases, history: true, logger });
    const created = await call(`${system.url}/customers`, 'POST', BODY, key);
    expect([created.status, created.body['name']]).toEqual([201, BODY.name]);
    customerId = String(created.body['customerId']);
  });
  afterAll(() => system.stop());

  const customer = () => call(`${system.url}/customers/${customerId}`, 'GET');
  const erase = () => call(`${system.url}/customers/${customerId}/personal-data`, 'DELETE');
  const environment = () => ({
    ORDER_DATABASE_URL: system.databases.orderUrl,
    CUSTOMER_DATABASE_URL: system.databases.customerUrl,
    ORDER_HISTORY_DATABASE_URL: system.databases.historyUrl,
    TEMPORAL_ADDRESS: system.settings.temporal?.address ?? '',
    TEMPORAL_NAMESPACE: system.settings.temporal?.namespace ?? '',
  });

  /** Everything that a reader without the customer's account can see, by what it is. */
  async function said(): Promise<Record<string, string>> {
    const text = async (path: string) => (await fetch(`${system.url}${path}`)).text();
    const stream = await openStream(`${system.url}/events`);
    const streamed = await stream.next(4);
    await stream.close();
    const commands = await Promise.all(
      (['audit', 'repair', 'parked'] as const).map(async (name) => {
        const { code, stdout, stderr } = await operatorCommand(name, [], environment());
        expect([name, code, stderr]).toEqual([name, 0, expect.anything()]);
        return [name, stdout + stderr] as const;
      }),
    );
    return {
      events: await text('/events?limit=500'),
      stream: JSON.stringify(streamed),
      history: await text(`/customers/${customerId}/order-history`),
      orders: await text(`/customers/${customerId}/orders`),
      metrics: await text('/metrics'),
      ...Object.fromEntries(commands),
      log: logged,
    };
  }

  /** @returns the places with the name */
  async function search(): Promise<string[]> {
    const everything = await said();
    for (const [what, text] of Object.entries(everything))
      if (what !== 'parked') expect([what, text === '']).toEqual([what, false]);
    const workflows = await workflowsWith(system.client, NAME);
    expect(workflows.searched).toBeGreaterThan(0);
    return [
      ...(await placesInDatabases(system.databases, NAME)),
      ...workflows.found,
      ...Object.keys(everything).filter((what) => everything[what]?.includes(NAME)),
    ];
  }

  test("an order's whole life, and refused requests: only the customer's row has the name", async () => {
    const placed = await placeOrder(system.url, customerId, '4.00', WAIT);
    const order = `${system.url}/orders/${String(placed.body['orderId'])}`;
    const cancelled = await call(`${order}/cancel`, 'POST', undefined, WAIT);
    expect(cancelled.status).toBe(200);
    await placeOrder(system.url, customerId, '11.00', WAIT);
    const path = `/customers/${customerId}/order-history${including(cancelled.headers.get('ETag'))}`;
    expect((await call(`${system.url}${path}`, 'GET', undefined, WAIT)).status).toBe(200);
    await eventually(
      async () =>
        (await workflowsWith(system.client, String(placed.body['orderId']))).found.length > 0 || undefined,
    );
    expect(await search()).toEqual(['customer: customers.name']);
  });

  test('no problem answer and no log repeats the name', async () => {
    const answers = await Promise.all([
      call(`${system.url}/customers`, 'POST', { ...BODY, name: `${NAME} Jones` }, key),
      call(`${system.url}/customers`, 'POST', { ...BODY, creditLimit: NAME }),
      call(`${system.url}/customers`, 'POST', { ...BODY, name: `${NAME}\n` + 'x'.repeat(300) }),
      call(`${system.url}/customers`, 'POST', `{"name": ${NAME}}`),
      call(`${system.url}/orders`, 'POST', { customerId: NAME }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([422, 400, 400, 400, 400]);
    await rowsOf(
      system.databases.adminCustomerUrl,
      `ALTER TABLE customers ADD CONSTRAINT never CHECK (credit_limit_minor <> 77)`,
    );
    const failed = await call(`${system.url}/customers`, 'POST', {
      ...BODY,
      creditLimit: { ...CREDIT_LIMIT, amount: '0.77' },
    });
    await rowsOf(system.databases.adminCustomerUrl, 'ALTER TABLE customers DROP CONSTRAINT never');
    expect(failed.status).toBe(500);
    expect(logged).toContain(String(failed.body['requestId']));
    for (const { body } of [...answers, failed]) expect(JSON.stringify(body)).not.toContain(NAME);
    expect(logged).not.toContain(NAME);
  });

  test('the name is erased: nothing has it, and the account goes on', async () => {
    const unknown = await call(`${system.url}/customers/${randomUUID()}/personal-data`, 'DELETE');
    expect([unknown.status, unknown.body['type']]).toEqual([404, '/problems/not-found']);
    const before = await customer();
    const answers = await Promise.all([erase(), erase(), erase()]);
    expect([...answers, await erase()].map(({ status, body }) => [status, body])).toEqual(
      Array.from({ length: 4 }, () => [204, {}]),
    );
    expect((await customer()).body).toEqual({ ...before.body, name: null });
    const events = await rowsOf(
      system.databases.adminCustomerUrl,
      'SELECT type, sequence FROM outbox WHERE aggregate_id = $1 ORDER BY sequence',
      [customerId],
    );
    expect(events).toEqual([
      { type: 'CustomerCreated', sequence: 1 },
      { type: 'CustomerPersonalDataErased', sequence: 2 },
    ]);
    const placed = await placeOrder(system.url, customerId, '1.00', WAIT);
    expect(placed.body['state']).toBe('APPROVED');
    const path = `${system.url}/customers/${customerId}/order-history${including(`"${customerId}.2"`)}`;
    const history = await call(path, 'GET', undefined, WAIT);
    expect(history.headers.get('Preference-Applied')).toBe('wait=20');
    expect(await search()).toEqual([]);
  });

  test('a repeated creation gets the customer without its name; any other difference is refused', async () => {
    const again = await call(`${system.url}/customers`, 'POST', BODY, key);
    expect([again.status, again.headers.get('ETag')]).toEqual([201, `"${customerId}.2"`]);
    expect(again.body).toEqual((await customer()).body);
    expect(again.body['name']).toBeNull();
    const creditLimit = { ...CREDIT_LIMIT, amount: '10.01' };
    expect((await call(`${system.url}/customers`, 'POST', { ...BODY, creditLimit }, key)).status).toBe(422);
  });

  test('the search can fail: it finds the name in each kind of store', async () => {
    const { databases, client } = system;
    const data = `data || jsonb_build_object('name', '${NAME}'::text)`;
    await rowsOf(databases.adminOrderUrl, `UPDATE outbox SET data = ${data}`);
    await rowsOf(databases.adminHistoryUrl, `UPDATE received_events SET data = ${data}`);
    const options = { taskQueue: 'nobody', workflowId: `planted-${randomUUID()}`, memo: { note: NAME } };
    const planted = await client.workflow.start('createOrderSaga', options);
    await eventually(async () => {
      const { found } = await workflowsWith(client, NAME);
      return found.includes(planted.workflowId) || undefined;
    });
    await planted.terminate();
    const places = await placesInDatabases(databases, NAME);
    expect(places).toEqual(expect.arrayContaining(['order: outbox.data', 'history: received_events.data']));
    expect(places.some((place) => place.includes('statistics of'))).toBe(true);
  });
});
