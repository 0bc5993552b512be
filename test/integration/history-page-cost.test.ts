/** What the order history costs: how many statements a page of the feed takes. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPool } from '../../platform/postgres-session';
import { clientOptions } from '../../prisma/client-options';
import { PrismaClient } from '../../prisma/history/generated/client';
import { historyStore } from '../../projections/order-history/store';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { HistoryView } from '../support/history-view';

/**
 * The lock of the checkpoint, what is known of the page, its events, their effects, and the new checkpoint. Before them
 * comes BEGIN, which Prisma does not report.
 */
const OF_A_PAGE = ['SELECT', 'SELECT', 'INSERT', 'WITH', 'UPDATE', 'COMMIT'];

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
  'a page with %i orders: one statement for the checkpoint, seven for the page',
  async (count) => {
    const store = historyStore(db, () => undefined);
    const orders = Array.from({ length: count }, () => view.placed(crypto.randomUUID()));
    const items = orders.flatMap((order) => [order, view.reserved(order), view.approved(order.subject)]);
    await store.checkpoint();
    statements.length = 0;
    const after = await store.checkpoint();
    expect(statements.splice(0)).toEqual(['SELECT']);
    await store.applyPage(after, { items, nextCursor: String(count), completeTo: {}, startsAfter: {} }, []);
    expect(statements).toEqual(OF_A_PAGE);
  },
);
