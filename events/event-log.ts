/** The published events of a service, read from its database. */
import type { Notifier } from '../platform/notifier';
import { type EventSource } from '../domain/events';
import { type EventBase, keepEventBase } from './base-uri';
import { type CloudEvent, cloudEvent } from './cloud-event';
import { BadCursor, CursorOfLostEvents, CursorTooOld, type LogPosition } from './cursor';
import { type EventFilter, type FeedRow, pageOf, type Row } from './log-query';
import { sequenceOf } from './sequence';
import type { SqlDatabase } from './sql';

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
      const feed = rows[0]?.feed;
      if (!feed)
        throw new TypeError(`the database of ${source} has no row in outbox_relay: apply its migrations`);
      checkPosition(source, after, feed);
      const { uri } = base();
      const baseUriOf = baseUris(feed, uri);
      const events: CloudEvent[] = [];
      for (const row of rows)
        if (row.position !== null)
          events.push(cloudEvent(source, row, { source: baseUriOf(row.position), schema: uri }));
      // A page that is not full covers all events up to the last position.
      const isComplete = events.length < limit;
      const last = events.at(-1);
      const end = isComplete
        ? { position: BigInt(feed.lastPosition), eventId: feed.lastId ?? undefined }
        : { position: BigInt(last?.sequence ?? 0), eventId: last?.id };
      return {
        events,
        end: { feedId: feed.feedId, ...end },
        completeTo: isComplete && feed.publishedTo !== null ? new Date(feed.publishedTo) : undefined,
        startsAfter: BigInt(feed.prunedPosition),
        more: (timeoutMs, signal) => published.wait(seen, timeoutMs, signal),
      };
    },
  };
}

/**
 * @param own of this process, for a feed without any
 * @returns the base of the `source` of the event at a position
 */
function baseUris({ bases }: FeedRow, own: string): (position: bigint) => string {
  const known = bases.map(({ after, uri }) => ({ after: BigInt(after), uri }));
  return (position) => known.find(({ after }) => after < position)?.uri ?? own;
}

function checkPosition(
  source: EventSource,
  after: LogPosition | undefined,
  { feedId, lastPosition, prunedPosition, afterId }: FeedRow,
): void {
  if (!after) return;
  if (after.feedId !== feedId) throw new BadCursor('is from the feed of another database');
  const isReplaced = after.eventId !== undefined && afterId !== null && afterId !== after.eventId;
  if (after.position > BigInt(lastPosition) || isReplaced)
    throw new CursorOfLostEvents(
      'is of events that are lost: the database was restored from an older backup',
    );
  const pruned = BigInt(prunedPosition);
  if (after.position < pruned)
    throw new CursorTooOld(
      'is older than the feed: the events after it were pruned. Without a cursor the feed begins after `startsAfter`; read what you lack from the services',
      {
        [source]: sequenceOf(pruned),
      },
    );
}
