/** The order history as a consumer of the feed: checkpoint, received events and view in one transaction. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { type ConsumerStore, PoisonEvent } from '../consumer/consumer';
import type { FeedPage, Received } from '../consumer/feed-page';
import type { HistoryDatabase } from '../../prisma/history/client';
import { applyNewEvents } from './apply-events';
import { noteFeedStart, withoutPruned } from './feed-start';
import { aggregateOf, whyPoison } from './poison';
import { rebuildView } from './rebuild';
import { beginRecovery, type Checkpoint, confirm, dropLost } from './recovery';

const CONSUMER = 'order-history';

type Transaction = Pick<HistoryDatabase, '$queryRaw' | '$executeRaw'>;

/** @param onFollowed called after each page that was applied */
export function historyStore(db: HistoryDatabase, onFollowed: () => void): ConsumerStore {
  return {
    checkpoint: async () => {
      const { cursor, recovery } = (await readCheckpoint(db)) ?? (await createCheckpoint(db));
      if (recovery === 'REBUILDING') await rebuildView(db, () => undefined);
      return cursor;
    },
    applyPage: async (after, page, poison) => {
      const moved = await db.$transaction(async (tx) => {
        let checkpoint = await holdCheckpoint(tx);
        if (checkpoint?.cursor !== after) return false;
        if (await noteFeedStart(tx, after, page)) checkpoint = await holdCheckpoint(tx);
        if (!checkpoint) return false;
        const { following, recovery } = checkpoint;
        if (recovery !== null) await confirm(tx, following, page.items);
        const { newEvents, setAside } = await alreadyReceived(tx, page.items);
        const reasons = new Map(poison.map(({ event, reason }) => [event, reason]));
        for (const event of newEvents) if (!reasons.has(event)) check(event);
        if (newEvents.length > 0)
          await tx.$executeRaw(insertReceived(following, newEvents, reasonsOf(newEvents, reasons, setAside)));
        // The view may have effects of lost events, or lack those of pruned ones: it gets no events, and no time of completeness.
        if (recovery === null && newEvents.length > 0) await applyNewEvents(tx);
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

async function readCheckpoint(db: Transaction): Promise<Checkpoint | undefined> {
  const [row] = await db.$queryRaw<Checkpoint[]>(
    sql`SELECT cursor, following, recovery FROM checkpoints WHERE consumer = ${CONSUMER}`,
  );
  return row;
}

/** Before the first page. Another process may create it at the same time. */
async function createCheckpoint(db: HistoryDatabase): Promise<Pick<Checkpoint, 'cursor' | 'recovery'>> {
  await db.$executeRaw(sql`INSERT INTO checkpoints (consumer) VALUES (${CONSUMER}) ON CONFLICT DO NOTHING`);
  return { cursor: null, recovery: null };
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

/** The first version of an aggregate that is a dead letter. */
type SetAside = Pick<Received, 'source' | 'subject' | 'aggregateversion'>;

interface AlreadyReceived {
  /** The events of the page that are not received yet. */
  readonly newEvents: readonly Received[];
  /** Of the aggregates of the page. */
  readonly setAside: readonly SetAside[];
}

async function alreadyReceived(tx: Transaction, items: readonly Received[]): Promise<AlreadyReceived> {
  if (items.length === 0) return { newEvents: [], setAside: [] };
  const column = (of: (event: Received) => string) => items.map(of);
  const [row] = await tx.$queryRaw<{ known: [source: string, id: string][]; setAside: SetAside[] }[]>(sql`
    SELECT (
      SELECT coalesce(jsonb_agg(jsonb_build_array(r.source, r.event_id)), '[]') FROM received_events r
      JOIN unnest(${column(({ source }) => source)}::text[], ${column(({ id }) => id)}::text[]) AS a (source, id)
        ON r.source = a.source AND r.event_id = a.id) AS known, (
      SELECT coalesce(jsonb_agg(first), '[]') FROM (
        SELECT source, subject, min(sequence) AS aggregateversion FROM received_events
        WHERE subject = ANY (${column(({ subject }) => subject)}::uuid[]) AND set_aside_reason IS NOT NULL
        GROUP BY source, subject) first) AS "setAside"`);
  const { known = [], setAside = [] } = row ?? {};
  const keys = new Set(known.map(([source, id]) => `${source} ${id}`));
  return { newEvents: items.filter(({ source, id }) => !keys.has(`${source} ${id}`)), setAside };
}

function check(event: Received): void {
  const reason = whyPoison(event);
  if (reason !== undefined) throw new PoisonEvent(event, reason);
}

/**
 * An event after a dead letter of its subject becomes a dead letter too, so that events are never applied out of order.
 *
 * @param poison reason for each event that becomes a dead letter by itself
 * @returns for each event why it becomes a dead letter, or null
 */
function reasonsOf(
  events: readonly Received[],
  poison: ReadonlyMap<Received, string>,
  setAside: readonly SetAside[],
): (string | null)[] {
  const firsts = new Map<string, number>();
  for (const event of [...setAside, ...poison.keys()]) {
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
