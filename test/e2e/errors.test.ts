import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Answer, call, newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

const usd = (amount: string) => ({ amount, currency: 'USD' });

let system: TestSystem;
let customer: string;

beforeAll(async () => {
  system = await startSystem();
  customer = await newCustomer(system.url, '100.00');
});
afterAll(() => system.stop());

/** What no answer may contain: stacks, file names, SQL, libraries. */
const LEAK = /\bat .+:\d+:\d+|node_modules|\.ts\b|SELECT |INSERT |prisma|grpc|ECONN|postgres:/i;

function expectProblem(answer: Answer, status: number, name: string): void {
  expect(answer.body).toMatchObject({ type: `/problems/${name}`, status });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  const { title, detail, instance, requestId } = answer.body;
  for (const text of [title, detail, instance, requestId]) expect(text).toEqual(expect.stringMatching(/./));
  expect(answer.headers.get('X-Request-Id')).toBe(requestId);
  expect(answer.headers.has('X-Powered-By')).toBe(false);
  expect(JSON.stringify(answer.body)).not.toMatch(LEAK);
}

const post = (path: string, body: unknown, headers?: Record<string, string>) =>
  call(`${system.url}${path}`, 'POST', body, headers);
const get = (path: string) => call(`${system.url}${path}`, 'GET');
const pointers = ({ body }: Answer) =>
  (body['errors'] as { pointer: string }[] | undefined)?.map(({ pointer }) => pointer);

test.each([
  ['1', 'USD'],
  ['1.0', 'USD'],
  ['1.000', 'USD'],
  ['-1.00', 'USD'],
  ['0.00', 'USD'],
  ['01.00', 'USD'],
  [' 1.00', 'USD'],
  ['1e2', 'JPY'],
  ['1.00', 'JPY'],
  ['10000000000000.00', 'USD'],
  [12.34, 'USD'],
  [null, 'USD'],
])('an order of %j %s is refused, with a pointer to the amount', async (amount, currency) => {
  const answer = await post('/orders', { customerId: customer, orderTotal: { amount, currency } });
  expectProblem(answer, 400, 'invalid-request');
  expect(pointers(answer)).toEqual(['/orderTotal/amount']);
});

test.each(['usd', 'US', 'ZZZ', 'XXX', 'XTS', 'XAU', '', 7])(
  'the currency %j is refused',
  async (currency) => {
    const answer = await post('/orders', { customerId: customer, orderTotal: { amount: '1.00', currency } });
    expectProblem(answer, 400, 'invalid-request');
    expect(pointers(answer)).toEqual(['/orderTotal/currency']);
  },
);

test('the largest amount is accepted, and returned exact to the minor unit', async () => {
  const rich = await newCustomer(system.url, '9999999999999.99');
  const { body } = await placeOrder(system.url, rich, '9999999999999.99', WAIT);
  expect(body).toMatchObject({ state: 'APPROVED', orderTotal: usd('9999999999999.99') });
});

test('an invalid body gets a pointer to each invalid part', async () => {
  const body = { customerId: 'x', orderTotal: usd('1.00'), 'a/b': 1 };
  const answer = await post('/orders', body);
  expectProblem(answer, 400, 'invalid-request');
  expect(pointers(answer)).toEqual(['/customerId', '/a~1b']);
});

test.each([
  ['cut short', '{"customerId":'],
  ['no JSON', 'hello'],
  ['a lone string', '"hello"'],
])('a body that is %s is malformed', async (_name, body) => {
  expectProblem(await post('/orders', body), 400, 'malformed-request');
});

test.each([
  ['empty', ''],
  ['a list', '[]'],
])('a body that is %s is not valid', async (_name, body) => {
  expectProblem(await post('/orders', body), 400, 'invalid-request');
});

