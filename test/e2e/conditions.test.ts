/** HEAD, OPTIONS, content negotiation and conditional requests. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PROBLEMS } from '../../api/http/problems';
import { call, newCustomer, placeOrder, WAIT } from '../support/http';
import { send } from '../support/raw-http';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;
let customer: string;

beforeAll(async () => {
  system = await startSystem({ history: true });
  customer = await newCustomer(system.url, '1000.00');
});
afterAll(() => system.stop());

test.each([
  ['/events', { Accept: 'text/event-stream' }, 'text/event-stream; charset=utf-8'],
  [
    '/events?subject=0190b2c5-0000-7000-8000-000000000001',
    { Prefer: 'wait=30' },
    'application/json; charset=utf-8',
  ],
  ['/orders', {}, 'application/json; charset=utf-8'],
])(
  'HEAD %s with %j ends at once, and its connection serves the next request',
  async (path, headers, type) => {
    const began = Date.now();
    const answer = await send(system.url, { method: 'HEAD', target: path, headers: Object.entries(headers) });
    expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([200, type, '']);
    expect(Date.now() - began).toBeLessThan(10_000);
  },
);

test('HEAD of an order history does not wait', async () => {
  const target = `/customers/${customer}/order-history?includes=${randomUUID()}.9`;
  const began = Date.now();
  await send(system.url, { method: 'HEAD', target, headers: [['Prefer', 'wait=30']] });
  expect(Date.now() - began).toBeLessThan(10_000);
});

const ID = randomUUID();
test.each([
  ['/orders', 'GET, HEAD, POST, OPTIONS'],
  [`/orders/${ID}`, 'GET, HEAD, OPTIONS'],
  [`/orders/${ID}/cancel`, 'POST, OPTIONS'],
  ['/customers', 'POST, OPTIONS'],
  [`/customers/${ID}`, 'GET, HEAD, OPTIONS'],
  [`/customers/${ID}/orders`, 'GET, HEAD, OPTIONS'],
  [`/customers/${ID}/order-history`, 'GET, HEAD, OPTIONS'],
  ['/events', 'GET, HEAD, OPTIONS'],
  ['/event-schemas/OrderCreated/1', 'GET, HEAD, OPTIONS'],
  ['/livez', 'GET, HEAD, OPTIONS'],
  ['/readyz', 'GET, HEAD, OPTIONS'],
  ['/metrics', 'GET, HEAD, OPTIONS'],
  ['/openapi.json', 'GET, HEAD, OPTIONS'],
  ['/docs', 'GET, HEAD, OPTIONS'],
  ['/', 'GET, HEAD, OPTIONS'],
  ['/problems/not-found', 'GET, HEAD, OPTIONS'],
])('OPTIONS %s lists its methods', async (path, allowed) => {
  const { status, headers, body } = await call(`${system.url}${path}`, 'OPTIONS');
  expect([status, headers.get('Allow'), body]).toEqual([204, allowed, {}]);
});

test('the type of each problem leads to its place in the documentation, which / leads to', async () => {
  const first = await (await fetch(system.url)).text();
  const links = [...first.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href);
  expect(links).toEqual(['/docs', '/openapi.json', '/readyz', system.settings.temporalUiUrl]);
  const page = await (await fetch(`${system.url}/docs`)).text();
  for (const name of Object.keys(PROBLEMS)) {
    const { status, headers } = await fetch(`${system.url}/problems/${name}`, { redirect: 'manual' });
    expect([status, headers.get('Location')]).toEqual([302, `/docs#problem-${name}`]);
    expect(page).toContain(`id="problem-${name}"`);
  }
  expect((await fetch(`${system.url}/problems/toString`)).status).toBe(404);
});

test.each([
  ['application/json', 200],
  ['*/*', 200],
  ['text/*;q=0.1, application/json', 200],
  ['text/html', 406],
  ['application/xml, image/*', 406],
  ['application/json;q=0', 406],
])('the feed for Accept: %s has status %i, and Vary says what it depends on', async (accept, status) => {
  const answer = await call(`${system.url}/events`, 'GET', undefined, { Accept: accept });
  const vary = status === 200 ? 'Accept, Accept-Encoding' : 'Accept';
  expect([answer.status, answer.headers.get('Vary')]).toEqual([status, vary]);
  if (status === 406) expect(answer.body).toMatchObject({ type: '/problems/not-acceptable', status });
});

async function approved() {
  const { body, headers } = await placeOrder(system.url, customer, '1.00', WAIT);
  return { url: `${system.url}/orders/${String(body['orderId'])}`, etag: headers.get('ETag') ?? '' };
}
const cancel = (url: string, headers: Record<string, string>) =>
  call(`${url}/cancel`, 'POST', undefined, headers);

test('If-Match on cancel: the version that the client has seen, or nothing happens', async () => {
  const { url, etag } = await approved();
  const pending = etag.replace('.2"', '.1"');
  for (const tags of [pending, `W/${etag}`, '"x"', `"${'x'.repeat(500)}", ${pending}`]) {
    const refused = await cancel(url, { 'If-Match': tags });
    expect(refused).toMatchObject({ status: 412, body: { type: '/problems/precondition-failed' } });
    expect(refused.headers.get('ETag')).toBe(etag);
  }
  for (const tags of ['x', etag.slice(1), `${etag} ${etag}`])
    expect((await cancel(url, { 'If-Match': tags })).status).toBe(400);
  expect((await call(url, 'GET')).body).toMatchObject({ state: 'APPROVED' });
  expect((await cancel(url, { 'If-Match': `${pending}, ${etag}` })).status).toBe(202);
});

test('If-Match: * matches any order that exists, and a repeated cancellation needs no match', async () => {
  expect((await cancel(`${system.url}/orders/${randomUUID()}`, { 'If-Match': '*' })).status).toBe(404);
  const { url, etag } = await approved();
  const headers = { 'If-Match': etag, 'Idempotency-Key': randomUUID(), ...WAIT };
  const first = await cancel(url, headers);
  expect(first).toMatchObject({ status: 200, body: { state: 'CANCELLED' } });
  const again = await cancel(url, headers);
  expect([again.status, again.body]).toEqual([first.status, first.body]);
  const other = await approved();
  expect((await cancel(other.url, { 'If-Match': '*' })).status).toBe(202);
});
