/** The examples of the OpenAPI document work: the API takes the requests, and answers in the documented form. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { EXAMPLES } from '../../api/operations/examples';
import { OPERATIONS } from '../../api/operations/http-operations';
import { ANSWER_HEADERS } from '../../api/operations/openapi-headers';
import { PUBLIC_OPERATIONS } from '../../api/operations/public-operations';
import { type Answer, call, newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ history: true, requestsPerMinute: 1_000 });
});
afterAll(() => system.stop());

const ALL = [...OPERATIONS, ...PUBLIC_OPERATIONS];

/** Sends the example of the operation. The answer has a documented status, its schema and its headers. */
async function tried(id: string, path = '', headers: Record<string, string> = {}): Promise<Answer> {
  const operation = ALL.find(({ operationId }) => operationId === id);
  if (!operation) throw new Error(`there is no operation ${id}`);
  const { method, answers, scopes } = operation;
  const url = `${system.url}${path === '' ? operation.path : path}`;
  const answer = await call(url, method.toUpperCase(), EXAMPLES[id]?.request, headers);
  const documented = answers[answer.status];
  if (!documented) throw new Error(`${id} answered ${String(answer.status)} ${JSON.stringify(answer.body)}`);
  if (documented.schema) expect(documented.schema.parse(answer.body)).toEqual(answer.body);
  const own = (documented.headers ?? []).filter((name) => {
    const isOfStream = name === 'Events-Start-After';
    return !isOfStream && (name !== 'Preference-Applied' || headers['Prefer'] !== undefined);
  });
  const ofAll = ['X-Request-Id', ...(scopes ? ['RateLimit', 'RateLimit-Policy'] : [])];
  const missing = [...own, ...ofAll].filter((name) => !answer.headers.has(name));
  expect([id, missing]).toEqual([id, []]);
  const others = Object.keys(ANSWER_HEADERS).filter((name) => answer.headers.has(name));
  expect([id, others.filter((name) => ![...own, ...ofAll].includes(name))]).toEqual([id, []]);
  return answer;
}

test('a customer', async () => {
  const { body } = await tried('createCustomer', '', { 'Idempotency-Key': randomUUID() });
  const path = `/customers/${String(body['customerId'])}`;
  expect(body).toEqual({
    ...Object(EXAMPLES['createCustomer']?.answers?.[201]),
    customerId: body['customerId'],
  });
  await tried('getCustomer', `${path}?include=orders`);
  await tried('listOrdersOfCustomer', `${path}/orders`);
  await tried('erasePersonalData', `${path}/personal-data`);
});

test('an order, also of an unknown customer as in the example', async () => {
  expect((await tried('placeOrder')).status).toBe(202);
  const { status, body } = await tried('placeOrder', '', WAIT);
  expect([status, body['cancellationReason']]).toEqual([201, 'UNKNOWN_CUSTOMER']);
  await tried('getOrder', `/orders/${String(body['orderId'])}`);
  await tried('getOrderTimeline', `/ops/orders/${String(body['orderId'])}/timeline`);
  await tried('listOrders');
});

test('a cancellation, and the history', async () => {
  const customer = await newCustomer(system.url, '100.00');
  const { headers, body } = await placeOrder(system.url, customer, '1.00', WAIT);
  const etag = String(headers.get('ETag'));
  await tried('cancelOrder', `/orders/${String(body['orderId'])}/cancel`, { ...WAIT, 'If-Match': etag });
  const includes = encodeURIComponent(etag);
  await tried('getOrderHistory', `/customers/${customer}/order-history?includes=${includes}`, WAIT);
});

test('what operators read', async () => {
  const { body } = await tried('listSagas');
  expect(body).toMatchObject({ items: expect.any(Array), unavailable: [] });
  expect((await tried('getOverview')).body).toMatchObject({ unavailable: [] });
});

test('the events and the probes', async () => {
  const { body } = await tried('readEvents', '/events?limit=5');
  expect(Object.keys(body)).toEqual(expect.arrayContaining(['items', 'nextCursor', 'startsAfter']));
  await tried('isAlive');
  await tried('isReady');
  await tried('getEventSchema', '/event-schemas/OrderApproved/1');
});
