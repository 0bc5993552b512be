/** The relay's two statements: publishing, and pruning what has been published for long enough. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { PUBLISHED_CHANNEL, type SqlDatabase } from './sql';

/** 20,000 ids: some 20 ms to look at. When more were committed since the last look, walking them all costs less. */
const LATE_MAX = 20_000;

/** After every id. */
const ALL = 2n ** 63n - 1n;

/**
 * Publishes the next events: gives each its position in the feed.
 *
 * The relay's row is locked for as long as this one statement runs, so positions become visible in their
 * order, whichever relay gives them: who reads on after the last one seen misses nothing. An event whose
 * commit comes late simply gets a later position, and holds nobody up. Ids are given while an aggregate's row
 * is locked, so an aggregate's events have ascending ids; and an event is never visible before the one that
 * its aggregate had before. So the lowest ids of all that can be seen come first, and positions keep every
 * aggregate's order.
 *
 * To find those without walking what has been published, which stays in the index for as long as any old transaction is
 * open, the row remembers a snapshot and an id: all that was visible in it, up to that id, is published. What is left is
 * after that id, or was committed after that snapshot (`late`), and both have an index. The row also says until when
 * everything that was committed is published.
 *
 * Written so that no plan of it is worse than one look at each row, however old the table's statistics are.
 *
 * @param batch most events in this commit
 * @param anew trusts nothing that is remembered: transaction ids mean nothing in a database that was loaded into another server
 * @returns how many were looked at, `batch` when there may be more; undefined when another relay has the turn
 */
export async function publishEvents(
  db: SqlDatabase,
  batch: number,
  anew = false,
): Promise<number | undefined> {
  const [row] = await db.$queryRaw<{ turn: boolean; looked: number }[]>(sql`
    WITH relay AS MATERIALIZED (
      SELECT CASE WHEN NOT ${anew}::boolean THEN seen END AS seen, seen_to, last_position
      FROM outbox_relay WHERE id = 1 FOR UPDATE SKIP LOCKED
    ), late AS MATERIALIZED (
      (SELECT id FROM outbox
       WHERE position IS NULL AND transaction_id >= (SELECT pg_snapshot_xmax(seen) FROM relay)
       ORDER BY transaction_id LIMIT ${LATE_MAX}::integer)
      UNION ALL
      (SELECT id FROM outbox
       WHERE position IS NULL AND transaction_id = ANY (ARRAY (SELECT pg_snapshot_xip(seen) FROM relay))
       ORDER BY transaction_id LIMIT ${LATE_MAX}::integer)
    ), walk AS MATERIALIZED (
      SELECT CASE WHEN seen IS NULL OR (SELECT count(*) FROM late) >= ${LATE_MAX}::integer THEN 0 ELSE seen_to END AS after
      FROM relay
    ), next AS MATERIALIZED (
      SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') AS ids FROM (
        (SELECT id FROM outbox WHERE position IS NULL AND id > (SELECT after FROM walk)
         ORDER BY id LIMIT ${batch}::integer)
        UNION SELECT id FROM late
        ORDER BY id LIMIT ${batch}::integer) o
    ), published AS (
      -- Another relay may have published some of them since this statement began. Not IS NULL: no index is to answer that.
      UPDATE outbox o SET position = relay.last_position + array_position(next.ids, o.id), published_at = now()
      FROM relay, next WHERE o.id = ANY (next.ids) AND coalesce(o.position, 0) = 0
      RETURNING o.position
    ), looked AS MATERIALIZED (
      SELECT cardinality(ids) < ${batch}::integer AS at_all, ids[cardinality(ids)] AS last FROM next
    ), advanced AS (
      UPDATE outbox_relay SET last_position = coalesce((SELECT max(position) FROM published), last_position),
        seen = pg_current_snapshot(), seen_to = CASE WHEN at_all THEN ${ALL} ELSE last END,
        -- now() is before this statement's snapshot: what had been committed by then was seen.
        published_to = CASE WHEN at_all THEN greatest(published_to, date_trunc('milliseconds', now()))
          ELSE published_to END
      FROM looked WHERE id = 1 AND EXISTS (SELECT FROM relay)
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
