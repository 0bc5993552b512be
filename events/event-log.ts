/** A service's published events, read from its own database. */
import { Sql, sqltag as sql } from '@prisma/client/runtime/client';
import type { Notifier } from '../platform/notifier';
import { type EventSource } from '../domain/events';
import { type CloudEvent, cloudEvent, type OutboxRow } from './cloud-event';
import { BadCursor, CursorOfLostEvents, CursorTooOld, type LogPosition } from './cursor';
import type { SqlDatabase } from './sql';

export interface EventFilter {
  readonly types?: readonly string[] | undefined;
  readonly subject?: string | undefined;
}

export interface LogPage {
  readonly events: readonly CloudEvent[];
  /** Where to read on when all of these events have been taken. */
  readonly end: LogPosition;
  /**
   * Everything that matches and had been committed by then is in the pages up to this one. Undefined when there is
   * more to read, or nobody knows because no relay has said.
   */
  readonly completeTo: Date | undefined;
  /** The position up to which events have been pruned; undefined when a process of another version does not say. */
  readonly startsAfter: bigint | undefined;
  /** Resolves when there may be events after this page, or when the time is over, or at the signal. */
  more(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

/** One service's part of the feed. */
export interface EventLog {
  readonly source: EventSource;
  /**
   * The next events, in the order in which they were published.
   *
   * @param after undefined reads from where the feed starts
   * @throws BadCursor, CursorTooOld, CursorOfLostEvents when there is no such place to read on from
   */
  read(after: LogPosition | undefined, limit: number, filter: EventFilter): Promise<LogPage>;
}

interface FeedRow {
  readonly feedId: string;
  readonly lastPosition: bigint;
  readonly prunedPosition: bigint;
  readonly publishedTo: Date | null;
  /** Of the event at the last position; null when there is none (any more). */
  readonly lastId: string | null;
  /** Of the event at the position after which it is read; null when there is none (any more). */
  readonly afterId: string | null;
}

type Row = FeedRow & Omit<OutboxRow, 'position'> & { readonly position: bigint | null };

/** @param published notified when events have been published */
export function databaseLog(source: EventSource, db: SqlDatabase, published: Notifier): EventLog {
  return {
    source,
    read: async (after, limit, filter) => {
      const seen = published.count;
      const rows = await db.$queryRaw<Row[]>(pageOf(after?.position, limit, filter));
      const [feed] = rows;
      if (!feed) throw new TypeError('the relay has no row in this database');
      checkPlace(source, after, feed);
      const events = rows.flatMap(({ position, ...row }) =>
        position === null ? [] : [cloudEvent(source, { ...row, position })],
      );
      // A page that is not full has looked at everything up to the last position, matching or not.
      const whole = events.length < limit;
      const last = events.at(-1);
      const end = whole
        ? { position: feed.lastPosition, eventId: feed.lastId ?? undefined }
        : { position: BigInt(last?.position ?? 0), eventId: last?.id };
      return {
        events,
        end: { feedId: feed.feedId, ...end },
        completeTo: whole ? (feed.publishedTo ?? undefined) : undefined,
        startsAfter: feed.prunedPosition,
        more: (timeoutMs, signal) => published.wait(seen, timeoutMs, signal),
      };
    },
  };
}

/** Stays what it was for rows from before the time was recorded. */
const EVENT_ID = sql`concat_ws('-', o.id, o.recorded_us)`;

function pageOf(after: bigint | undefined, limit: number, { types, subject }: EventFilter): Sql {
  const ofType = types ? sql`AND o.type = ANY (${[...types]}::text[])` : sql``;
  const ofSubject = subject === undefined ? sql`` : sql`AND o.aggregate_id = ${subject}::uuid`;
  return sql`
    SELECT r.feed_id AS "feedId", r.last_position AS "lastPosition", r.pruned_position AS "prunedPosition",
      r.published_to AS "publishedTo", e.*,
      (SELECT ${EVENT_ID} FROM outbox o WHERE o.position = r.last_position) AS "lastId",
      (SELECT ${EVENT_ID} FROM outbox o WHERE o.position = ${after ?? null}::bigint) AS "afterId"
    FROM outbox_relay r LEFT JOIN LATERAL (
      SELECT o.position, ${EVENT_ID} AS id, o.type, o.aggregate_id AS "aggregateId", o.sequence, o.saga_id AS "sagaId",
        o.occurred_at AS "occurredAt", o.data, o.schema_version AS "schemaVersion"
      FROM outbox o
      WHERE o.position > coalesce(${after ?? null}::bigint, r.pruned_position) ${ofType} ${ofSubject}
      ORDER BY o.position LIMIT ${limit}::integer
    ) e ON true
    ORDER BY e.position`;
}

function checkPlace(
  source: EventSource,
  after: LogPosition | undefined,
  { feedId, lastPosition, prunedPosition, afterId }: FeedRow,
): void {
  if (!after) return;
  if (after.feedId !== feedId) throw new BadCursor('is from the feed of another database');
  const isAnother = after.eventId !== undefined && afterId !== null && afterId !== after.eventId;
  if (after.position > lastPosition || isAnother)
    throw new CursorOfLostEvents(
      'is of events that are lost: the database was restored from an older backup',
    );
  if (after.position < prunedPosition)
    throw new CursorTooOld('is older than the feed: the events after it were pruned; read from the start', {
      [source]: String(prunedPosition),
    });
}
