/** The relay's two statements: publishing, and pruning what has been published for long enough. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { PUBLISHED_CHANNEL, type SqlDatabase } from './sql';

/**
 * Publishes the next events: gives each its position in the feed.
 *
 * The relay's row is locked for as long as this one statement runs, so positions become visible in their
 * order, whichever relay gives them: who reads on after the last one seen misses nothing. An event whose
 * commit comes late simply gets a later position, and holds nobody up. Ids are given while an aggregate's row
 * is locked, so an aggregate's events have ascending ids; and an event is never visible before the one that
 * its aggregate had before. So positions keep every aggregate's order.
 *
 * @param batch most events in this commit
 * @returns how many were published; fewer than `batch` when there are no more
 */
export async function publishEvents(db: SqlDatabase, batch: number): Promise<number> {
  const [row] = await db.$queryRaw<{ published: number }[]>(sql`
    WITH relay AS MATERIALIZED (
      SELECT last_position FROM outbox_relay FOR UPDATE
    ), next AS MATERIALIZED (
      SELECT o.id, relay.last_position + row_number() OVER (ORDER BY o.id) AS position
      FROM relay, (SELECT id FROM outbox WHERE position IS NULL ORDER BY id LIMIT ${batch}::integer) o
    ), published AS (
      -- Another relay may have published some of them while this one waited for its turn.
      UPDATE outbox o SET position = next.position, published_at = now()
      FROM next WHERE o.id = next.id AND o.position IS NULL
      RETURNING o.position
    ), advanced AS (
      UPDATE outbox_relay SET last_position = (SELECT max(position) FROM next) WHERE EXISTS (SELECT FROM next)
    ), told AS MATERIALIZED (
      SELECT pg_notify(${PUBLISHED_CHANNEL}, '') WHERE EXISTS (SELECT FROM published)
    )
    SELECT (SELECT count(*) FROM next)::integer AS published FROM (SELECT count(*) FROM told) t`);
  return row?.published ?? 0;
}

/**
 * Deletes the oldest published events.
 *
 * @param keptMs how long an event stays in the feed, milliseconds
 * @returns how many were deleted; fewer than `batch` when there are no more
 */
export async function pruneEvents(db: SqlDatabase, keptMs: number, batch: number): Promise<number> {
  const [row] = await db.$queryRaw<{ pruned: number }[]>(
    sql`SELECT prune_outbox(make_interval(secs => ${keptMs / 1_000}::double precision), ${batch}::integer) AS pruned`,
  );
  return row?.pruned ?? 0;
}
