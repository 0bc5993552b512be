/** The order history as a consumer of the feed: checkpoint, received events and view in one transaction. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { type ConsumerStore, PoisonEvent } from '../consumer/consumer';
import type { FeedPage, Received } from '../consumer/feed-page';
import type { HistoryDatabase } from '../../prisma/history/client';
import { applyEvents } from './apply-events';
import { noteFeedStart, withoutPruned } from './feed-start';
import { aggregateOf, whyPoison } from './poison';
import { rebuildView } from './rebuild';
import { beginRecovery, type Checkpoint, confirm, dropLost, isToBeRebuilt } from './recovery';

const CONSUMER = 'order-history';

type Transaction = Pick<HistoryDatabase, '$queryRaw' | '$executeRaw'>;

/** @param onFollowed called after each page that was applied */
export function historyStore(db: HistoryDatabase, onFollowed: () => void): ConsumerStore {
  return {
    checkpoint: async () => {
      if (await isToBeRebuilt(db)) await rebuildView(db, () => undefined);
      const row = await db.checkpoint.upsert({
        where: { consumer: CONSUMER },
        create: { consumer: CONSUMER },
        update: {},
      });
      return row.cursor;
    },
    applyPage: async (after, page, poison) => {
      const moved = await db.$transaction(async (tx) => {
        if ((await holdCheckpoint(tx))?.cursor !== after) return false;
        await noteFeedStart(tx, after, page);
        const checkpoint = await holdCheckpoint(tx);
        if (!checkpoint) return false;
        const { following, recovery } = checkpoint;
        if (recovery !== null) await confirm(tx, following, page.items);
        const newEvents = await withoutReceived(tx, page.items);
        const reasons = new Map(poison.map(({ event, reason }) => [event, reason]));
        for (const event of newEvents) if (!reasons.has(event)) check(event);
        await receive(tx, following, newEvents, reasons);
        // The view may have effects of lost events, or lack those of pruned ones: it gets no events, and no time of completeness.
        if (recovery === null && newEvents.length > 0) await applyNew(tx);
        await moveCheckpoint(tx, page.nextCursor, recovery === null ? page.completeTo : {});
        if (recovery === 'FOLLOWING_AGAIN') await dropLost(tx, following, page);
        return true;
      });
      if (moved) onFollowed();
      return moved;
    },
    restart: (from) =>
      db.$transaction(async (tx) => {
        if ((await holdCheckpoint(tx))?.cursor === from) await beginRecovery(tx);
      }),
    startLater: (from, startsAfter) =>
      db.$transaction(async (tx) => {
        if (from === null || (await holdCheckpoint(tx))?.cursor !== from) return;
        await moveCheckpoint(tx, withoutPruned(from, startsAfter), {});
      }),
  };
}

/** Locks the checkpoint: until the transaction ends, no other process applies a page. */
async function holdCheckpoint(tx: Transaction): Promise<Checkpoint | undefined> {
  const [row] = await tx.$queryRaw<Checkpoint[]>(
    sql`SELECT cursor, following, recovery FROM checkpoints WHERE consumer = ${CONSUMER} FOR UPDATE`,
  );
  return row;
}

async function moveCheckpoint(
  tx: Transaction,
  nextCursor: string,
  completeTo: FeedPage['completeTo'],
): Promise<void> {
  await tx.$executeRaw(sql`
    UPDATE checkpoints SET cursor = ${nextCursor}, complete_to = complete_to || ${JSON.stringify(completeTo)}::jsonb
    WHERE consumer = ${CONSUMER}`);
}

async function withoutReceived(tx: Transaction, items: readonly Received[]): Promise<Received[]> {
  if (items.length === 0) return [];
  const [sources, ids] = [items.map(({ source }) => source), items.map(({ id }) => id)];
  const known = await tx.$queryRaw<{ source: string; id: string }[]>(sql`
    SELECT r.source, r.event_id AS id FROM received_events r
    JOIN unnest(${sources}::text[], ${ids}::text[]) AS a (source, id) ON r.source = a.source AND r.event_id = a.id`);
  const keys = new Set(known.map(({ source, id }) => `${source} ${id}`));
  return items.filter(({ source, id }) => !keys.has(`${source} ${id}`));
}

function check(event: Received): void {
  const reason = whyPoison(event);
  if (reason !== undefined) throw new PoisonEvent(event, reason);
}

/** @param poison reason for each event that becomes a dead letter */
async function receive(
  tx: Transaction,
  following: number,
  events: readonly Received[],
  poison: ReadonlyMap<Received, string>,
): Promise<void> {
  if (events.length === 0) return;
  await tx.$executeRaw(insertReceived(following, events, await reasonsOf(tx, events, poison)));
}

async function applyNew(tx: Transaction): Promise<void> {
  const [{ last }] = await tx.$queryRaw<[{ last: bigint | null }]>(
    sql`SELECT max(applied_to) AS last FROM generations WHERE current`,
  );
  const [{ to }] = await tx.$queryRaw<[{ to: bigint }]>(
    sql`SELECT max(received_id) AS to FROM received_events`,
  );
  const [{ number }] = await tx.$queryRaw<[{ number: number }]>(
    sql`SELECT number FROM generations WHERE current`,
  );
  await applyEvents(tx, number, last ?? 0n, to);
}

/** An event after a dead letter of its subject becomes a dead letter too, so that events are never applied out of order. */
async function reasonsOf(
  tx: Transaction,
  events: readonly Received[],
  poison: ReadonlyMap<Received, string>,
): Promise<(string | null)[]> {
  const subjects = events.map(({ subject }) => subject);
  const before = await tx.$queryRaw<Pick<Received, 'source' | 'subject' | 'aggregateversion'>[]>(sql`
    SELECT source, subject, min(sequence)::integer AS aggregateversion FROM received_events
    WHERE subject = ANY (${subjects}::uuid[]) AND set_aside_reason IS NOT NULL GROUP BY source, subject`);
  const firsts = new Map<string, number>();
  for (const event of [...before, ...poison.keys()]) {
    const key = aggregateOf(event);
    firsts.set(key, Math.min(event.aggregateversion, firsts.get(key) ?? Infinity));
  }
  return events.map((event) => {
    const own = poison.get(event);
    if (own !== undefined) return own;
    const first = firsts.get(aggregateOf(event)) ?? Infinity;
    return event.aggregateversion > first ? 'an earlier event of the same subject was set aside' : null;
  });
}

function insertReceived(following: number, events: readonly Received[], reasons: readonly (string | null)[]) {
  const column = <T>(of: (event: Received) => T) => events.map(of);
  return sql`
    INSERT INTO received_events (source, event_id, type, subject, sequence, time, dataschema, data,
      set_aside_reason, position, following)
    SELECT a.*, ${following}::integer FROM unnest(${column(({ source }) => source)}::text[], ${column(({ id }) => id)}::text[],
      ${column(({ type }) => type)}::text[], ${column(({ subject }) => subject)}::uuid[],
      ${column(({ aggregateversion }) => aggregateversion)}::integer[], ${column(({ time }) => time)}::timestamptz[],
      ${column(({ dataschema }) => dataschema)}::text[], ${column(({ data }) => JSON.stringify(data))}::jsonb[], ${[...reasons]}::text[],
      ${column(({ sequence }) => sequence)}::bigint[]) a
    ON CONFLICT DO NOTHING`;
}
