/** Every bounded resource exports its use and its limit. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openStream } from '../support/event-stream';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { readMetrics } from '../support/metrics';
import { hold } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

const IN_FLIGHT_MAX = 30;
const STREAMS_MAX = 3;

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({
    history: true,
    order: { ordersInFlightMax: IN_FLIGHT_MAX },
    readers: { streamsMax: STREAMS_MAX },
  });
});
afterAll(() => system.stop());

const readings = () => readMetrics(system.url);

test('the limits and timeouts in effect are exported', async () => {
  const limits = [...(await readings())].filter(
    ([name]) => name.includes('limit') || name.includes('timeout'),
  );
  expect(Object.fromEntries(limits)).toEqual({
    'database_connections_limit{database="order"}': 10,
    'database_connections_limit{database="customer"}': 10,
    'database_connections_limit{database="order history"}': 10,
    'database_connections_limit{database="order reads"}': 4,
    'database_connections_limit{database="customer reads"}': 4,
    'database_connections_limit{database="order history reads"}': 4,
    'database_timeout_seconds{of="connect"}': 5,
    'database_timeout_seconds{of="statement"}': 5,
    'database_timeout_seconds{of="query"}': 7,
    'database_timeout_seconds{of="readStatement"}': 2,
    event_streams_limit: STREAMS_MAX,
    waiting_readers_limit: 1_000,
    queued_pages_limit: 500,
    orders_in_flight_limit: IN_FLIGHT_MAX,
    orders_waiting_for_group_limit: IN_FLIGHT_MAX,
    saga_group_orders_limit: 50,
    saga_groups_under_way_limit: 4,
    'saga_timeout_seconds{of="workflowTask"}': 2,
    'saga_timeout_seconds{of="creditCheck"}': 60,
    'saga_timeout_seconds{of="attentionAfter"}': 60,
    'worker_slots_limit{kind="workflow task"}': 40,
    'worker_slots_limit{kind="local activity"}': 200,
    'worker_slots_limit{kind="order step"}': 10,
    'worker_slots_limit{kind="cached saga"}': 1_000,
    'worker_slots_limit{kind="customer step"}': 10,
  });
});

test('under load the gauges show what is in flight, within the limits; when idle they show nothing', async () => {
  const customer = await newCustomer(system.url, '1000.00');
  const held = await hold(system.databases.adminOrderUrl, 'LOCK TABLE orders IN SHARE MODE');
  const placed = Array.from({ length: IN_FLIGHT_MAX }, () => placeOrder(system.url, customer, '1.00', WAIT));
  const full = await eventually(async () => {
    const now = await readings();
    const inUse = now.get('database_connections{database="order",state="in use"}') ?? 0;
    const inSteps = now.get('worker_slots{kind="local activity"}') ?? 0;
    return now.get('orders_in_flight') === IN_FLIGHT_MAX && inUse > 0 && inSteps > 0 ? now : undefined;
  });
  expect(full.get('saga_groups_under_way')).toBeGreaterThan(0);
  expect(full.get('saga_groups_under_way')).toBeLessThanOrEqual(4);
  expect(full.get('orders_waiting_for_group')).toBeLessThanOrEqual(IN_FLIGHT_MAX);
  await held.release();
  await Promise.all(placed);
  const quiet = await eventually(async () => {
    const now = await readings();
    return now.get('saga_groups_under_way') === 0 ? now : undefined;
  });
  expect(quiet.get('orders_in_flight')).toBe(0);
  expect(quiet.get('orders_waiting_for_group')).toBe(0);
  expect(quiet.get('database_statements_waiting{database="order"}')).toBe(0);
  expect(quiet.get('sagas_needing_attention')).toBe(0);
  // On a busy machine some steps are repeated, and counted again.
  expect(quiet.get('orders_decided_total{state="APPROVED",reason="none"}')).toBeGreaterThanOrEqual(
    IN_FLIGHT_MAX,
  );
  expect(quiet.get('http_request_duration_seconds_count{method="POST",route="/orders",status="201"}')).toBe(
    IN_FLIGHT_MAX,
  );
});

test('unpublished events are counted, and the order history reports its lag', async () => {
  await eventually(async () => {
    const now = await readings();
    const lag = now.get('order_history_lag_seconds') ?? Infinity;
    return now.get('outbox_unpublished_events{service="order"}') === 0 && lag < 5 ? true : undefined;
  });
  expect((await readings()).get('outbox_unpublished_oldest_seconds{service="order"}')).toBe(0);
  const { order_history_recovering: recovering, order_history_set_aside_events: setAside } =
    Object.fromEntries(await readings());
  expect([recovering, setAside]).toEqual([0, 0]);

  const customer = await newCustomer(system.url, '10.00');
  // A relay locks this row before it publishes.
  const held = await hold(system.databases.adminOrderUrl, 'SELECT FROM outbox_relay FOR UPDATE');
  await placeOrder(system.url, customer, '1.00', WAIT);
  await placeOrder(system.url, customer, '1.00', WAIT);
  const backlog = await eventually(async () => {
    const now = await readings();
    const [oldest, lag] = [
      now.get('outbox_unpublished_oldest_seconds{service="order"}') ?? 0,
      now.get('order_history_lag_seconds') ?? 0,
    ];
    return oldest > 2 && lag > 2 ? now : undefined;
  });
  expect(backlog.get('outbox_unpublished_events{service="order"}')).toBe(4);
  expect(backlog.get('outbox_unpublished_events{service="customer"}')).toBe(0);
  await held.release();
  await eventually(async () => {
    const now = await readings();
    const lag = now.get('order_history_lag_seconds') ?? Infinity;
    return now.get('outbox_unpublished_events{service="order"}') === 0 && lag < 2 ? true : undefined;
  });
});

test('an event stream above the limit is refused so that an EventSource comes back, and accepted when another has ended', async () => {
  const openNow = async () => (await readings()).get('event_streams');
  const events = `${system.url}/events`;
  const open = await Promise.all(Array.from({ length: STREAMS_MAX }, () => openStream(events)));
  expect(await openNow()).toBe(STREAMS_MAX);
  const refused = await fetch(events, { headers: { Accept: 'text/event-stream' } });
  // After any other status a browser would not come back.
  expect([refused.status, refused.headers.get('Content-Type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ]);
  const retryAfterS = Number(refused.headers.get('Retry-After'));
  expect(retryAfterS).toBeGreaterThan(0);
  const [retry, event, data, ...end] = (await refused.text()).split('\n');
  expect([retry, event, end]).toEqual([`retry: ${String(retryAfterS * 1_000)}`, 'event: problem', ['', '']]);
  expect(JSON.parse(data?.slice('data: '.length) ?? '')).toMatchObject({
    type: '/problems/too-many-streams',
    status: 503,
  });
  expect((await call(events, 'GET')).status).toBe(200);
  await open.pop()?.close();
  await eventually(async () => ((await openNow()) === STREAMS_MAX - 1 ? true : undefined));
  open.push(await openStream(events));
  await Promise.all(open.map((stream) => stream.close()));
  await eventually(async () => ((await openNow()) === 0 ? true : undefined));
});
