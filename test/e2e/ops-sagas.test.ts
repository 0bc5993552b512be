/** `GET /ops/sagas`: orders with their sagas, by each parameter, in pages, and while a server is away. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cancelSagaWorkflowId } from '../../domain/names';
import type { Placement } from '../../saga/contract';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { rowsOf } from '../support/databases';
import { allowConnections, refuseConnections } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

interface Item extends Record<string, unknown> {
  readonly orderId: string;
}

let system: TestSystem;
let customer: string;
/** Ids of the orders, by what became of them. */
let approved: string;
let refused: string;
let cancelled: string;
let parked: string;
let open: string;

async function list(query: string) {
  const { status, body } = await call(`${system.url}/ops/sagas?${query}`, 'GET');
  expect([query, status]).toEqual([query, 200]);
  return {
    ...body,
    items: body['items'] as Item[],
    nextCursor: body['nextCursor'] as string | null,
    unavailable: body['unavailable'],
  };
}

const idsOf = async (query: string) => (await list(query)).items.map(({ orderId }) => orderId);

const place = async (amount: string, headers: Record<string, string> = WAIT) =>
  String((await placeOrder(system.url, customer, amount, headers)).body['orderId']);

const cancel = (orderId: string, headers: Record<string, string> = {}) =>
  call(`${system.url}/orders/${orderId}/cancel`, 'POST', undefined, headers);

/** A mistake in a migration: releasing fails permanently. */
const onCustomers = (statement: string) => rowsOf(system.databases.adminCustomerUrl, statement);
const breakRelease = () => onCustomers('ALTER FUNCTION release_credit RENAME TO release_credit_gone');

