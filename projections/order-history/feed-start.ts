/**
 * What the view cannot know: events that were pruned before the consumer could read them. A view without rows of the service
 * takes in the later events. A view that has some waits for a snapshot instead: later events change rows that they lack.
 */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { EVENT_SOURCES, type EventSource } from '../../domain/events';
import { decodeCursor, encodeCursor } from '../../events/cursor';
import { sequenceOf } from '../../events/sequence';
import type { HistoryDatabase } from '../../prisma/history/client';
import type { FeedPage } from '../consumer/feed-page';

type Transaction = Pick<HistoryDatabase, '$queryRaw' | '$executeRaw'>;

interface Start {
  readonly service: EventSource;
  /** The position up to which its events have been pruned. */
  readonly start: bigint;
}

/**
 * @param after the cursor that the page was read from
 * @returns the services whose events begin with the page, after some were pruned: the consumer may have missed those
 */
export function notBegun(
  after: string | null,
  { startsAfter }: Pick<FeedPage, 'startsAfter'>,
): readonly Start[] {
  const pruned = EVENT_SOURCES.flatMap((service) => {
    const start = BigInt(startsAfter[service] ?? 0);
    return start > 0n ? [{ service, start }] : [];
  });
  if (pruned.length === 0) return [];
  const begun = after === null ? {} : decodeCursor(after);
  return pruned.filter(({ service }) => !begun[service]);
}

/** Records which events the consumer has missed. The transaction must hold the checkpoint's row. */
export async function noteFeedStart(tx: Transaction, starts: readonly Start[]): Promise<void> {
  for (const { service, start } of starts) {
    const known = await knownTo(tx, service);
    if (known < start) await noteMissed(tx, service, start, known > 0n);
  }
}

async function noteMissed(
  tx: Transaction,
  service: EventSource,
  start: bigint,
  hasRows: boolean,
): Promise<void> {
  await tx.$executeRaw(sql`
    UPDATE checkpoints SET incomplete = true, starts_after = starts_after || ${JSON.stringify({ [service]: sequenceOf(start) })}::jsonb`);
  if (hasRows)
    await tx.$executeRaw(sql`
      UPDATE checkpoints SET recovery = 'WAITING_FOR_SNAPSHOT', complete_to = '{}' WHERE recovery IS NULL`);
}

/** @returns the position up to which the view knows the events of a service, received or in a snapshot; 0 for none */
async function knownTo(tx: Transaction, service: EventSource): Promise<bigint> {
  const [row] = await tx.$queryRaw<{ received: bigint | null; snapshot: bigint | null }[]>(sql`
    SELECT (SELECT position FROM received_events
        WHERE right(source, length(${service})) = ${service} AND position IS NOT NULL
        ORDER BY received_id DESC LIMIT 1) AS received,
      (SELECT (snapshot_to->>${service})::bigint FROM generations WHERE current) AS snapshot`);
  const { received, snapshot } = row ?? {};
  return [received ?? 0n, snapshot ?? 0n].reduce((one, other) => (one > other ? one : other));
}

/** @returns the cursor without the services whose events after it were pruned: their events continue where the feed starts */
export function withoutPruned(cursor: string, startsAfter: FeedPage['startsAfter']): string {
  const positions = Object.entries(decodeCursor(cursor)).filter(
    ([service, { position }]) => position >= BigInt(startsAfter[service] ?? 0),
  );
  return encodeCursor(Object.fromEntries(positions));
}
