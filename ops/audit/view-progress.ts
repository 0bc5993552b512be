/** How far the order history has applied the events. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { EVENT_SOURCES, type EventSource } from '../../domain/events';
import { decodeCursor } from '../../events/cursor';
import type { SqlDatabase } from '../../events/sql';
import type { AuditedDatabases } from './audited-databases';

/** 10,000 events: some ten milliseconds. A view that is further behind counts as behind for every customer. */
const LOOK_AHEAD = 10_000;

/** By source: the position up to which all events have been applied. */
export type Followed = Readonly<Record<EventSource, bigint>>;

export async function followedTo(history: SqlDatabase): Promise<Followed> {
  const [row] = await history.$queryRaw<{ cursor: string | null }[]>(sql`SELECT cursor FROM checkpoints`);
  const positions = row?.cursor == null ? {} : decodeCursor(row.cursor);
  const position = (source: EventSource) => positions[source]?.position ?? 0n;
  return {
    '/order-service': position('/order-service'),
    '/customer-service': position('/customer-service'),
  };
}

/** @returns a function: whether a customer has events after the position, or unpublished ones */
export async function customersWithNewEvents(
  customers: SqlDatabase,
  position: bigint,
): Promise<(customerId: string) => boolean> {
  const rows = await customers.$queryRaw<{ customerId: string | null; count: bigint }[]>(sql`
    SELECT data->>'customerId' AS "customerId", count(*) AS count FROM (
      (SELECT data FROM outbox WHERE position > ${position} ORDER BY position LIMIT ${LOOK_AHEAD}::integer)
      UNION ALL (SELECT data FROM outbox WHERE position IS NULL LIMIT ${LOOK_AHEAD}::integer)
    ) o GROUP BY 1`);
  const all = rows.reduce((sum, { count }) => sum + Number(count), 0);
  const ids = new Set(rows.map(({ customerId }) => customerId));
  return (customerId) => all >= LOOK_AHEAD || ids.has(customerId);
}

/** Whether the order history has not applied all events that occurred up to `time`, published or not. */
export async function isViewBehind(
  { orders, customers, history }: AuditedDatabases,
  time: Date,
): Promise<boolean> {
  if (!history) return false;
  const followed = await followedTo(history);
  const databases: Readonly<Record<EventSource, SqlDatabase>> = {
    '/order-service': orders,
    '/customer-service': customers,
  };
  const behind = EVENT_SOURCES.map((source) => hasEventAfter(databases[source], followed[source], time));
  return (await Promise.all(behind)).includes(true);
}

async function hasEventAfter(db: SqlDatabase, position: bigint, time: Date): Promise<boolean> {
  const [row] = await db.$queryRaw<{ found: boolean }[]>(sql`
    SELECT EXISTS (SELECT FROM outbox WHERE (position IS NULL OR position > ${position}) AND occurred_at <= ${time.toISOString()}::timestamptz)
      AS found`);
  return row?.found ?? false;
}
