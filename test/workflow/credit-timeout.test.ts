import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;

describe.each(['colocated', 'distributed'] as const)('%s', (placement) => {
  beforeAll(async () => {
    system = await startSystem({ placement, order: { creditCheckTimeoutMs: 3_000 } });
  });
  afterAll(() => system.stop());

  /** Refuses new connections to the customer database, and cuts the existing ones. */
  async function refuseCustomerConnections(): Promise<void> {
    const { adminCustomerUrl, customerUrl } = system.databases;
    const name = new URL(customerUrl).pathname.slice(1);
    const other = Object.assign(new URL(adminCustomerUrl), { pathname: '/postgres' }).href;
    await rowsOf(other, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await rowsOf(other, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  }

  async function allowCustomerConnections(): Promise<void> {
    const { adminCustomerUrl, customerUrl } = system.databases;
    const other = Object.assign(new URL(adminCustomerUrl), { pathname: '/postgres' }).href;
    await rowsOf(other, `ALTER DATABASE ${new URL(customerUrl).pathname.slice(1)} ALLOW_CONNECTIONS true`);
  }

  test('a short outage of the customer database: the order waits as PENDING and is approved', async () => {
    const customer = await newCustomer(system.url, '10.00');
    await refuseCustomerConnections();
    const { status, body } = await placeOrder(system.url, customer, '1.00');
    expect(status).toBe(202);
    const path = `${system.url}/orders/${String(body['orderId'])}`;
    expect((await call(path, 'GET')).body).toMatchObject({ state: 'PENDING' });
    await allowCustomerConnections();
    const order = await eventually(async () => {
      const { body: now } = await call(path, 'GET');
      return now['state'] === 'PENDING' ? undefined : now;
    });
    expect(order).toMatchObject({ state: 'APPROVED' });
  });

  test('an outage beyond the timeout: cancelled with CREDIT_CHECK_TIMEOUT in time, released after the recovery', async () => {
    const customer = await newCustomer(system.url, '10.00');
    await refuseCustomerConnections();
    const { status, body } = await placeOrder(system.url, customer, '1.00', WAIT);
    expect(status).toBe(201);
    expect(body).toMatchObject({ state: 'CANCELLED', cancellationReason: 'CREDIT_CHECK_TIMEOUT' });
    const sagaId = `order-${String(body['orderId'])}`;
    expect((await system.client.workflow.getHandle(sagaId).describe()).status.name).toBe('RUNNING');
    await allowCustomerConnections();
    const result: unknown = await system.client.workflow.getHandle(sagaId).result();
    expect(result).toEqual({
      outcomes: [{ orderId: body['orderId'], state: 'CANCELLED', reason: 'CREDIT_CHECK_TIMEOUT' }],
    });
    const [reservation] = await rowsOf(
      system.databases.adminCustomerUrl,
      'SELECT status FROM credit_reservations WHERE order_id = $1',
      [body['orderId']],
    );
    expect(reservation).toEqual({ status: 'RELEASED' });
    const { body: account } = await call(`${system.url}/customers/${customer}`, 'GET');
    expect(account).toMatchObject({ reserved: { amount: '0.00' } });
  });

  test('Temporal’s own Cancel ends a waiting order as CUSTOMER_REQUEST; its credit is free', async () => {
    const customer = await newCustomer(system.url, '10.00');
    await refuseCustomerConnections();
    const { body } = await placeOrder(system.url, customer, '1.00');
    const handle = system.client.workflow.getHandle(`order-${String(body['orderId'])}`);
    await handle.cancel();
    const path = `${system.url}/orders/${String(body['orderId'])}`;
    const order = await eventually(async () => {
      const { body: now } = await call(path, 'GET');
      return now['state'] === 'PENDING' ? undefined : now;
    });
    expect(order).toMatchObject({ state: 'CANCELLED', cancellationReason: 'CUSTOMER_REQUEST' });
    await allowCustomerConnections();
    await handle.result();
    expect((await call(`${system.url}/customers/${customer}`, 'GET')).body).toMatchObject({
      reserved: { amount: '0.00' },
    });
  });
});
