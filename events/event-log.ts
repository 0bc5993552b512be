/** The published events of a service, read from its database. */
import { Sql, sqltag as sql } from '@prisma/client/runtime/client';
import type { Notifier } from '../platform/notifier';
import { type EventSource } from '../domain/events';
import { type EventBase, keepEventBase } from './base-uri';
import { type CloudEvent, cloudEvent, type OutboxRow } from './cloud-event';
import { BadCursor, CursorOfLostEvents, CursorTooOld, type LogPosition } from './cursor';
import { sequenceOf } from './sequence';
import type { SqlDatabase } from './sql';

export interface EventFilter {
  readonly types?: readonly string[] | undefined;
  readonly subject?: string | undefined;
}

export interface LogPage {
  readonly events: readonly CloudEvent[];
  /** The position after this page. */
  readonly end: LogPosition;
  /**
   * Every matching event that was committed by this time is in the pages up to this one. Undefined while there are more
   * events to read, or when no relay has recorded the time.
   */
  readonly completeTo: Date | undefined;
  /** The position up to which events have been pruned; undefined when a process of another version does not report it. */
  readonly startsAfter: bigint | undefined;
  /** Resolves when there may be events after this page, after `timeoutMs`, or on the signal. */
  more(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

/** One service's part of the feed. */
export interface EventLog {
  readonly source: EventSource;
  /**
   * Reads the next events in the order of publication.
   *
   * @param after undefined reads from the start of the feed
   * @throws BadCursor, CursorTooOld, CursorOfLostEvents when the feed cannot continue from this position
   */
  read(after: LogPosition | undefined, limit: number, filter: EventFilter): Promise<LogPage>;
}

interface FeedRow {
  readonly feedId: string;
  readonly lastPosition: bigint;
  readonly prunedPosition: bigint;
  readonly publishedTo: Date | null;
  /** Id of the event at the last position; null when there is none. */
  readonly lastId: string | null;
  /** Id of the event at the position `after`; null when there is none. */
  readonly afterId: string | null;
}

type Row = FeedRow & Omit<OutboxRow, 'position'> & { readonly position: bigint | null };

/**
 * @param published notified when events have been published
 * @param base called at each read: the address of a process is known only when it listens
 */
export function databaseLog(
  source: EventSource,
  db: SqlDatabase,
  published: Notifier,
  base: () => EventBase,
): EventLog {
  // Not at the start of the process, when the database may be unavailable. No event is published to a reader before.
  let kept: Promise<void> | undefined;
  const baseKept = () =>
    (kept ??= keepEventBase(db, base()).catch((error: unknown) => {
      kept = undefined;
      throw error;
    }));
  return {
    source,
    read: async (after, limit, filter) => {
      await baseKept();
      const seen = published.count;
      const rows = await db.$queryRaw<Row[]>(pageOf(after?.position, limit, filter));
      const [feed] = rows;
      if (!feed)
        throw new TypeError(`the database of ${source} has no row in outbox_relay: apply its migrations`);
      checkPosition(source, after, feed);
      const events = rows.flatMap(({ position, ...row }) =>
        position === null ? [] : [cloudEvent(source, { ...row, position }, base().uri)],
      );
      // A page that is not full covers all events up to the last position.
      const isComplete = events.length < limit;
      const last = events.at(-1);
      const end = isComplete
        ? { position: feed.lastPosition, eventId: feed.lastId ?? undefined }
        : { position: BigInt(last?.sequence ?? 0), eventId: last?.id };
      return {
        events,
        end: { feedId: feed.feedId, ...end },
        completeTo: isComplete ? (feed.publishedTo ?? undefined) : undefined,
        startsAfter: feed.prunedPosition,
        more: (timeoutMs, signal) => published.wait(seen, timeoutMs, signal),
      };
    },
  };
}

/** Without the time for rows that were written before `recorded_us` existed, so that their ids do not change. */
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
        o.occurred_at AS "occurredAt", o.data, o.schema_version AS "schemaVersion",
        (SELECT b.base_uri FROM event_bases b WHERE b.after_position < o.position
         ORDER BY b.after_position DESC LIMIT 1) AS "baseUri"
      FROM outbox o
      WHERE o.position > coalesce(${after ?? null}::bigint, r.pruned_position) ${ofType} ${ofSubject}
      ORDER BY o.position LIMIT ${limit}::integer
    ) e ON true
    ORDER BY e.position`;
}

function checkPosition(
  source: EventSource,
  after: LogPosition | undefined,
  { feedId, lastPosition, prunedPosition, afterId }: FeedRow,
): void {
  if (!after) return;
  if (after.feedId !== feedId) throw new BadCursor('is from the feed of another database');
  const isReplaced = after.eventId !== undefined && afterId !== null && afterId !== after.eventId;
  if (after.position > lastPosition || isReplaced)
    throw new CursorOfLostEvents(
      'is of events that are lost: the database was restored from an older backup',
    );
  if (after.position < prunedPosition)
    throw new CursorTooOld(
      'is older than the feed: the events after it were pruned. Without a cursor the feed begins after `startsAfter`; read what you lack from the services',
      {
        [source]: sequenceOf(prunedPosition),
      },
    );
}