test.each([
  [{ 'Content-Type': 'text/plain' }],
  [{ 'Content-Type': 'application/x-www-form-urlencoded' }],
  [{ 'Content-Type': 'application/jsonp' }],
  [{ 'Content-Type': 'application/json; charset=latin1' }],
  [{ 'Content-Encoding': 'rot13' }],
])('a body with %j has an unsupported type', async (headers) => {
  const body = { customerId: customer, orderTotal: usd('1.00') };
  expectProblem(await post('/orders', body, headers), 415, 'unsupported-media-type');
});

test('a body above the limit is too large', async () => {
  const answer = await post('/customers', { name: 'x'.repeat(20_000), creditLimit: usd('1.00') });
  expectProblem(answer, 413, 'too-large');
});

test.each([
  ['GET', '/nothing'],
  ['GET', '/orders/0190b2c5-0000-7000-8000-000000000001'],
  ['GET', '/customers/0190b2c5-0000-7000-8000-000000000001'],
  ['GET', '/problems/nothing'],
  ['POST', '/internal/steps/reserveCredit'],
])('%s %s is not found', async (method, path) => {
  expectProblem(await call(`${system.url}${path}`, method), 404, 'not-found');
});

test.each([
  ['/orders/1', 'invalid-request'],
  ['/orders/%zz', 'malformed-request'],
  ['/nothing/%zz', 'malformed-request'],
  ['/customers/1', 'invalid-request'],
  ['/customers/1/orders', 'invalid-request'],
  ['/orders?limit=0', 'invalid-request'],
  ['/orders?limit=101', 'invalid-request'],
  ['/orders?limit=ten', 'invalid-request'],
  ['/orders?limit=1&limit=2', 'invalid-request'],
  ['/orders?cursor=abc', 'invalid-request'],
  ['/orders?cursor=', 'invalid-request'],
  ['/orders?state=DONE', 'invalid-request'],
  ['/orders?customerId=1', 'invalid-request'],
  ['/orders?sort=asc', 'invalid-request'],
])('GET %s is a bad request', async (path, name) => {
  expectProblem(await get(path), 400, name);
});

test.each([
  ['DELETE', '/orders', 'GET, HEAD, POST, OPTIONS'],
  ['PUT', '/customers', 'POST, OPTIONS'],
  ['PATCH', `/orders/${randomUUID()}`, 'GET, HEAD, OPTIONS'],
  ['POST', `/customers/${randomUUID()}/orders`, 'GET, HEAD, OPTIONS'],
  ['POST', '/livez', 'GET, HEAD, OPTIONS'],
])('%s %s is not allowed; Allow lists the methods that are', async (method, path, allowed) => {
  const answer = await call(`${system.url}${path}`, method);
  expectProblem(answer, 405, 'method-not-allowed');
  expect(answer.headers.get('Allow')).toBe(allowed);
});

test.each([[''], ['a b'], ['x'.repeat(256)], ['caf\u00e9']])(
  'the Idempotency-Key %j is refused',
  async (key) => {
    const answer = await post(
      '/orders',
      { customerId: customer, orderTotal: usd('1.00') },
      { 'Idempotency-Key': key },
    );
    expectProblem(answer, 400, 'invalid-request');
  },
);

test('a valid request id of a client is kept, an invalid one is replaced', async () => {
  const kept = await call(`${system.url}/nothing`, 'GET', undefined, { 'X-Request-Id': 'trace-1:a' });
  expect(kept.body['requestId']).toBe('trace-1:a');
  const replaced = await call(`${system.url}/nothing`, 'GET', undefined, { 'X-Request-Id': '{"evil":1}' });
  expect(replaced.body['requestId']).toMatch(/^[0-9a-f-]{36}$/);
  expectProblem(replaced, 404, 'not-found');
});

test('refused requests leave nothing behind', async () => {
  const { body } = await get(`/customers/${customer}/orders`);
  expect(body).toEqual({ items: [], nextCursor: null });
});

test('an idle connection is kept longer than load balancers keep it', async () => {
  const { headers } = await get('/orders');
  expect(Number(/timeout=(\d+)/.exec(headers.get('Keep-Alive') ?? '')?.[1])).toBeGreaterThan(60);
});
