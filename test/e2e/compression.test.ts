/** Large answers that are the same for all are compressed; small ones, streams, and those with what others must not guess are not. */
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;
let customerId: string;

beforeAll(async () => {
  system = await startSystem({});
  customerId = await newCustomer(system.url, '1000.00');
  await Promise.all(Array.from({ length: 10 }, () => placeOrder(system.url, customerId, '1.00', WAIT)));
});
afterAll(() => system.stop());

interface Answer {
  readonly encoding: string | undefined;
  readonly body: Buffer;
}

function get(path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${system.url}${path}`, { headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      const end = () => {
        resolve({ encoding: response.headers['content-encoding'], body: Buffer.concat(parts) });
      };
      response.on('data', (part: Buffer) => {
        parts.push(part);
        if (headers['Accept'] !== 'text/event-stream') return;
        end();
        response.destroy();
      });
      response.on('end', end);
    });
    sent.on('error', reject).end();
  });
}

const gzip = { 'Accept-Encoding': 'gzip' };

test.each(['/docs', '/openapi.json', '/metrics', '/orders', '/events', '/customers/ID/orders'])(
  '%s is compressed for a client that accepts it',
  async (path) => {
    const target = path.replace('ID', customerId);
    const compressed = await get(target, gzip);
    const plain = await get(target, { 'Accept-Encoding': 'identity' });
    expect([compressed.encoding, plain.encoding]).toEqual(['gzip', undefined]);
    const text = gunzipSync(compressed.body).toString();
    expect(compressed.body.length).toBeLessThan(plain.body.length / 2);
    // Metrics change with each request.
    if (path !== '/metrics') expect(text).toBe(plain.body.toString());
  },
);

test.each([
  ['a small answer', '/orders?limit=1', {}],
  ['a customer, who has a name', `/customers/ID?include=orders`, {}],
  ['an event stream', '/events', { Accept: 'text/event-stream' }],
  ['a problem', `/orders/${'x'.repeat(2_000)}`, {}],
])('%s is not compressed', async (_what, path, headers) => {
  expect((await get(path.replace('ID', customerId), { ...gzip, ...headers })).encoding).toBeUndefined();
});