async function start(placement: Placement): Promise<void> {
  system = await startSystem({ placement, order: { attentionAfterMs: 500 } });
  customer = await newCustomer(system.url, '100.00');
  [approved, refused, cancelled] = [await place('1.00'), await place('1000.00'), await place('2.00')];
  await cancel(cancelled, WAIT);
  parked = await place('3.00');
  await breakRelease();
  await cancel(parked);
  await rowsOf(system.databases.adminOrderUrl, 'REVOKE UPDATE ON orders FROM order_service');
  open = await place('4.00', {});
  await eventually(async () => ((await idsOf('attention=true')).length === 2 ? true : undefined));
}

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  beforeAll(() => start(placement));
  afterAll(() => system.stop());

  test('every kind of order, newest first, with its outcome and its parked steps', async () => {
    const { items, nextCursor, unavailable } = await list('');
    expect([nextCursor, unavailable]).toEqual([null, []]);
    expect(items.map(({ orderId, state, outcome }) => [orderId, state, outcome])).toEqual([
      [open, 'PENDING', 'open'],
      [parked, 'CANCELLING', 'open'],
      [cancelled, 'CANCELLED', 'CUSTOMER_REQUEST'],
      [refused, 'CANCELLED', 'INSUFFICIENT_CREDIT'],
      [approved, 'APPROVED', 'approved'],
    ]);
    const { body: order } = await call(`${system.url}/orders/${parked}`, 'GET');
    expect(items[1]).toEqual({
      orderId: parked,
      sagaId: `order-${parked}`,
      customerId: customer,
      orderTotal: { amount: '3.00', currency: 'USD' },
      state: 'CANCELLING',
      outcome: 'open',
      createdAt: order['createdAt'],
      updatedAt: order['updatedAt'],
      ageSeconds: expect.any(Number),
      attention: [
        {
          step: 'release credit',
          reason: expect.stringContaining('42883'),
          since: expect.any(String),
          sagaId: cancelSagaWorkflowId(parked),
        },
      ],
      links: {
        order: `/orders/${parked}`,
        timeline: `/ops/orders/${parked}/timeline`,
        temporal: expect.stringContaining(`workflows/order-${parked}`) as unknown,
      },
    });
    expect(items[0]?.['attention']).toMatchObject([{ step: 'approve', sagaId: `order-${open}` }]);
    expect(items.slice(2).map((item) => item['attention'])).toEqual([[], [], []]);
  });

  test('by each parameter, alone and together', async () => {
    const other = randomUUID();
    const expected: Readonly<Record<string, readonly string[]>> = {
      [`orderId=${refused}`]: [refused],
      [`orderId=${other}`]: [],
      [`customerId=${customer}&limit=2`]: [open, parked],
      [`customerId=${other}`]: [],
      'state=CANCELLED': [cancelled, refused],
      'outcome=open': [open, parked],
      'outcome=approved': [approved],
      'outcome=INSUFFICIENT_CREDIT': [refused],
      'outcome=open&state=PENDING': [open],
      'outcome=approved&state=PENDING': [],
      [`outcome=CUSTOMER_REQUEST&customerId=${customer}&olderThan=0`]: [cancelled],
      'olderThan=P1D': [],
      'attention=true': [open, parked],
      'attention=false': [cancelled, refused, approved],
      'attention=true&state=CANCELLING': [parked],
      [`attention=true&orderId=${approved}`]: [],
      [`attention=true&customerId=${other}`]: [],
      'attention=true&olderThan=P1D': [],
      'step=approve': [open],
      'step=release%20credit': [parked],
      'step=another': [],
      [`step=approve&orderId=${parked}`]: [],
    };
    for (const [query, ids] of Object.entries(expected))
      expect([query, await idsOf(query)]).toEqual([query, ids]);
    const { body, status } = await call(`${system.url}/ops/sagas?olderThan=1h&step=`, 'GET');
    expect([status, body['type']]).toEqual([400, '/problems/invalid-request']);
    expect((body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer).sort()).toEqual([
      '/olderThan',
      '/step',
    ]);
  });

  test('an age is counted from the placement', async () => {
    const age = Number((await list(`orderId=${approved}`)).items[0]?.['ageSeconds']);
    expect(await idsOf(`orderId=${approved}&olderThan=${String(age)}`)).toEqual([approved]);
    expect(await idsOf(`orderId=${approved}&olderThan=PT${String(age + 60)}S`)).toEqual([]);
  });

  test('what is parked is paged too', async () => {
    const first = await list('attention=true&limit=1');
    const rest = await list(`attention=true&limit=1&cursor=${String(first.nextCursor)}`);
    expect([...first.items, ...rest.items].map(({ orderId }) => orderId)).toEqual([open, parked]);
    expect(rest.nextCursor).toBeNull();
  });

  test('what is parked is listed while the order database is away, but not by what its rows tell', async () => {
    await refuseConnections(system.databases.adminOrderUrl);
    try {
      const { items, unavailable } = await list('attention=true');
      expect(unavailable).toEqual(['orderDatabase']);
      expect(items.map(({ orderId }) => orderId)).toEqual([open, parked]);
      expect(items[0]).not.toHaveProperty('state');
      expect(items[1]).toMatchObject({
        attention: [{ step: 'release credit' }],
        sagaId: cancelSagaWorkflowId(parked),
      });
      for (const query of ['', 'attention=true&state=PENDING']) {
        const { status, body } = await call(`${system.url}/ops/sagas?${query}`, 'GET');
        expect([status, body['type']]).toEqual([503, '/problems/database-unavailable']);
      }
    } finally {
      await allowConnections(system.databases.adminOrderUrl);
    }
  });
});

describe('pages', () => {
  beforeAll(async () => {
    system = await startSystem();
    customer = await newCustomer(system.url, '1000.00');
  });
  afterAll(() => system.stop());

  test.each(['', '&outcome=open', '&attention=false'])(
    'no gap and no repeat while orders are placed%s',
    async (filter) => {
      const before = await Promise.all(Array.from({ length: 25 }, () => place('1.00', {})));
      if (filter === '') await Promise.all(before.map((orderId) => cancel(orderId, WAIT)));
      const seen: string[] = [];
      let cursor = '';
      let placing: Promise<unknown> = Promise.resolve();
      do {
        placing = Promise.all([placing, place('0.01', {}), place('0.01', {})]);
        const page = await list(`customerId=${customer}&limit=7${filter}${cursor}`);
        seen.push(...page.items.map(({ orderId }) => orderId));
        cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
      } while (cursor !== '');
      await placing;
      expect(new Set(seen).size).toBe(seen.length);
      if (filter !== '&outcome=open') expect(seen).toEqual(expect.arrayContaining(before));
    },
  );
});
