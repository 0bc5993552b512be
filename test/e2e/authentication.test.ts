/** Every operation with every kind of token: who may do what, in both placements. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SCOPES } from '../../api/http/principal';
import { OPERATIONS } from '../../api/operations/http-operations';
import { readConfig } from '../../platform/config';
import type { Placement } from '../../saga/contract';
import { NEW } from '../support/encryption-keys';
import { call, eventually } from '../support/http';
import { AUDIENCE, startIdentityProvider, type TestIdentityProvider } from '../../tools/local/token-issuer';
import { startSystem, type TestSystem } from '../support/system';

const SERVICE_TOKEN = 'a-token-of-the-services-of-this-installation';
const ALL = SCOPES.join(' ');
const MONEY = { amount: '10.00', currency: 'USD' };

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let provider: TestIdentityProvider;
  let system: TestSystem;
  let customer: string;
  let order: string;

  const authorized = (token: string, more: Record<string, string> = {}) => ({
    Authorization: `Bearer ${token}`,
    ...more,
  });

  async function as(claims: Record<string, unknown>, method: string, path: string, body?: object) {
    return call(
      `${system.url}${path}`,
      method,
      body,
      authorized(await provider.token(claims), { Prefer: 'wait=20' }),
    );
  }

  /** A request that is valid, but for who sends it. Its customer and order exist. */
  function request({ method, path }: (typeof OPERATIONS)[number], customerId = customer) {
    const id = path.includes('/orders/{id}') ? order : customerId;
    const bodies: Readonly<Record<string, object>> = {
      '/customers': { name: 'Ada', creditLimit: MONEY },
      '/orders': { customerId, orderTotal: MONEY },
    };
    return {
      url: `${system.url}${path.replace('{id}', id)}`,
      method: method.toUpperCase(),
      body: method === 'post' && !path.includes('{') ? (bodies[path] ?? { payloads: [] }) : undefined,
    };
  }

  const send = ({ url, method, body }: ReturnType<typeof request>, headers: Record<string, string>) =>
    call(url, method, body, headers);

  beforeAll(async () => {
    provider = await startIdentityProvider();
    const authentication = {
      issuer: { url: provider.url, audience: AUDIENCE, keysCooldownMs: 0 },
      serviceTokens: [SERVICE_TOKEN],
    };
    const { dataConverter } = readConfig({ PAYLOAD_ENCRYPTION_KEYS: NEW });
    system = await startSystem({ placement, authentication, dataConverter, history: true });
    const created = await as({ scope: ALL }, 'POST', '/customers', { name: 'Ada', creditLimit: MONEY });
    customer = String(created.body['customerId']);
    const placed = await as({ scope: ALL }, 'POST', '/orders', { customerId: customer, orderTotal: MONEY });
    expect(placed.body).toMatchObject({ state: 'APPROVED' });
    order = String(placed.body['orderId']);
  });
  afterAll(async () => {
    await system.stop();
    await provider.stop();
  });

  test.each(OPERATIONS)(
    '$method $path: without a valid token 401, and what is wrong is said',
    async (operation) => {
      const now = Math.floor(Date.now() / 1_000);
      const refused = {
        none: {},
        'another scheme': { Authorization: 'Basic YTpi' },
        malformed: authorized('abc'),
        expired: authorized(await provider.token({ exp: now - 31 })),
        'not yet valid': authorized(await provider.token({ nbf: now + 60 })),
        'another audience': authorized(await provider.token({ aud: 'https://other.example' })),
        'another issuer': authorized(await provider.token({ iss: 'https://other.example' })),
        'no subject': authorized(await provider.token({ sub: undefined })),
        'another type': authorized(await provider.token({}, { typ: 'logout+jwt' })),
      };
      for (const [kind, headers] of Object.entries(refused)) {
        const answer = await send(request(operation), headers);
        expect([kind, answer.status, answer.body['type']]).toEqual([kind, 401, '/problems/unauthenticated']);
        expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer realm="order-saga"/);
      }
    },
  );

  test.each(OPERATIONS)('$method $path: its scope opens it, and no other', async (operation) => {
    const wanted = operation.scopes.join(' ');
    const withoutEach = operation.scopes.map((scope) => SCOPES.filter((other) => other !== scope).join(' '));
    for (const scope of [...SCOPES, ...withoutEach, wanted]) {
      const { status, headers } = await send(request(operation), authorized(await provider.token({ scope })));
      if (scope === wanted) expect([200, 201, 202, 204, 409]).toContain(status);
      else {
        expect([scope, status]).toEqual([scope, 403]);
        expect(headers.get('WWW-Authenticate')).toContain(`scope="${wanted}"`);
      }
    }
    expect((await send(request(operation), authorized(await provider.token({ scope: '' })))).status).toBe(
      403,
    );
  });

  test.each(OPERATIONS)('$method $path: a token of another customer finds nothing', async (operation) => {
    const claims = { scope: ALL, customer_id: randomUUID() };
    const { status, body } = await send(request(operation), authorized(await provider.token(claims)));
    const isList = operation.operationId === 'listOrders';
    expect(status).toBe(operation.forOneCustomer === 'refused' ? 403 : isList ? 200 : 404);
    if (isList) expect(body).toEqual({ items: [], nextCursor: null });
    // As if it did not exist.
    if (status !== 404) return;
    const unknown = await call(
      request(operation).url.replace(order, claims.customer_id).replace(customer, claims.customer_id),
      'GET',
      undefined,
      authorized(await provider.token({ scope: ALL, customer_id: customer })),
    );
    if (unknown.status === 404) expect(body['type']).toBe(unknown.body['type']);
  });

  test('a token of the customer reaches its own account and orders, and no list has those of others', async () => {
    const own = { scope: ALL, customer_id: customer };
    expect((await as(own, 'GET', `/customers/${customer}`)).status).toBe(200);
    expect((await as(own, 'GET', `/customers/${customer}?include=orders`)).status).toBe(200);
    expect((await as(own, 'GET', `/orders/${order}`)).body).toMatchObject({ orderId: order });
    const other = await as({ scope: ALL }, 'POST', '/customers', { name: 'Bob', creditLimit: MONEY });
    const customerId = String(other.body['customerId']);
    await as({ scope: ALL }, 'POST', '/orders', { customerId, orderTotal: MONEY });
    const listed = (await as(own, 'GET', '/orders')).body['items'] as { customerId: string }[];
    expect(new Set(listed.map((each) => each.customerId))).toEqual(new Set([customer]));
    expect((await as(own, 'GET', `/orders?customerId=${customerId}`)).body['items']).toEqual([]);
    const small = { customerId: customer, orderTotal: { amount: '0.01', currency: 'USD' } };
    const placed = (await as(own, 'POST', '/orders', small)).body;
    expect(placed).toMatchObject({ state: 'APPROVED' });
    const path = `/orders/${String(placed['orderId'])}/cancel`;
    expect((await as({ ...own, customer_id: randomUUID() }, 'POST', path)).status).toBe(404);
    expect((await as(own, 'POST', path)).body).toMatchObject({ state: 'CANCELLED' });
  });

  test('a token of one customer does not learn by a wait whether an order of another exists', async () => {
    const wide = authorized(await provider.token({ scope: ALL }));
    const etag = async (id: string) =>
      (await call(`${system.url}/orders/${id}`, 'GET', undefined, wide)).headers.get('ETag') ?? '';
    const other = await as({ scope: ALL }, 'POST', '/customers', { name: 'Bob', creditLimit: MONEY });
    const customerId = String(other.body['customerId']);
    const placed = await as({ scope: ALL }, 'POST', '/orders', { customerId, orderTotal: MONEY });
    const waitFor = async (tag: string, claims: object) => {
      const token = await provider.token({ scope: ALL, ...claims });
      const url = `${system.url}/customers/${customer}/order-history?includes=${encodeURIComponent(tag)}`;
      const answer = await call(url, 'GET', undefined, authorized(token, { Prefer: 'wait=1' }));
      return [answer.status, answer.headers.get('Preference-Applied')];
    };
    const [own, foreign] = [await etag(order), await etag(String(placed.body['orderId']))];
    await eventually(async () => ((await waitFor(foreign, {}))[1] === 'wait=1' ? true : undefined));
    expect(await waitFor(own, { customer_id: customer })).toEqual([200, 'wait=1']);
    expect(await waitFor(foreign, { customer_id: customer })).toEqual([200, null]);
  });

  test('a customer with its orders needs both scopes', async () => {
    const path = `/customers/${customer}?include=orders`;
    expect((await as({ scope: 'customers:read' }, 'GET', path)).status).toBe(403);
    expect((await as({ scope: 'customers:read orders:read' }, 'GET', path)).status).toBe(200);
  });

  test('an Idempotency-Key belongs to its principal', async () => {
    const key = { 'Idempotency-Key': randomUUID() };
    const place = async (claims: object) => {
      const headers = authorized(await provider.token({ scope: ALL, ...claims }), key);
      const body = { customerId: customer, orderTotal: MONEY };
      return (await call(`${system.url}/orders`, 'POST', body, headers)).body['orderId'];
    };
    const first = await place({});
    expect(await place({})).toBe(first);
    const ids = [first, await place({ sub: 'another' }), await place({ customer_id: customer })];
    expect(new Set(ids).size).toBe(3);
  });

  test('no other path is served, and the key of a withdrawn token is refused after the rotation', async () => {
    const token = await provider.token({ scope: ALL });
    const paths = ['/internal/steps/reserveCredit', '/internal', '/ops', `/orders/${order}/events`];
    for (const path of paths)
      expect((await call(`${system.url}${path}`, 'POST', {}, authorized(token))).status).toBe(404);
    await provider.rotate();
    expect((await as({ scope: ALL }, 'GET', '/orders')).status).toBe(200);
    expect((await call(`${system.url}/orders`, 'GET', undefined, authorized(token))).status).toBe(401);
  });
});
