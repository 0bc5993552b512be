/** How far the order history has applied the events. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { EventSource } from '../../domain/events';
import { decodeCursor } from '../../events/cursor';
import type { SqlDatabase } from '../../events/sql';

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
