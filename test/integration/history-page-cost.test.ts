/** What the order history costs: how many statements a page of the feed takes. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPool } from '../../platform/postgres-session';
import { clientOptions } from '../../prisma/client-options';
import { PrismaClient } from '../../prisma/history/generated/client';
import type { Received } from '../../projections/consumer/feed-page';
import { historyStore } from '../../projections/order-history/store';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { HistoryView } from '../support/history-view';

const view = new HistoryView();
const statements: string[] = [];
let databases: TestDatabases;
let db: PrismaClient<'query'>;

beforeAll(async () => {
  databases = await createTestDatabases({ history: true });
  const options = clientOptions(createPool(databases.historyUrl, 'order-history'));
  db = new PrismaClient({ ...options, log: [{ emit: 'event', level: 'query' }] });
  db.$on('query', ({ query }) => statements.push(/\w+/.exec(query)?.[0] ?? query));
});
afterAll(async () => {
  await db.$disconnect();
  await databases.drop();
});

test.each([1, 50])(
  'a page with %i orders: one statement, and none for the checkpoint after it',
  async (count) => {
    const store = historyStore(db, () => undefined);
    let after = await store.checkpoint();
    for (const page of [1, 2]) {
      const orders = Array.from({ length: count }, () => view.placed(crypto.randomUUID()));
      const items = orders.flatMap((order) => [order, view.reserved(order), view.approved(order.subject)]);
      const nextCursor = `${String(count)}-${String(page)}`;
      statements.length = 0;
      expect(await store.applyPage(after, { items, nextCursor, completeTo: {}, startsAfter: {} }, [])).toBe(
        true,
      );
      after = await store.checkpoint();
      expect([after, statements]).toEqual([nextCursor, ['WITH']]);
    }
  },
);

test('a page that another process has applied: the next checkpoint is read', async () => {
  const [store, other] = [historyStore(db, () => undefined), historyStore(db, () => undefined)];
  const page = (nextCursor: string) => ({ items: [], nextCursor, completeTo: {}, startsAfter: {} });
  const after = await store.checkpoint();
  await store.applyPage(after, page('one'), []);
  await other.applyPage('one', page('two'), []);
  expect(await store.applyPage(await store.checkpoint(), page('lost'), [])).toBe(false);
  expect(await store.checkpoint()).toBe('two');
});

test('events that were received before change nothing, and the others of their page take effect', async () => {
  const store = historyStore(db, () => undefined);
  const page = (nextCursor: string, items: readonly Received[]) => ({
    items,
    nextCursor,
    completeTo: {},
    startsAfter: {},
  });
  const [known, other] = [view.placed(crypto.randomUUID()), view.placed(crypto.randomUUID())];
  await store.applyPage(await store.checkpoint(), page('first', [known]), []);
  expect(await store.applyPage('first', page('second', [known, other]), [])).toBe(true);
  const rows = await rowsOf(
    databases.adminHistoryUrl,
    'SELECT e.subject FROM received_events e JOIN order_views v ON v.id = e.subject WHERE e.subject IN ($1, $2)',
    [known.subject, other.subject],
  );
  expect(rows.map(({ subject }) => subject).sort()).toEqual([known.subject, other.subject].sort());
  expect(await store.checkpoint()).toBe('second');
});
