/** How far the order history has followed the events. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { EVENT_SOURCES, type EventSource } from '../domain/events';
import { decodeCursor } from '../events/cursor';
import type { SqlDatabase } from '../events/sql';
import type { AuditedDatabases } from './facts';

/** Whether there are events from before that time that it has not taken in, published or not. */
export async function isViewBehind(
  { orders, customers, history }: AuditedDatabases,
  time: Date,
): Promise<boolean> {
  if (!history) return false;
  const [row] = await history.$queryRaw<{ cursor: string | null }[]>(sql`SELECT cursor FROM checkpoints`);
  const positions = row?.cursor == null ? {} : decodeCursor(row.cursor);
  const databases: Readonly<Record<EventSource, SqlDatabase>> = {
    '/order-service': orders,
    '/customer-service': customers,
  };
  const behind = EVENT_SOURCES.map((source) =>
    hasEventAfter(databases[source], positions[source]?.position ?? 0n, time),
  );
  return (await Promise.all(behind)).includes(true);
}

async function hasEventAfter(db: SqlDatabase, position: bigint, time: Date): Promise<boolean> {
  const [row] = await db.$queryRaw<{ found: boolean }[]>(sql`
    SELECT EXISTS (SELECT FROM outbox WHERE (position IS NULL OR position > ${position}) AND occurred_at <= ${time.toISOString()}::timestamptz)
      AS found`);
  return row?.found ?? false;
}
