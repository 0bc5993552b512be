/** The query of a page of a service's published events. */
import { type Sql, sqltag as sql } from '@prisma/client/runtime/client';
import type { OutboxRow } from './cloud-event';

export interface EventFilter {
  readonly types?: readonly string[] | undefined;
  readonly subject?: string | undefined;
}

/** What is the same for all rows of a page. Positions are text, and times ISO 8601. */
export interface FeedRow {
  readonly feedId: string;
  readonly lastPosition: string;
  readonly prunedPosition: string;
  readonly publishedTo: string | null;
  /** Id of the event at the last position; null when there is none. */
  readonly lastId: string | null;
  /** Id of the event at the position `after`; null when there is none. */
  readonly afterId: string | null;
  /** Bases of the events' `source`, each of the events after a position; the last one first. */
  readonly bases: readonly { readonly after: string; readonly uri: string }[];
}

/** The first row has the feed. */
interface WithFeed {
  readonly feed: FeedRow | null;
}

/** A page without events has one row, without a position. */
export type Row = WithFeed & (OutboxRow | { readonly position: null });

/** Without the time for rows that were written before `recorded_us` existed, so that their ids do not change. */
const EVENT_ID = sql`concat_ws('-', o.id, o.recorded_us)`;

export function pageOf(after: bigint | undefined, limit: number, { types, subject }: EventFilter): Sql {
  const from = sql`coalesce(${after ?? null}::bigint, r.pruned_position)`;
  // Without a subject: the first positions of each type by its index, not all events after `from`.
  const ofType = !types
    ? sql``
    : subject !== undefined
      ? sql`AND o.type = ANY (${[...types]}::text[])`
      : sql`AND o.position = ANY (ARRAY (
          SELECT p.position FROM unnest(${[...types]}::text[]) t (type) CROSS JOIN LATERAL (
            SELECT f.position FROM outbox f WHERE f.type = t.type AND f.position > ${from}
            ORDER BY f.position LIMIT ${limit}::integer) p
          ORDER BY p.position LIMIT ${limit}::integer))`;
  // An aggregate has few events: an index on their positions would cost each publication more than it saves here.
  const ofSubject =
    subject === undefined
      ? sql``
      : sql`AND o.position = ANY (ARRAY (SELECT f.position FROM outbox f WHERE f.aggregate_id = ${subject}::uuid))`;
  return sql`
    SELECT CASE WHEN row_number() OVER (ORDER BY e.position) = 1 THEN json_build_object(
        'feedId', r.feed_id, 'lastPosition', r.last_position::text, 'prunedPosition', r.pruned_position::text,
        'publishedTo', r.published_to,
        'lastId', (SELECT ${EVENT_ID} FROM outbox o WHERE o.position = r.last_position),
        'afterId', (SELECT ${EVENT_ID} FROM outbox o WHERE o.position = ${after ?? null}::bigint),
        'bases', (SELECT coalesce(json_agg(json_build_object('after', b.after_position::text, 'uri', b.base_uri)
          ORDER BY b.after_position DESC), '[]') FROM event_bases b)) END AS feed, e.*
    FROM outbox_relay r LEFT JOIN LATERAL (
      SELECT o.position, ${EVENT_ID} AS id, o.type, o.aggregate_id AS "aggregateId", o.sequence, o.saga_id AS "sagaId",
        o.occurred_at AS "occurredAt", o.data, o.schema_version AS "schemaVersion"
      FROM outbox o
      WHERE o.position > ${from} ${ofType} ${ofSubject}
      ORDER BY o.position LIMIT ${limit}::integer
    ) e ON true
    ORDER BY e.position`;
}
