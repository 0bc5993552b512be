/** The delay from an event's commit to its consumer, and the rate of a relay. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { sqltag as sql } from '@prisma/client/runtime/client';
import { publishEvents } from '../../events/publish';
import type { SqlDatabase } from '../../events/sql';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase } from '../../prisma/order/client';
import { type Measured, measured } from './measure';
import { newCustomers, placed, steadily } from './requests';
import type { BenchDatabases } from './servers';

/** A low rate: this measures the delay of an event, not the load. */
const ORDERS_PER_SECOND = 20;

/** Events of an approved order, in both services. */
const EVENTS_PER_ORDER = 3;

const BATCH = 500;

/**
 * Places orders at a steady rate and reads the event stream. Latencies are milliseconds from the commit of an
 * event, as Postgres records it, until the reader receives it.
 *
 * @param url URL of the API
 */
export async function commitToConsumer(
  databases: BenchDatabases,
  url: string,
  orders: number,
): Promise<Measured> {
  const [customerId = ''] = await newCustomers(url, 1);
  const over = new AbortController();
  const received = new Map<string, Received[]>();
  const reading = readStream(
    `${url}/events?after=${await endOf(url)}`,
    over.signal,
    ({ source, id, subject }) => {
      received.set(subject, [...(received.get(subject) ?? []), { source, id, at: Date.now() }]);
    },
  );
  const began = performance.now();
  const mine = await steadily(
    ORDERS_PER_SECOND,
    (begun) => begun < orders,
    () => placed(url, customerId),
  );
  const ofMine = () => mine.map((orderId) => received.get(orderId) ?? []);
  while (ofMine().some(({ length }) => length < EVENTS_PER_ORDER)) await sleep(20);
  const tookMs = performance.now() - began;
  over.abort();
  await reading;
  return measured(await sinceCommits(databases, ofMine().flat()), tookMs);
}

/** @returns milliseconds from each event's commit until it was received */
async function sinceCommits(
  { orderUrl, customerUrl }: BenchDatabases,
  received: readonly Received[],
): Promise<number[]> {
  const of = async (db: SqlDatabase & { $disconnect(): Promise<void> }, source: string) => {
    const mine = new Map(
      received.filter((event) => event.source.endsWith(source)).map(({ id, at }) => [rowOf(id), at]),
    );
    const rows = await db.$queryRaw<{ id: bigint; committed: number }[]>(sql`
      SELECT id, extract(epoch FROM pg_xact_commit_timestamp(transaction_id::xid))::double precision * 1000 AS committed
      FROM outbox WHERE id = ANY (${[...mine.keys()]}::bigint[])`);
    await db.$disconnect();
    return rows.map(({ id, committed }) => (mine.get(id) ?? NaN) - committed);
  };
  return [
    ...(await of(createOrderDatabase(orderUrl), '/order-service')),
    ...(await of(createCustomerDatabase(customerUrl), '/customer-service')),
  ];
}

/** An event's id begins with the number of its row in the outbox. */
function rowOf(eventId: string): bigint {
  return BigInt(eventId.replace(/-.*/, ''));
}

/** The latency of a batch, and the rate in events per second. */
export async function relayAlone({ orderUrl }: BenchDatabases, events: number): Promise<Measured> {
  const db = createOrderDatabase(orderUrl);
  await insertEvents(db, events);
  const published = await publishAll(db);
  await db.$disconnect();
  return published;
}

/** Inserts events that no relay has published. */
export async function insertEvents(db: SqlDatabase, count: number): Promise<void> {
  await db.$queryRaw(sql`
    INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, saga_id)
    SELECT 'order', gen_random_uuid(), 1, 'OrderCreated', jsonb_build_object('orderId', gen_random_uuid(),
      'customerId', gen_random_uuid(), 'amountMinor', 100, 'currency', 'USD', 'state', 'PENDING'), 'bench'
    FROM generate_series(1, ${count}::integer)`);
}

/** Publishes all events, as a relay does. @returns events per second, and the latency of a batch */
export async function publishAll(db: SqlDatabase): Promise<Measured> {
  const batches: number[] = [];
  const began = performance.now();
  let published = 0;
  for (;;) {
    const start = performance.now();
    const count = await publishEvents(db, BATCH);
    if (count === undefined) continue;
    if (count === 0) break;
    published += count;
    batches.push(performance.now() - start);
  }
  const tookMs = performance.now() - began;
  return { ...measured(batches, tookMs), rate: (published / tookMs) * 1_000 };
}

/** @returns the cursor after the last event */
async function endOf(url: string): Promise<string> {
  for (let cursor = ''; ;) {
    const response = await fetch(`${url}/events?limit=500${cursor === '' ? '' : `&after=${cursor}`}`);
    const { items, nextCursor } = (await response.json()) as { items: unknown[]; nextCursor: string };
    cursor = nextCursor;
    if (items.length === 0) return cursor;
  }
}

interface StreamedEvent {
  readonly source: string;
  readonly id: string;
  readonly subject: string;
}

interface Received {
  readonly source: string;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

async function readStream(
  url: string,
  signal: AbortSignal,
  onEvent: (event: StreamedEvent) => void,
): Promise<void> {
  const response = await fetch(url, { headers: { Accept: 'text/event-stream' }, signal });
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      const lines = (text + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines)
        if (line.startsWith('data: ')) onEvent(JSON.parse(line.slice(6)) as StreamedEvent);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
