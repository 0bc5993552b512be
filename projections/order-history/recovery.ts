/**
 * Recovery after a restore of a service's database from an older backup, which has lost events. The consumer reads the feed
 * from its start again while the view stays as it is, drops the events that do not come again, and rebuilds the view.
 */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { FeedPage, Received } from '../consumer/feed-page';
import { EVENT_SOURCES } from '../../domain/events';
import type { HistoryDatabase } from '../../prisma/history/client';

type Transaction = Pick<HistoryDatabase, '$queryRaw' | '$executeRaw'>;

export interface Checkpoint {
  readonly cursor: string | null;
  /** Number of passes over the feed from its start: 1, plus one for each loss of events. */
  readonly following: number;
  /** Why the view does not change; null when it does. */
  readonly recovery: 'FOLLOWING_AGAIN' | 'REBUILDING' | 'WAITING_FOR_SNAPSHOT' | null;
}

/** The transaction must hold the checkpoint's row. */
export async function beginRecovery(tx: Transaction): Promise<void> {
  await tx.$executeRaw(sql`
    UPDATE checkpoints SET cursor = NULL, complete_to = '{}', following = following + 1, recovery = 'FOLLOWING_AGAIN'`);
}

/** Records that these events have come again, so they are not lost. */
export async function confirm(tx: Transaction, following: number, items: readonly Received[]): Promise<void> {
  const column = (of: (event: Received) => string) => items.map(of);
  await tx.$executeRaw(sql`
    UPDATE received_events r SET following = ${following}::integer, position = a.position
    FROM unnest(${column(({ source }) => source)}::text[], ${column(({ id }) => id)}::text[],
      ${column(({ sequence }) => sequence)}::bigint[]) AS a (source, id, position)
    WHERE r.source = a.source AND r.event_id = a.id`);
}

/** At the end of all services' feeds: drops the events that have not come again although the feed reaches back that far. */
export async function dropLost(
  tx: Transaction,
  following: number,
  { completeTo, startsAfter }: FeedPage,
): Promise<void> {
  const starts = EVENT_SOURCES.flatMap((source) => {
    const after = startsAfter[source];
    return after === undefined || completeTo[source] === undefined ? [] : [{ source, after: BigInt(after) }];
  });
  if (starts.length < EVENT_SOURCES.length) return;
  for (const { source, after } of starts)
    await tx.$queryRaw(sql`
      SELECT set_lost_events_apart(${source}, ${following}::integer, ${after}::bigint)`);
  // A snapshot may have effects of the lost events, and its positions have other events now: it takes a new one.
  await tx.$executeRaw(sql`
    UPDATE checkpoints SET recovery = CASE WHEN g.base IS NULL AND NOT incomplete THEN 'REBUILDING' ELSE 'WAITING_FOR_SNAPSHOT' END,
      incomplete = incomplete OR g.base IS NOT NULL
    FROM generations g WHERE g.current`);
}

/** @returns whether the lost events have been dropped and the view must be rebuilt */
export async function isToBeRebuilt(db: Transaction): Promise<boolean> {
  const [row] = await db.$queryRaw<{ isPending: boolean }[]>(
    sql`SELECT coalesce(bool_or(recovery = 'REBUILDING'), false) AS "isPending" FROM checkpoints`,
  );
  return row?.isPending ?? false;
}

/** To be called in the transaction that swaps in a view whose rebuild began after the lost events had been dropped. */
export async function endRecovery(tx: Transaction): Promise<void> {
  await tx.$executeRaw(sql`UPDATE checkpoints SET recovery = NULL WHERE recovery = 'REBUILDING'`);
}
