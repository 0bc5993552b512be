/** What wakes a relay: a notification of its process, one of another process, or its timer. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sqltag as sql } from '@prisma/client/runtime/client';
import { v7 as newUuid } from 'uuid';
import { createOrderActivities } from '../../activities/order';
import { Notifier } from '../../platform/notifier';
import { createLogger } from '../../platform/logger';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { startRelay } from '../../workers/outbox-relay';
import { serviceOutbox } from '../../workers/service-outbox';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { eventually } from '../support/http';

/** With the slow poll alone each commit waits a second, because it follows the last poll: 40 s in total. */
const COMMITS = 40;
const WITHOUT_THE_POLL_MS = 25_000;

let databases: TestDatabases;
let db: OrderDatabase;

beforeEach(async () => {
  databases = await createTestDatabases();
  db = createOrderDatabase(databases.orderUrl);
});
afterEach(async () => {
  await db.$disconnect();
  await databases.drop();
});

const options = () => ({
  service: 'order' as const,
  db,
  retentionMs: 3_600_000,
  logger: createLogger('silent'),
});

async function place(): Promise<string> {
  const orderId = newUuid();
  const order = { orderId, customerId: newUuid(), totalMinor: 100, currency: 'USD' };
  await createOrderActivities({ db }).createPendingOrders({ sagaId: 'saga', items: [order] });
  return orderId;
}

async function published(orderId: string): Promise<void> {
  await eventually(async () => {
    const rows = await db.$queryRaw<object[]>(
      sql`SELECT FROM outbox WHERE aggregate_id = ${orderId}::uuid AND position IS NOT NULL`,
    );
    return rows.length > 0 ? true : undefined;
  });
}

/** One after the other, so that each commit needs a wake-up of its own. */
async function commitsOneByOne(notify: () => void): Promise<number> {
  const began = Date.now();
  for (let count = 0; count < COMMITS; count++) {
    const orderId = await place();
    notify();
    await published(orderId);
  }
  return Date.now() - began;
}

test('a commit in its own process wakes the relay', async () => {
  const committed = new Notifier();
  const relay = startRelay({ ...options(), committed });
  try {
    const took = await commitsOneByOne(() => {
      committed.notify();
    });
    expect(took).toBeLessThan(WITHOUT_THE_POLL_MS);
  } finally {
    await relay.stop();
  }
}, 60_000);

test('a commit in another process wakes the relay', async () => {
  const relaying = serviceOutbox({ ...options(), url: databases.orderUrl, relaysHere: true });
  const writing = serviceOutbox({ ...options(), url: databases.orderUrl, relaysHere: false });
  try {
    expect(await commitsOneByOne(writing.onCommit)).toBeLessThan(WITHOUT_THE_POLL_MS);
  } finally {
    await writing.stop();
    await relaying.stop();
  }
}, 60_000);

test('without a notification the relay polls', async () => {
  const committed = new Notifier();
  const relay = startRelay({ ...options(), committed });
  try {
    for (let count = 0; count < 3; count++) await published(await place());
    expect(committed.count).toBe(0);
  } finally {
    await relay.stop();
  }
}, 60_000);
