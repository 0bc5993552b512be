/** The order service without a customer database: its own routes work, the others are forwarded. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CREATE_ORDER } from '../../api/orders/saga-types';
import { type RunningService, startService } from '../../api/service';
import { createLogger } from '../../platform/logger';
import { startOptions, startSaga } from '../../saga/host/start-options';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ placement: 'distributed', order: { creditCheckTimeoutMs: 4_000 } });
});
afterAll(() => system.stop());

const stateOf = async (orderId: unknown) =>
  (await call(`${system.url}/orders/${String(orderId)}`, 'GET')).body;

async function decided(orderId: unknown) {
  return eventually(async () => {
    const order = await stateOf(orderId);
    return order['state'] === 'PENDING' ? undefined : order;
  });
}

test('orders are approved and refused; customers are reached through the order service', async () => {
  expect(system.settings.customer).toBeUndefined();
  const customer = await newCustomer(system.url, '10.00');
  const approved = await placeOrder(system.url, customer, '10.00', WAIT);
  expect([approved.status, approved.body['state']]).toEqual([201, 'APPROVED']);
  const refused = await placeOrder(system.url, customer, '0.01', WAIT);
  expect(refused.body).toMatchObject({ state: 'CANCELLED', cancellationReason: 'INSUFFICIENT_CREDIT' });
  const { body } = await call(`${system.url}/customers/${customer}`, 'GET');
  expect(body).toMatchObject({ reserved: { amount: '10.00' }, available: { amount: '0.00' } });
  const { body: orders } = await call(`${system.url}/customers/${customer}/orders`, 'GET');
  expect(orders['items']).toHaveLength(2);
});

test('the step for the fast path is on the address of the customer service alone', async () => {
  const step = '/internal/steps/reserveCredit';
  const { customerServiceUrl } = system.settings.order ?? {};
  expect((await call(`${String(customerServiceUrl)}${step}`, 'POST', {})).status).toBe(400);
  const hidden = [step, `/${step}`, `/customers/..%2f..${step}`, `/customers/..${encodeURIComponent(step)}`];
  for (const path of hidden)
    expect([404, 405]).toContain((await call(`${system.url}${path}`, 'POST', {})).status);
});

test('errors of the customer service are passed on with the same request id', async () => {
  const bad = await call(`${system.url}/customers`, 'POST', { name: '' }, { 'X-Request-Id': 'given-1' });
  expect([bad.status, bad.headers.get('X-Request-Id')]).toEqual([400, 'given-1']);
  expect(bad.body).toMatchObject({ type: '/problems/invalid-request', requestId: 'given-1' });
  const unknown = await call(`${system.url}/customers/${randomUUID()}`, 'GET');
  expect([unknown.status, unknown.headers.get('Content-Type')]).toEqual([404, 'application/problem+json']);
  const huge = await call(`${system.url}/customers`, 'POST', { name: 'x'.repeat(20_000) });
  expect(huge.status).toBe(413);
});

test('the customer service is unavailable: 503 for customers; orders wait as PENDING, and resume when it has recovered', async () => {
  const customer = await newCustomer(system.url, '10.00');
  await system.stopCustomerService();
  for (const answer of [
    await call(`${system.url}/customers/${customer}`, 'GET'),
    await call(`${system.url}/customers`, 'POST', {
      name: 'Ada',
      creditLimit: { amount: '1.00', currency: 'USD' },
    }),
  ]) {
    expect([answer.status, answer.body['type']]).toEqual([503, '/problems/customer-service-unavailable']);
    expect(answer.headers.get('Retry-After')).toMatch(/^[123]$/);
  }
  expect((await call(`${system.url}/readyz`, 'GET')).status).toBe(200);
  const { status, body } = await placeOrder(system.url, customer, '1.00');
  expect(status).toBe(202);
  expect(await stateOf(body['orderId'])).toMatchObject({ state: 'PENDING' });
  await system.startCustomerService();
  expect(await decided(body['orderId'])).toMatchObject({ state: 'APPROVED' });
});

test('unavailable beyond the timeout: CREDIT_CHECK_TIMEOUT, and nothing stays reserved', async () => {
  const customer = await newCustomer(system.url, '10.00');
  await system.stopCustomerService();
  const { body } = await placeOrder(system.url, customer, '1.00', WAIT);
  expect(body).toMatchObject({ state: 'CANCELLED', cancellationReason: 'CREDIT_CHECK_TIMEOUT' });
  await system.startCustomerService();
  await system.client.workflow.getHandle(`order-${String(body['orderId'])}`).result();
  const { body: account } = await call(`${system.url}/customers/${customer}`, 'GET');
  expect(account).toMatchObject({ reserved: { amount: '0.00' } });
});

test('two order services and one key at the same time: one order and one saga', async () => {
  const second: RunningService = await startService(system.settings, createLogger('silent'));
  const customer = await newCustomer(system.url, '10.00');
  const key = { 'Idempotency-Key': randomUUID(), ...WAIT };
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      placeOrder(index % 2 === 0 ? system.url : second.url, customer, '4.00', key),
    ),
  );
  const bodies = new Set(answers.map(({ body }) => JSON.stringify(body)));
  expect(bodies.size).toBe(1);
  const { body: account } = await call(`${second.url}/customers/${customer}`, 'GET');
  expect(account).toMatchObject({ reserved: { amount: '4.00' } });
  await second.stop();
});

test('distributed processes resume a saga that was started colocated', async () => {
  const customer = await newCustomer(system.url, '10.00');
  const order = { orderId: randomUUID(), customerId: customer, totalMinor: 100, currency: 'USD' };
  const settings = { creditCheckTimeoutMs: 10_000 };
  const options = startOptions(CREATE_ORDER, { placement: 'colocated', settings, subjects: [order] });
  const { workflowId } = await startSaga(system.client, CREATE_ORDER, options);
  expect(await system.client.workflow.getHandle(workflowId).result()).toEqual({
    outcomes: [{ orderId: order.orderId, state: 'APPROVED' }],
  });
});
