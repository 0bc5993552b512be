/** The two statements of the relay: publish events, and prune old ones. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { PUBLISHED_CHANNEL, type SqlDatabase } from './sql';

/** 20,000 ids: read in some 20 ms. When more were committed since the last run, a scan by id costs less. */
const LATE_MAX = 20_000;

/** After every id. */
const ALL = 2n ** 63n - 1n;

/**
 * Publishes the next events: assigns each its position in the feed.
 *
 * The statement holds a lock on the relay's row until its commit. So positions become visible in ascending order, whichever
 * relay assigns them, and a reader that continues after the last position misses nothing. An event that is committed late
 * gets a later position and delays no other event. A transaction takes an event's id while it holds the aggregate's row, so
 * the ids of an aggregate's events ascend, and an event never becomes visible before its predecessor. The statement
 * publishes the lowest visible ids first, so positions keep the order of every aggregate.
 *
 * Index entries of published events remain while an old transaction is open. To skip them, the row stores a snapshot and an
 * id: every event that the snapshot shows, up to that id, is published. The remaining events have a higher id, or were
 * committed after the snapshot (`late`); an index serves each case. The row also stores a time: every event that was
 * committed by then is published.
 *
 * No plan of this statement reads a row more than once, however outdated the statistics of the table are.
 *
 * @param batch maximum number of events in this commit
 * @param rescan ignores the stored snapshot: its transaction ids have no meaning after a move to another server
 * @returns number of events examined, `batch` when there may be more; undefined when another relay holds the row
 */
export async function publishEvents(
  db: SqlDatabase,
  batch: number,
  rescan = false,
): Promise<number | undefined> {
  const [row] = await db.$queryRaw<{ locked: boolean; examined: number }[]>(sql`
    WITH relay AS MATERIALIZED (
      SELECT CASE WHEN NOT ${rescan}::boolean THEN seen END AS seen, seen_to, last_position
      FROM outbox_relay WHERE id = 1 FOR UPDATE SKIP LOCKED
    ), late AS MATERIALIZED (
      (SELECT id FROM outbox
       WHERE position IS NULL AND transaction_id >= (SELECT pg_snapshot_xmax(seen) FROM relay)
       ORDER BY transaction_id LIMIT ${LATE_MAX}::integer)
      UNION ALL
      (SELECT id FROM outbox
       WHERE position IS NULL AND transaction_id = ANY (ARRAY (SELECT pg_snapshot_xip(seen) FROM relay))
       ORDER BY transaction_id LIMIT ${LATE_MAX}::integer)
    ), scan AS MATERIALIZED (
      SELECT CASE WHEN seen IS NULL OR (SELECT count(*) FROM late) >= ${LATE_MAX}::integer THEN 0 ELSE seen_to END AS after
      FROM relay
    ), next AS MATERIALIZED (
      SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') AS ids FROM (
        (SELECT id FROM outbox WHERE position IS NULL AND id > (SELECT after FROM scan)
         ORDER BY id LIMIT ${batch}::integer)
        UNION SELECT id FROM late
        ORDER BY id LIMIT ${batch}::integer) o
    ), published AS (
      -- Another relay may have published some of them since this statement began. Not IS NULL, which would use an index.
      UPDATE outbox o SET position = relay.last_position + array_position(next.ids, o.id), published_at = now()
      FROM relay, next WHERE o.id = ANY (next.ids) AND coalesce(o.position, 0) = 0
      RETURNING o.position
    ), examined AS MATERIALIZED (
      SELECT cardinality(ids) < ${batch}::integer AS at_all, ids[cardinality(ids)] AS last FROM next
    ), advanced AS (
      UPDATE outbox_relay SET last_position = coalesce((SELECT max(position) FROM published), last_position),
        seen = pg_current_snapshot(), seen_to = CASE WHEN at_all THEN ${ALL} ELSE last END,
        -- now() precedes this statement's snapshot, so the statement sees every commit up to that time.
        published_to = CASE WHEN at_all THEN greatest(published_to, date_trunc('milliseconds', now()))
          ELSE published_to END
      FROM examined WHERE id = 1 AND EXISTS (SELECT FROM relay)
    ), notified AS MATERIALIZED (
      SELECT pg_notify(${PUBLISHED_CHANNEL}, '') WHERE EXISTS (SELECT FROM published)
    )
    SELECT EXISTS (SELECT FROM relay) AS locked, (SELECT cardinality(ids) FROM next) AS examined
    FROM (SELECT count(*) FROM notified) t`);
  return row?.locked ? row.examined : undefined;
}

/**
 * Deletes the oldest published events.
 *
 * @param keptMs how long an event stays in the feed, milliseconds
 * @param batch maximum number of events to delete
 * @returns number of deleted events; fewer than `batch` when no more are old enough
 */
export async function pruneEvents(db: SqlDatabase, keptMs: number, batch: number): Promise<number> {
  const [row] = await db.$queryRaw<{ pruned: number }[]>(
    sql`SELECT prune_outbox(make_interval(secs => ${keptMs / 1_000}::double precision), ${batch}::integer) AS pruned`,
  );
  return row?.pruned ?? 0;
}
