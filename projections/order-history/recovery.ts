/**
 * Recovery from lost events: a service's database was restored from an older backup. The feed is followed from the start
 * again, while the view answers as it was; what does not come again is dropped; then the view is built anew.
 */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { FeedPage, Received } from '../consumer/feed-page';
import { EVENT_SOURCES } from '../../domain/events';
import type { HistoryDatabase } from '../../prisma/history/client';

type Transaction = Pick<HistoryDatabase, '$queryRaw' | '$executeRaw'>;

export interface Checkpoint {
  readonly cursor: string | null;
  /** How often the feed was followed from its start because events were lost, and once. */
  readonly following: number;
  /** Null when nothing is lost. */
  readonly recovery: 'FOLLOWING_AGAIN' | 'REBUILDING' | null;
}

/** Of the checkpoint, which is held. */
export async function beginRecovery(tx: Transaction): Promise<void> {
  await tx.$executeRaw(sql`
    UPDATE checkpoints SET cursor = NULL, complete_to = '{}', following = following + 1, recovery = 'FOLLOWING_AGAIN'`);
}

/** What comes again is not lost. */
export async function confirm(tx: Transaction, following: number, items: readonly Received[]): Promise<void> {
  const column = (of: (event: Received) => string) => items.map(of);
  await tx.$executeRaw(sql`
    UPDATE received_events r SET following = ${following}::integer, position = a.position
    FROM unnest(${column(({ source }) => source)}::text[], ${column(({ id }) => id)}::text[],
      ${column(({ position }) => position)}::bigint[]) AS a (source, id, position)
    WHERE r.source = a.source AND r.event_id = a.id`);
}

/** At the end of every service's feed: drops what has not come again, though the feed goes back that far. */
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
  await tx.$executeRaw(sql`UPDATE checkpoints SET recovery = 'REBUILDING'`);
}

/** @returns whether what was lost has been dropped, and the view is to be built anew */
export async function isToBeRebuilt(db: Transaction): Promise<boolean> {
  const [row] = await db.$queryRaw<{ waits: boolean }[]>(
    sql`SELECT coalesce(bool_or(recovery = 'REBUILDING'), false) AS waits FROM checkpoints`,
  );
  return row?.waits ?? false;
}

/** In the transaction that swaps a view in which was begun after what was lost had been dropped. */
export async function endRecovery(tx: Transaction): Promise<void> {
  await tx.$executeRaw(sql`UPDATE checkpoints SET recovery = NULL WHERE recovery = 'REBUILDING'`);
}
