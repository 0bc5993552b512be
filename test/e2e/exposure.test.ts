/** What protects the API without tokens on one machine, and what one client may take with them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { AUDIENCE, startIdentityProvider, type TestIdentityProvider } from '../../tools/local/token-issuer';
import { call, eventually } from '../support/http';
import { readMetrics } from '../support/metrics';
import { hold } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';
import { freePort } from '../../tools/local/free-port';

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** `fetch` sets Host and Origin itself. */
function send(url: string, method: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (part: Buffer) => (body += part.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body });
      });
    });
    sent.on('error', reject).end();
  });
}

describe('only this machine', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({
      authentication: { issuer: undefined, serviceTokens: [], localOnly: true },
    });
  });
  afterAll(() => system.stop());

  test.each([
    ['127.0.0.1', 200],
    ['127.0.0.1:1', 200],
    ['localhost:3000', 200],
    ['[::1]:3000', 200],
    ['store.example', 421],
    ['127.0.0.1.store.example', 421],
    ['localhost.store.example:3000', 421],
    ['192.168.0.7:3000', 421],
    ['[fe80::1]:3000', 421],
    ['127.0.0.1@store.example', 421],
  ])('Host %s: %s', async (Host, status) => {
    for (const path of ['/orders', '/metrics', '/docs', '/livez']) {
      const answer = await send(`${system.url}${path}`, 'GET', { Host });
      expect([path, answer.status]).toEqual([path, status]);
    }
  });

  test.each([
    ['https://store.example', 403],
    ['http://store.example', 403],
    ['null', 403],
    ['http://localhost:1', 403],
    ['https://localhost:3000', 403],
    ['http://localhost:3000', 404],
  ])('a page of %s cancels an order: %s', async (Origin, status) => {
    const path = '/orders/018f1e0a-0000-7000-8000-000000000001/cancel';
    const answer = await send(`${system.url}${path}`, 'POST', { Host: 'localhost:3000', Origin });
    expect(answer.status).toBe(status);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('with tokens', () => {
  let provider: TestIdentityProvider;
  let system: TestSystem;
  const PER_MINUTE = 10;
  const ORDERS_IN_FLIGHT = 2;

  beforeAll(async () => {
    provider = await startIdentityProvider();
    system = await startSystem({
      authentication: { issuer: { url: provider.url, audience: AUDIENCE }, serviceTokens: ['s'.repeat(32)] },
      requestsPerMinute: PER_MINUTE,
      order: { ordersInFlightPerClientMax: ORDERS_IN_FLIGHT },
      readers: { streamsPerClientMax: 1, waitsPerClientMax: 1 },
    });
  });
  afterAll(async () => {
    await system.stop();
    await provider.stop();
  });

  const get = async (sub: string, path = '/orders') =>
    call(`${system.url}${path}`, 'GET', undefined, {
      Authorization: `Bearer ${await provider.token({ sub, scope: 'orders:read events:read' })}`,
    });

  test('a client gets 429 above its limit, and others are not refused meanwhile', async () => {
    const answers = [];
    for (let count = 0; count < PER_MINUTE; count += 1) answers.push(await get('busy'));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers[0]?.headers.get('RateLimit-Policy')).toMatch(/q=10; w=60/);
    const refused = await get('busy');
    expect([refused.status, refused.body['type']]).toEqual([429, '/problems/too-many-requests']);
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(refused.headers.get('RateLimit')).toMatch(/r=0/);
    const refusals = Array.from({ length: PER_MINUTE }, () => get('busy', '/events'));
    for (let count = 0; count < PER_MINUTE; count += 1) expect((await get('calm')).status).toBe(200);
    for (const { status } of await Promise.all(refusals)) expect(status).toBe(429);
  });

  test('orders of one client above its limit get 429, and others are placed meanwhile', async () => {
    const held = await hold(system.databases.adminOrderUrl, 'LOCK TABLE orders IN SHARE MODE');
    const place = async (sub: string) => {
      const token = await provider.token({ sub, scope: 'orders:write' });
      const body = { customerId: randomUUID(), orderTotal: { amount: '1.00', currency: 'USD' } };
      return call(`${system.url}/orders`, 'POST', body, { Authorization: `Bearer ${token}` });
    };
    const waiting = Array.from({ length: ORDERS_IN_FLIGHT }, () => place('eager'));
    await eventually(async () => {
      const inFlight = (await readMetrics(system.url)).get('orders_in_flight');
      return inFlight === ORDERS_IN_FLIGHT ? true : undefined;
    });
    const refused = await place('eager');
    expect([refused.status, refused.body['type']]).toEqual([429, '/problems/too-many-requests']);
    const other = place('patient');
    await held.release();
    expect((await Promise.all([...waiting, other])).map(({ status }) => status)).toEqual([202, 202, 202]);
  });

  test.each([
    ['streams', { Accept: 'text/event-stream' }, 'event_streams'],
    ['waits', { Prefer: 'wait=30' }, 'waiting_readers'],
  ])(
    '%s of one client above its limit get 429, and those of others do not',
    async (_what, headers, metric) => {
      const end = new AbortController();
      const read = async (sub: string) => {
        const token = await provider.token({ sub, scope: 'events:read' });
        const Authorization = `Bearer ${token}`;
        return fetch(`${system.url}/events?type=OrderApproved`, {
          headers: { ...headers, Authorization },
          signal: end.signal,
        });
      };
      const reading = async (count: number) =>
        eventually(async () => ((await readMetrics(system.url)).get(metric) === count ? true : undefined));
      const open = [read(`one-${metric}`)];
      await reading(1);
      const refused = await read(`one-${metric}`);
      expect([refused.status, refused.headers.get('Content-Type')]).toEqual([
        429,
        'application/problem+json',
      ]);
      expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
      open.push(read(`another-${metric}`));
      await reading(2);
      end.abort();
      await Promise.allSettled(open);
    },
  );

  test('an address that sends wrong tokens gets 429, and right ones are refused too until the minute is over', async () => {
    const wrong = () => send(`${system.url}/orders`, 'GET', { 'X-Forwarded-For': '2001:db8::1' });
    expect((await wrong()).status).toBe(401);
    expect((await wrong()).status).toBe(429);
    const sameNetwork = { 'X-Forwarded-For': '2001:db8::2' };
    expect((await send(`${system.url}/orders`, 'GET', sameNetwork)).status).toBe(429);
    const another = { 'X-Forwarded-For': '2001:db8:1::1' };
    expect((await send(`${system.url}/orders`, 'GET', another)).status).toBe(401);
  });

  test('other services are not counted', async () => {
    for (let count = 0; count < 3 * PER_MINUTE; count += 1) {
      const headers = { Authorization: `Bearer ${'s'.repeat(32)}` };
      expect((await call(`${system.url}/events`, 'GET', undefined, headers)).status).toBe(200);
    }
  });

  test('every answer has the security headers; HSTS only by https', async () => {
    const forwarded = { 'X-Forwarded-Proto': 'https' };
    for (const path of ['/livez', '/nowhere', '/docs']) {
      const plain = await send(`${system.url}${path}`, 'GET', {});
      expect(plain.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
        'content-security-policy': expect.stringMatching(/^default-src 'none'/),
      });
      expect(plain.headers['strict-transport-security']).toBeUndefined();
      expect(plain.headers['x-powered-by']).toBeUndefined();
      const secure = await send(`${system.url}${path}`, 'GET', forwarded);
      expect(secure.headers['strict-transport-security']).toMatch(/^max-age=31536000/);
    }
  });
});

test('METRICS_PORT has the metrics and the probes, and the API port no longer has them', async () => {
  const metricsPort = await freePort();
  const system = await startSystem({ metricsPort });
  const operators = `http://127.0.0.1:${String(metricsPort)}`;
  for (const path of ['/metrics', '/livez', '/readyz']) {
    expect([path, (await send(`${operators}${path}`, 'GET', {})).status]).toEqual([path, 200]);
    expect([path, (await send(`${system.url}${path}`, 'GET', {})).status]).toEqual([path, 404]);
  }
  expect((await send(`${operators}/orders`, 'GET', {})).status).toBe(404);
  await system.stop();
  await expect(send(`${operators}/livez`, 'GET', {})).rejects.toThrow('ECONNREFUSED');
});
