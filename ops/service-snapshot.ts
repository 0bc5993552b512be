/**
 * Reads the rows of the order history from the services' own databases, and the position of each feed that they belong to.
 *
 * One snapshot of a database shows the rows and `last_position` together. Every event up to that position was committed before
 * it was published, so its effect is in the rows. The rows also have effects of events that are committed and not published
 * yet, and get a later position. An order's row may have them: the view ignores the older version that the event brings.
 * Reserved credit is a sum, so the effects of those events are subtracted here.
 */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { SqlDatabase } from '../events/sql';
import type {
  ReadSnapshot,
  SnapshotCustomer,
  SnapshotOrder,
  SnapshotSink,
} from '../projections/order-history/snapshot';
import type { OpenDatabases } from './databases';

/** 2,000 rows: some hundred milliseconds to write, within the parameters of one statement. */
const PAGE = 2_000;

/** A day: longer than any database takes to read. An old snapshot delays only the cleaning of old rows. */
const WHOLE = { isolationLevel: 'RepeatableRead', timeout: 86_400_000 } as const;

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

export function serviceSnapshot({
  orders,
  customers,
}: Pick<OpenDatabases, 'orders' | 'customers'>): ReadSnapshot {
  return async (sink) => ({
    '/customer-service': await customers.$transaction((tx) => readCustomers(tx, sink), WHOLE),
    '/order-service': await orders.$transaction((tx) => readOrders(tx, sink), WHOLE),
  });
}

async function readCustomers(db: SqlDatabase, sink: SnapshotSink): Promise<bigint> {
  const position = await lastPosition(db);
  await eachPage(
    (after) =>
      db.$queryRaw<SnapshotCustomer[]>(sql`
        SELECT c.id::text, c.version, c.credit_limit_minor AS "creditLimitMinor", c.currency,
          (c.reserved_minor - coalesce(u.minor, 0))::bigint AS "reservedMinor"
        FROM customers c LEFT JOIN (
          SELECT (data->>'customerId')::uuid AS customer_id, sum(CASE type
            WHEN 'CreditReserved' THEN (data->>'amountMinor')::bigint ELSE -(data->>'heldMinor')::bigint END) AS minor
          FROM outbox WHERE position IS NULL AND id > 0 AND type IN ('CreditReserved', 'CreditReleased') GROUP BY 1
        ) u ON u.customer_id = c.id
        WHERE c.id > ${after}::uuid ORDER BY c.id LIMIT ${PAGE}::integer`),
    (rows) => sink.customers(rows),
  );
  return position;
}

async function readOrders(db: SqlDatabase, sink: SnapshotSink): Promise<bigint> {
  const position = await lastPosition(db);
  await eachPage(
    (after) =>
      db.$queryRaw<SnapshotOrder[]>(sql`
        SELECT id::text, customer_id::text AS "customerId", total_minor AS "totalMinor", currency, state,
          cancellation_reason AS "cancellationReason", version, created_at AS "createdAt", updated_at AS "updatedAt"
        FROM orders WHERE id > ${after}::uuid ORDER BY id LIMIT ${PAGE}::integer`),
    (rows) => sink.orders(rows),
  );
  return position;
}

async function lastPosition(db: SqlDatabase): Promise<bigint> {
  const [row] = await db.$queryRaw<{ position: bigint }[]>(
    sql`SELECT last_position AS position FROM outbox_relay`,
  );
  if (!row) throw new TypeError('the database has no row in outbox_relay: apply its migrations');
  return row.position;
}

async function eachPage<Row extends { readonly id: string }>(
  read: (after: string) => PromiseLike<readonly Row[]>,
  write: (rows: readonly Row[]) => Promise<void>,
): Promise<void> {
  let after: string | undefined = BEFORE_ALL;
  while (after !== undefined) {
    const rows: readonly Row[] = await read(after);
    if (rows.length > 0) await write(rows);
    after = rows.at(-1)?.id;
  }
}
