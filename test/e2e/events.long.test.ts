/** The event feed over HTTP, in both placements. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { z } from 'zod';
import type { Placement } from '../../saga/contract';
import { type CloudEvent, cloudEventSchema } from '../../events/cloud-event';
import { serviceOf } from '../../events/base-uri';
import { EVENT_TYPES, isEventType } from '../../events/event-types';
import { sequenceOf } from '../../events/sequence';
import { createTestDatabases, rowsOf } from '../support/databases';
import { openStream } from '../support/event-stream';
import { forgedCursor } from '../support/forged-cursor';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { startServiceProcess } from '../support/service-process';
import { freePort } from '../../tools/local/free-port';
import { startSystem, type TestSystem } from '../support/system';

const pageSchema = z.object({ items: z.array(cloudEventSchema), nextCursor: z.string() });

async function page(url: string, query: Record<string, string> = {}, headers: Record<string, string> = {}) {
  const { status, body } = await call(
    `${url}/events?${new URLSearchParams(query).toString()}`,
    'GET',
    undefined,
    headers,
  );
  expect(status).toBe(200);
  return pageSchema.parse(body);
}

/** The events of a subject, once there are so many. */
function eventsOf(url: string, subject: string, count: number): Promise<CloudEvent[]> {
  return eventually(async () => {
    const { items } = await page(url, { subject });
    return items.length >= count ? items : undefined;
  });
}

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let system: TestSystem;
  let customer: string;

  beforeAll(async () => {
    system = await startSystem({ placement });
    customer = await newCustomer(system.url, '10.00');
  });
  afterAll(() => system.stop());

  test('the events of an approved order: valid CloudEvents with correlation and causation, from both services', async () => {
    const { body } = await placeOrder(system.url, customer, '4.00', WAIT);
    const orderId = String(body['orderId']);
    const story = await eventsOf(system.url, orderId, 3);
    expect(
      story.map(({ type, source, aggregateversion }) => [type, serviceOf(source), aggregateversion]).sort(),
    ).toEqual([
      ['CreditReserved', '/customer-service', 1],
      ['OrderApproved', '/order-service', 2],
      ['OrderCreated', '/order-service', 1],
    ]);
    for (const { type, data, dataschema, correlationid } of story) {
      if (!isEventType(type)) throw new Error(type);
      expect(EVENT_TYPES[type].data.parse(data)).toEqual(data);
      expect(correlationid).toBe(`order-${orderId}`);
      const schema = await call(dataschema, 'GET');
      expect([schema.status, schema.body['type']]).toEqual([200, 'object']);
    }
    const causes = Object.fromEntries(story.map(({ type, causationid }) => [type, causationid]));
    expect(causes).toEqual({
      OrderCreated: undefined,
      CreditReserved: `/order-service/${orderId}/1`,
      OrderApproved: `/customer-service/${orderId}/1`,
    });
  });

  test('a live stream delivers events, and resumes after Last-Event-ID without gap or repetition', async () => {
    const { nextCursor } = await page(system.url, { limit: '500' });
    const stream = await openStream(`${system.url}/events?after=${nextCursor}`);
    const orders = await Promise.all(
      Array.from({ length: 5 }, () => placeOrder(system.url, customer, '0.10', WAIT)),
    );
    const all = await stream.next(15);
    await stream.close();
    expect(new Set(all.map(({ event }) => event.subject))).toEqual(
      new Set(orders.map(({ body }) => String(body['orderId']))),
    );
    for (const resumeAt of [0, 4, 13]) {
      const again = await openStream(`${system.url}/events`, all[resumeAt]?.id);
      const rest = await again.next(14 - resumeAt);
      await again.close();
      const key = ({ event }: (typeof all)[number]) => `${event.source} ${event.id}`;
      const expected = all.slice(resumeAt + 1).map(key);
      expect(rest.map(key).sort()).toEqual(expected.sort());
    }
  });

  test('a stream sends nothing for events that its filter excludes', async () => {
    const { nextCursor } = await page(system.url, { limit: '500' });
    const began = Date.now();
    const { body } = await fetch(`${system.url}/events?type=OrderApproved&after=${nextCursor}`, {
      headers: { Accept: 'text/event-stream' },
    });
    if (!body) throw new Error('the stream has no body');
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let count = 0; count < 10; count++)
      await eventsOf(system.url, await newCustomer(system.url, '1.00'), 1);
    await placeOrder(system.url, customer, '0.10', WAIT);
    let text = '';
    while (!text.includes('event: OrderApproved')) text += (await reader.read()).value ?? '';
    await reader.cancel();
    const heartbeats = text.split(': heartbeat').length - 1;
    expect(heartbeats).toBeLessThanOrEqual((Date.now() - began) / 15_000);
  });

  test('a cursor leads to the next page; a page waits for new events', async () => {
    const seen: CloudEvent[] = [];
    let cursor: string | undefined;
    for (;;) {
      const next = await page(system.url, { limit: '4', ...(cursor !== undefined && { after: cursor }) });
      seen.push(...next.items);
      cursor = next.nextCursor;
      if (next.items.length === 0) break;
    }
    const keys = seen.map(({ source, id }) => `${source} ${id}`);
    expect(new Set(keys).size).toBe(keys.length);
    const whole = await page(system.url, { limit: '500' });
    expect(keys.sort()).toEqual(whole.items.map(({ source, id }) => `${source} ${id}`).sort());

    const waiting = page(system.url, { after: cursor }, { Prefer: 'wait=20' });
    await placeOrder(system.url, customer, '0.10');
    expect((await waiting).items).not.toHaveLength(0);
  });

  test('filters by type and subject; an unknown type is refused', async () => {
    const { items } = await page(system.url, { type: 'CustomerCreated,OrderApproved', limit: '500' });
    expect(new Set(items.map(({ type }) => type))).toEqual(new Set(['CustomerCreated', 'OrderApproved']));
    const unknown = await call(`${system.url}/events?type=OrderEaten`, 'GET');
    expect([unknown.status, unknown.body['type']]).toEqual([400, '/problems/invalid-request']);
    const version = await call(`${system.url}/event-schemas/OrderCreated/99`, 'GET');
    expect(version.status).toBe(404);
  });

  test('a modified cursor is refused, and an old cursor gets 410', async () => {
    const { nextCursor } = await page(system.url, { limit: '1' });
    const answers = async (cursor: string) => {
      const [page, stream] = [{ Accept: 'application/json' }, { Accept: 'text/event-stream' }];
      const [events, after] = [`${system.url}/events`, `${system.url}/events?after=${cursor}`];
      const asked = [
        await call(after, 'GET', undefined, page),
        await call(after, 'GET', undefined, stream),
        await call(events, 'GET', undefined, { ...stream, 'Last-Event-ID': cursor }),
      ];
      return asked.map(({ status, body }) => [status, body['type'], body['startsAfter']]);
    };
    const changed = `${nextCursor.slice(0, -4)}${nextCursor.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
    for (const cursor of [changed, forgedCursor('{"/order-service":'), forgedCursor('null')])
      expect(await answers(cursor)).toEqual(Array(3).fill([400, '/problems/invalid-request', undefined]));
    const starts = async () => (await call(`${system.url}/events?limit=1`, 'GET')).body['startsAfter'];
    expect(await starts()).toEqual({ '/order-service': sequenceOf(0n), '/customer-service': sequenceOf(0n) });
    const [pruned] = await rowsOf(
      system.databases.adminCustomerUrl,
      'UPDATE outbox_relay SET pruned_position = last_position - 1 WHERE last_position > 2 RETURNING pruned_position AS to',
    );
    const to = BigInt(String(pruned?.['to']));
    const startsAfter = { '/order-service': sequenceOf(0n), '/customer-service': sequenceOf(to) };
    expect(await answers(nextCursor)).toEqual(Array(3).fill([410, '/problems/cursor-too-old', startsAfter]));
    expect(await starts()).toEqual(startsAfter);
    const stream = await fetch(`${system.url}/events`, { headers: { Accept: 'text/event-stream' } });
    await stream.body?.cancel();
    expect(stream.headers.get('Events-Start-After')).toBe(
      `order-service="${sequenceOf(0n)}", customer-service="${sequenceOf(to)}"`,
    );
    const { items } = await page(system.url, { limit: '500' });
    const first = items.find(({ source }) => serviceOf(source) === '/customer-service');
    expect(first?.sequence).toBe(sequenceOf(to + 1n));
  });
});

test('a client that does not read costs bounded memory, and does not slow other clients', async () => {
  const databases = await createTestDatabases();
  const service = await startServiceProcess(await freePort(), {
    SERVICES: 'order,customer',
    ORDER_DATABASE_URL: databases.orderUrl,
    CUSTOMER_DATABASE_URL: databases.customerUrl,
    // Less than buffering for every client costs. Memory that is no longer used is freed in time.
    NODE_OPTIONS: '--max-old-space-size=256',
  });
  try {
    const customer = await newCustomer(service.url, '1000.00');
    const insert = `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, saga_id)
      SELECT 'order', gen_random_uuid(), 1, 'OrderCreated', jsonb_build_object('note', repeat('x', 2000)), 'saga'
      FROM generate_series(1, 20000)`;
    await rowsOf(databases.adminOrderUrl, insert);
    const before = residentMb(service.child.pid);
    const stuck = Array.from({ length: 10 }, () => {
      const asked = request(`${service.url}/events`, { headers: { Accept: 'text/event-stream' } });
      asked.on('response', (response) => response.pause());
      asked.on('error', () => undefined);
      asked.end();
      return asked;
    });
    const whole = await openStream(`${service.url}/events`);
    expect(await whole.next(20_000)).toHaveLength(20_000);
    const { status } = await placeOrder(service.url, customer, '1.00', WAIT);
    expect(status).toBe(201);
    // Ten clients, with 40 MB of events each, if the server buffered them.
    expect(residentMb(service.child.pid) - before).toBeLessThan(300);
    await whole.close();
    for (const each of stuck) each.destroy();
  } finally {
    await service.stop();
    await databases.drop();
  }
}, 120_000);

function residentMb(pid: number | undefined): number {
  const [, kb = 'unknown'] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

test('an idle stream has heartbeats with its position; a shutdown ends it at once', async () => {
  const system = await startSystem();
  try {
    await newCustomer(system.url, '1.00');
    const { body } = await fetch(`${system.url}/events`, { headers: { Accept: 'text/event-stream' } });
    if (!body) throw new Error('the stream has no body');
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes(': heartbeat')) text += (await reader.read()).value ?? '';
    const heartbeat = text.slice(text.indexOf(': heartbeat'));
    expect(heartbeat).toMatch(/^: heartbeat\nid: \S+\n\n/);
    const began = Date.now();
    const stopped = system.stopService();
    while (!(await reader.read()).done);
    await stopped;
    expect(Date.now() - began).toBeLessThan(4_000);
  } finally {
    await system.stop();
  }
}, 120_000);
