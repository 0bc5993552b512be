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
 * When there is no more to publish, the row says so: everything that had been committed by `published_to` is published.
 *
 * Written so that no plan of it is worse than one look at each row, however old the table's statistics are.
 *
 * @param batch most events in this commit
 * @returns how many were looked at, `batch` when there may be more; undefined when another relay has the turn
 */
export async function publishEvents(db: SqlDatabase, batch: number): Promise<number | undefined> {
  const [row] = await db.$queryRaw<{ turn: boolean; looked: number }[]>(sql`
    WITH relay AS MATERIALIZED (
      SELECT last_position FROM outbox_relay WHERE id = 1 FOR UPDATE SKIP LOCKED
    ), next AS MATERIALIZED (
      SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') AS ids FROM (
        SELECT id FROM outbox WHERE position IS NULL AND EXISTS (SELECT FROM relay)
        ORDER BY position, id LIMIT ${batch}::integer) o
    ), published AS (
      -- Another relay may have published some of them since this statement began.
      UPDATE outbox o SET position = relay.last_position + array_position(next.ids, o.id), published_at = now()
      FROM relay, next WHERE o.id = ANY (next.ids) AND o.position IS NULL
      RETURNING o.position
    ), advanced AS (
      -- now() is before this statement's snapshot: what had been committed by then was seen.
      UPDATE outbox_relay SET last_position = coalesce((SELECT max(position) FROM published), last_position),
        published_to = CASE WHEN (SELECT cardinality(ids) FROM next) < ${batch}::integer
          THEN greatest(published_to, date_trunc('milliseconds', now())) ELSE published_to END
      WHERE id = 1 AND EXISTS (SELECT FROM relay)
    ), told AS MATERIALIZED (
      SELECT pg_notify(${PUBLISHED_CHANNEL}, '') WHERE EXISTS (SELECT FROM published)
    )
    SELECT EXISTS (SELECT FROM relay) AS turn, (SELECT cardinality(ids) FROM next) AS looked
    FROM (SELECT count(*) FROM told) t`);
  return row?.turn ? row.looked : undefined;
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
