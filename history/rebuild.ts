/** Builds the view anew from the received events, beside the one that answers, and swaps it in. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import { EVENT_TYPES, isEventType } from '../events/event-types';
import type { HistoryDatabase } from '../prisma/history/client';
import { applyEvents } from './apply';

/** 5,000 events in a transaction: about a second, so that progress is seen. */
const BATCH = 5_000n;

/** Rows of old generations deleted at a time. */
const DROP_BATCH = 5_000;

export interface Rebuilt {
  /** The generation that answers now. */
  readonly generation: number;
  readonly events: bigint;
}

/**
 * The system runs on meanwhile: only the swap holds the consumer up, for what came since the last batch.
 * A rebuild that is killed leaves a generation that never answers, and that the next one removes.
 *
 * @param onProgress told after each batch: events applied, and events there are
 */
export async function rebuildView(
  db: HistoryDatabase,
  onProgress: (applied: bigint, all: bigint) => void,
): Promise<Rebuilt> {
  await retrySetAside(db);
  const [{ generation }] = await db.$queryRaw<[{ generation: number }]>(sql`
    INSERT INTO generations (number, current) SELECT max(number) + 1, false FROM generations
    RETURNING number AS generation`);
  let applied = 0n;
  for (;;) {
    const last = await lastReceived(db);
    if (last - applied <= BATCH) break;
    const to = applied + BATCH;
    const from = applied;
    await db.$transaction((tx) => applyEvents(tx, generation, from, to));
    applied = to;
    onProgress(applied, last);
  }
  const events = await db.$transaction(async (tx) => {
    await tx.$queryRaw(sql`SELECT FROM checkpoints FOR UPDATE`);
    const last = await lastReceived(tx);
    await applyEvents(tx, generation, applied, last);
    await tx.$executeRaw(sql`UPDATE generations SET current = (number = ${generation}::integer)`);
    return last;
  });
  onProgress(events, events);
  for (;;) {
    const [row] = await db.$queryRaw<{ dropped: number }[]>(
      sql`SELECT drop_old_generations(${DROP_BATCH}::integer) AS dropped`,
    );
    if (!row || row.dropped === 0) break;
  }
  return { generation, events };
}

async function lastReceived(db: Pick<HistoryDatabase, '$queryRaw'>): Promise<bigint> {
  const [row] = await db.$queryRaw<{ last: bigint }[]>(
    sql`SELECT coalesce(max(received_id), 0)::bigint AS last FROM received_events`,
  );
  return row?.last ?? 0n;
}

/** Code that was mended may understand now what was set aside; of a subject, up to the first that it does not. */
async function retrySetAside(db: HistoryDatabase): Promise<void> {
  const rows = await db.receivedEvent.findMany({
    where: { setAsideReason: { not: null } },
    orderBy: { receivedId: 'asc' },
  });
  const stuck = new Set<string>();
  for (const { receivedId, source, subject, type, data } of rows) {
    const key = `${source} ${subject}`;
    const understood = !isEventType(type) || EVENT_TYPES[type].data.safeParse(data).success;
    if (!understood) stuck.add(key);
    if (stuck.has(key)) continue;
    await db.receivedEvent.update({ where: { receivedId }, data: { setAsideReason: null } });
  }
}
