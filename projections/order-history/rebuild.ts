/** Builds the view anew from the received events, beside the one that answers, and swaps it in. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { Received } from '../consumer/feed-page';
import { schemaPath } from '../../events/event-types';
import type { HistoryDatabase } from '../../prisma/history/client';
import { applyEvents } from './apply-events';
import { whyPoison } from './poison';
import { endRecovery, isToBeRebuilt } from './recovery';

/** 5,000 events in a transaction: about a second, so that progress is seen. */
const BATCH = 5_000n;

/** A day: longer than a rebuild of whatever one database holds. It is idle for as long, which holds nothing up. */
const WHOLE_TIMEOUT_MS = 86_400_000;

/** Of the advisory lock that whoever rebuilds holds. */
const LOCK = 6_011;

/** Rows of old generations deleted at a time. */
const DROP_BATCH = 5_000;

export interface Rebuilt {
  /** The generation that answers now. */
  readonly generation: number;
  readonly events: bigint;
}

/** One at a time: two would remove each other's generations. */
class RebuildUnderWay extends Error {
  override readonly name = 'RebuildUnderWay';
}

type Transaction = Pick<HistoryDatabase, '$queryRaw' | '$executeRaw'>;

type Progress = (applied: bigint, all: bigint) => void;

/**
 * The system runs on meanwhile: only the swap holds the consumer up, for what came since the last batch.
 * A rebuild that is killed leaves a generation that never answers, and that the next one removes.
 *
 * The transaction that swaps has held a lock since the beginning. Without that lock, because its connection was lost,
 * there is no swap.
 *
 * @param onProgress told after each batch: events applied, and events there are
 * @throws RebuildUnderWay when another one runs; nothing was changed then
 */
export async function rebuildView(db: HistoryDatabase, onProgress: Progress): Promise<Rebuilt> {
  const rebuilt = await db.$transaction(
    async (tx) => {
      const [lock] = await tx.$queryRaw<{ taken: boolean }[]>(
        sql`SELECT pg_try_advisory_xact_lock(${LOCK}) AS taken`,
      );
      if (!lock?.taken)
        throw new RebuildUnderWay('the view is being rebuilt already; wait until that is done');
      return build(db, tx, onProgress);
    },
    { timeout: WHOLE_TIMEOUT_MS },
  );
  onProgress(rebuilt.events, rebuilt.events);
  for (;;) {
    const [row] = await db.$queryRaw<{ dropped: number }[]>(
      sql`SELECT drop_old_generations(${DROP_BATCH}::integer) AS dropped`,
    );
    if (!row || row.dropped === 0) break;
  }
  return rebuilt;
}

/** @param swapping the transaction that holds the lock */
async function build(db: HistoryDatabase, swapping: Transaction, onProgress: Progress): Promise<Rebuilt> {
  const secondLook = new SecondLook();
  const recovers = await isToBeRebuilt(swapping);
  const [{ generation }] = await db.$queryRaw<[{ generation: number }]>(sql`
    INSERT INTO generations (number, current) SELECT max(number) + 1, false FROM generations
    RETURNING number AS generation`);
  let applied = 0n;
  for (;;) {
    // Asked there, so that a lost lock is noticed here.
    const last = await lastReceived(swapping);
    if (last - applied <= BATCH) break;
    const to = applied + BATCH;
    const from = applied;
    await secondLook.at(db, from, to);
    await db.$transaction((tx) => applyEvents(tx, generation, from, to, secondLook.taken));
    applied = to;
    onProgress(applied, last);
  }
  await swapping.$queryRaw(sql`SELECT FROM checkpoints FOR UPDATE`);
  const events = await lastReceived(swapping);
  await secondLook.at(swapping, applied, events);
  await applyEvents(swapping, generation, applied, events, secondLook.taken);
  await swapping.$executeRaw(sql`
    UPDATE received_events SET set_aside_reason = NULL WHERE received_id = ANY (${secondLook.taken}::bigint[])`);
  const swapped = await swapping.$executeRaw(sql`
    UPDATE generations SET current = (number = ${generation}::integer)
    WHERE EXISTS (SELECT FROM generations WHERE number = ${generation}::integer)`);
  if (swapped === 0)
    throw new Error(`generation ${String(generation)} of the view was removed while it was built`);
  if (recovers) await endRecovery(swapping);
  return { generation, events };
}

async function lastReceived(db: Transaction): Promise<bigint> {
  const [row] = await db.$queryRaw<{ last: bigint }[]>(
    sql`SELECT coalesce(max(received_id), 0)::bigint AS last FROM received_events`,
  );
  return row?.last ?? 0n;
}

/**
 * Code that was mended may understand now what was set aside; of a subject, up to the first that it does not. What it
 * takes has an effect on the view that is being built, and nobody sees it before the swap.
 */
class SecondLook {
  /** Received ids. */
  readonly taken: bigint[] = [];
  readonly #stuck = new Set<string>();

  /** Called in the order in which events were received. */
  async at(db: Transaction, from: bigint, to: bigint): Promise<void> {
    const rows = await db.$queryRaw<SetAsideRow[]>(sql`
      SELECT received_id AS "receivedId", source, subject::text, type, dataschema, data FROM received_events
      WHERE received_id > ${from} AND received_id <= ${to} AND set_aside_reason IS NOT NULL ORDER BY received_id`);
    for (const { receivedId, source, subject, type, data, ...row } of rows) {
      const event = { type, data, dataschema: row.dataschema ?? schemaPath(type, 1) };
      const key = `${source} ${subject}`;
      if (whyPoison(event) !== undefined) this.#stuck.add(key);
      if (!this.#stuck.has(key)) this.taken.push(receivedId);
    }
  }
}

interface SetAsideRow extends Pick<Received, 'source' | 'subject' | 'type' | 'data'> {
  readonly receivedId: bigint;
  readonly dataschema: string | null;
}
